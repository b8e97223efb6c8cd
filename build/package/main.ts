// `npm run package`: the desktop bundles, the bridge's runtime, electron-builder, and the Debian package. The root of packaging: it reads arguments and environment.
// Rule: what ships has the Electron that package.json names. Another one is taken only where a flag asks for it, and then every artifact says so.
import { execFile } from 'node:child_process';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Arch, Platform, build } from 'electron-builder';
import { z } from 'zod';
import { bringTestElectron } from '../setup/electron.mjs';
import { configuration } from './config.ts';
import type { LocalElectron } from './config.ts';
import { makeDeb } from './deb.ts';
import { PackageError, checkPrograms, readOptions, usage } from './options.ts';
import type { PackageOptions } from './options.ts';
import { makeRpm } from './rpm.ts';
import { makeRuntime, packagedNode } from './runtime.ts';
import type { Target } from './runtime.ts';
import { writeScripts } from './script.ts';

const onlyForTests = 'FOR TESTS ONLY, never ship it';
const root = fileURLToPath(new URL('../..', import.meta.url));
const say = (line: string): void => void process.stderr.write(`package: ${line}\n`);

await main().catch((error: unknown) => {
  if (error instanceof PackageError) say(error.message);
  else say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), root);
  if (options === 'help') process.stdout.write(usage);
  else await makePackages(options);
}

async function makePackages({ output, ...options }: PackageOptions): Promise<void> {
  checkPrograms(process.platform, process.env['PATH'] ?? '');
  const manifest = z.looseObject({ version: z.string() }).parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const version = options.version ?? manifest.version;
  const target = targetOf(process.platform, process.arch);
  const isForTests = options.hasTestElectron || options.isInspectable;
  const electron = options.hasTestElectron ? await testElectron() : undefined;
  if (isForTests) say(`${onlyForTests}${electron ? ` (Electron ${electron.version})` : ''}`);

  say('bundles …');
  await promisify(execFile)(
    process.execPath,
    [join(root, 'node_modules/electron-vite/bin/electron-vite.js'), 'build', '--config', 'electron.config.ts'],
    {
      cwd: root,
    },
  );
  say('runtime …');
  const runtime = join(root, 'out/bridge');
  const node = (await packagedNode(root, target)) ?? process.execPath;
  const scripts = join(root, 'out/package-scripts');
  await writeScripts(root, scripts);
  await makeRuntime({ root, folder: runtime, version, target, node });

  say('app …');
  const config = configuration({
    root,
    runtime,
    scripts,
    output,
    version,
    ...(electron ? { electron } : {}),
    mark: isForTests ? '-for-tests-only' : '',
    isInspectable: options.isInspectable,
  });
  const platform = { linux: Platform.LINUX, darwin: Platform.MAC, win32: Platform.WINDOWS }[target.platform];
  const arch = target.arch === 'x64' ? Arch.x64 : Arch.arm64;
  const isLinux = target.platform === 'linux';
  // the systems' own tools make deb and rpm, so that there is one way to make them
  const targets = options.isOnlyUnpacked
    ? platform.createTarget('dir', arch)
    : isLinux
      ? platform.createTarget(['dir', 'AppImage'], arch)
      : platform.createTarget(null, arch);
  await build({ projectDir: root, targets, config }).catch((error: unknown) => {
    throw electron === undefined && isOfNetwork(error) ? new PackageError(noDownload(error)) : error;
  });
  if (!isLinux) return;

  const unpacked = join(output, target.arch === 'x64' ? 'linux-unpacked' : 'linux-arm64-unpacked');
  await access(unpacked);
  if (isForTests) await writeFile(join(unpacked, 'FOR-TESTS-ONLY'), `${onlyForTests}\n`);
  const { arch: cpu } = target;
  const mark = isForTests ? '-for-tests-only' : '';
  const packages = {
    deb: join(output, `drawbridge${mark}_${version}_${cpu === 'x64' ? 'amd64' : 'arm64'}.deb`),
    rpm: join(output, `drawbridge${mark}-${version}-1.${cpu === 'x64' ? 'x86_64' : 'aarch64'}.rpm`),
  };
  const speed: 'fast' | 'small' = isForTests ? 'fast' : 'small';
  const about = {
    root,
    unpacked,
    // a tilde sorts before everything: each release is newer than its test package
    version: isForTests ? `${version}~test` : version,
    arch: cpu,
    compression: speed,
    ...(isForTests ? { warning: onlyForTests } : {}),
  };
  say('deb …');
  await makeDeb({ ...about, file: packages.deb });
  say('rpm …');
  await makeRpm({ ...about, file: packages.rpm });
  process.stdout.write(
    `${JSON.stringify({ unpacked, ...packages, version, electron: electron?.version ?? 'as package.json says', isForTests })}\n`,
  );
}

const ofNetwork = /^(ENOTFOUND|EAI_AGAIN|ECONN[A-Z]+|ETIMEDOUT|E(NET|HOST)UNREACH|ERR_NON_2XX_3XX_RESPONSE|[A-Z_]*CERT[A-Z_]*)$/;

function isOfNetwork(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && ofNetwork.test(String(error.code));
}

function noDownload({ message }: Error): string {
  return `what electron-builder downloads (the Electron release, the tools of some formats) can't be had here: ${message}. For packages to test with, with an old Electron: npm run package -- --dir --test-electron`;
}

async function testElectron(): Promise<LocalElectron> {
  const { folder, version } = await bringTestElectron(process.env);
  return { folder, version };
}

function targetOf(platform: string, arch: string): Target {
  if (platform !== 'linux' && platform !== 'darwin' && platform !== 'win32') throw new Error(`${platform} is not supported`);
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`${arch} is not supported`);
  return { platform, arch };
}
