// The Debian package, made of the unpacked app by dpkg-deb: electron-builder's own way needs fpm, which it downloads.
// Rule: every owner and mode is set here and not taken from the machine that builds.
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { installDirectory, linuxFiles } from './linux-files.ts';
import { writeScripts } from './script.ts';

const run = promisify(execFile);

/** Electron's own needs, as ldd names them. Newer releases renamed some of them. */
const depends = [
  'libasound2 | libasound2t64',
  'libc6 (>= 2.28)',
  'libgbm1',
  'libgtk-3-0 | libgtk-3-0t64',
  'libnss3',
  'util-linux (>= 2.34)',
];

/** Writes the package to `file`. */
export async function makeDeb(of: {
  /** The repository. */
  readonly root: string;
  /** What electron-builder made: the app's folder. */
  readonly unpacked: string;
  readonly file: string;
  readonly version: string;
  readonly arch: 'x64' | 'arm64';
  /** Said in the package's description, such as that it is for tests only. */
  readonly warning?: string;
  /** `fast` for what is thrown away. */
  readonly compression: 'small' | 'fast';
}): Promise<void> {
  const { root, unpacked, file, version, arch, warning, compression } = of;
  const tree = `${file}.tree`;
  await rm(tree, { recursive: true, force: true });
  try {
    await stage(root, unpacked, tree);
    await writeControl({ root, tree, version, arch, warning });
    // Electron's sandbox is this program's where the kernel gives ordinary users no namespaces
    await chmod(join(tree, installDirectory, 'chrome-sandbox'), 0o4755);
    const compress = compression === 'fast' ? ['-Zzstd', '-z1'] : ['-Zxz'];
    await run('dpkg-deb', ['--root-owner-group', ...compress, '--build', tree, file]);
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

/** Everything that the package puts on the machine. Also what the rpm is made of. */
export async function stage(root: string, unpacked: string, tree: string): Promise<void> {
  await mkdir(join(tree, dirname(installDirectory)), { recursive: true });
  await cp(unpacked, join(tree, installDirectory), { recursive: true, verbatimSymlinks: true });
  for (const { from, to, mode } of linuxFiles) {
    await mkdir(join(tree, dirname(to)), { recursive: true });
    await cp(join(root, 'build/package/linux', from), join(tree, to));
    await chmod(join(tree, to), mode);
  }
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await symlink(`${installDirectory}/resources/bridge/drawbridge`, join(tree, 'usr/bin/drawbridge'));
  await mkdir(join(tree, 'etc/drawbridge'), { recursive: true });
  await mkdir(join(tree, 'var/lib/drawbridge/posture'), { recursive: true });
  const doc = join(tree, 'usr/share/doc/drawbridge');
  await mkdir(doc, { recursive: true });
  await cp(join(root, 'LICENSE'), join(doc, 'copyright'));
  await setModes(tree);
}

async function writeControl(of: {
  readonly root: string;
  readonly tree: string;
  readonly version: string;
  readonly arch: 'x64' | 'arm64';
  readonly warning?: string | undefined;
}): Promise<void> {
  const { root, tree, version, arch, warning } = of;
  const control = join(tree, 'DEBIAN');
  await mkdir(control, { mode: 0o755 });
  const lines = [
    'Package: drawbridge',
    `Version: ${version}`,
    `Architecture: ${arch === 'x64' ? 'amd64' : 'arm64'}`,
    'Maintainer: Drawbridge maintainers <maintainers@drawbridge.dev>',
    `Installed-Size: ${Math.ceil((await sizeOf(tree)) / 1024)}`,
    `Depends: ${depends.join(', ')}`,
    'Section: net',
    'Priority: optional',
    `Description: ${warning ?? 'your AI hosts and local MCP servers, through your gateway'}`,
    ' The workstation program of Drawbridge: it points AI hosts at the gateway of',
    ' your organization, runs their local MCP servers behind it and reports what is',
    ' true to your device management.',
    '',
  ];
  await writeFile(join(control, 'control'), lines.join('\n'));
  const configs = linuxFiles.filter(({ isConfig }) => isConfig);
  await writeFile(join(control, 'conffiles'), configs.map(({ to }) => `${to}\n`).join(''));
  await writeScripts(root, control);
}

async function setModes(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const at = join(path, entry.name);
    if (entry.isSymbolicLink()) continue;
    if (entry.isDirectory()) await setModes(at);
    else await chmod(at, ((await stat(at)).mode & 0o111) === 0 ? 0o644 : 0o755);
  }
  await chmod(path, 0o755);
}

async function sizeOf(path: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}
