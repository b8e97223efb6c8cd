// `npm run package`: the desktop bundles, the bridge's runtime, electron-builder, and the Debian package. The root of packaging: it reads arguments and environment.
// Rule: what ships has the Electron that package.json names. Another one is taken only where a flag asks for it, and then every artifact says so.
import { execFile } from 'node:child_process';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { Arch, Platform, build } from 'electron-builder';
import { z } from 'zod';
import { bringTestElectron } from '../setup/electron.mjs';
import { configuration } from './config.ts';
import type { LocalElectron } from './config.ts';
import { makeDeb } from './deb.ts';
import { makeRpm } from './rpm.ts';
import { makeRuntime, packagedNode } from './runtime.ts';
import type { Target } from './runtime.ts';
import { writeScripts } from './script.ts';

const help = `npm run package -- [options]
  --dir             only the unpacked app (Linux: and the deb and the rpm of it)
  --test-electron   with the old Electron of the tests, where the release can't be downloaded. For tests only: never ship it
  --inspectable     leave the fuse on that test drivers need. For tests only: never ship it
  --out <dir>       where it goes (default: out/package)
  --version <v>     in place of the version in package.json
`;
const onlyForTests = 'FOR TESTS ONLY, never ship it';
const root = fileURLToPath(new URL('../..', import.meta.url));
const say = (line: string): void => void process.stderr.write(`package: ${line}\n`);

const { values: flags } = parseArgs({
  options: {
    dir: { type: 'boolean', default: false },
    'test-electron': { type: 'boolean', default: false },
    inspectable: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'out/package') },
    version: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (flags.help) process.stdout.write(help);
else
  await makePackages().catch((error: unknown) => {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    if (!flags['test-electron'])
      say(
        'if the Electron release can not be downloaded here, `-- --dir --test-electron` makes packages for tests with an old one',
      );
    process.exitCode = 1;
  });

async function makePackages(): Promise<void> {
  const manifest = z.looseObject({ version: z.string() }).parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const version = flags.version ?? manifest.version;
  const target = targetOf(process.platform, process.arch);
  const isForTests = flags['test-electron'] || flags.inspectable;
  const electron = flags['test-electron'] ? await testElectron() : undefined;
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
    output: flags.out,
    version,
    ...(electron ? { electron } : {}),
    mark: isForTests ? '-for-tests-only' : '',
    isInspectable: flags.inspectable,
  });
  const platform = { linux: Platform.LINUX, darwin: Platform.MAC, win32: Platform.WINDOWS }[target.platform];
  const arch = target.arch === 'x64' ? Arch.x64 : Arch.arm64;
  const isLinux = target.platform === 'linux';
  // the systems' own tools make deb and rpm, so that there is one way to make them
  const targets = flags.dir
    ? platform.createTarget('dir', arch)
    : isLinux
      ? platform.createTarget(['dir', 'AppImage'], arch)
      : platform.createTarget(null, arch);
  await build({ projectDir: root, targets, config });
  if (!isLinux) return;

  const unpacked = join(flags.out, target.arch === 'x64' ? 'linux-unpacked' : 'linux-arm64-unpacked');
  await access(unpacked);
  if (isForTests) await writeFile(join(unpacked, 'FOR-TESTS-ONLY'), `${onlyForTests}\n`);
  const { arch: cpu } = target;
  const mark = isForTests ? '-for-tests-only' : '';
  const packages = {
    deb: join(flags.out, `drawbridge${mark}_${version}_${cpu === 'x64' ? 'amd64' : 'arm64'}.deb`),
    rpm: join(flags.out, `drawbridge${mark}-${version}-1.${cpu === 'x64' ? 'x86_64' : 'aarch64'}.rpm`),
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

async function testElectron(): Promise<LocalElectron> {
  const { folder, version } = await bringTestElectron(process.env);
  return { folder, version };
}

function targetOf(platform: string, arch: string): Target {
  if (platform !== 'linux' && platform !== 'darwin' && platform !== 'win32') throw new Error(`${platform} is not supported`);
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`${arch} is not supported`);
  return { platform, arch };
}
