// The bridge as AI hosts, systemd and MDM scripts start it, without Electron: a Node 24 and the command line bundled beside it. A single executable would be as
// large (it is that same Node), could not load the native keyring from within itself, and could not run the npm servers that the bridge runs with its own Node.
// Rule: no path in it names a version, because AI hosts' configs and IT's allow-lists do name these paths.
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { bundleProgram } from './bundle.ts';

/** What it is made for, as Node says it. */
export interface Target {
  readonly platform: 'linux' | 'darwin' | 'win32';
  readonly arch: 'x64' | 'arm64';
}

/** What is native, and a part of ws that Node 24 has itself. */
const external = ['@napi-rs/keyring', 'bufferutil', 'utf-8-validate'];

/**
 * Writes the runtime into `folder`, which becomes `resources/bridge` of the app:
 * `bin/node`, `program/launch.mjs` with its chunks, `package.json` (the version), `node_modules` (what is native), and `drawbridge`, which starts it.
 */
export async function makeRuntime(of: {
  readonly root: string;
  readonly folder: string;
  readonly version: string;
  readonly target: Target;
  /** The Node of that platform. */
  readonly node: string;
}): Promise<void> {
  const { root, folder, version, target, node } = of;
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'bin'), { recursive: true });
  await bundle(root, join(folder, 'program'));
  await writeFile(
    join(folder, 'package.json'),
    `${JSON.stringify({ name: 'drawbridge', version, private: true, type: 'module' }, undefined, 2)}\n`,
  );
  await copyKeyring(root, folder, target);
  await copyMasking(root, folder, target);
  const isWindows = target.platform === 'win32';
  const program = join(folder, 'bin', isWindows ? 'node.exe' : 'node');
  await copyFile(node, program);
  await chmod(program, 0o755);
  const starter = join(folder, isWindows ? 'drawbridge.cmd' : 'drawbridge');
  await writeFile(starter, isWindows ? windowsStarter : starterText);
  await chmod(starter, 0o755);
}

/** Where node_modules keeps the Node for a platform; undefined where npm has none (macOS). */
export async function packagedNode(root: string, { platform, arch }: Target): Promise<string | undefined> {
  const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
  const folder = join(root, 'node_modules', name, 'bin');
  const [program] = await readdir(folder).catch(() => []);
  return program === undefined ? undefined : join(folder, program);
}

/** The command line finds launch.mjs beside itself and package.json one folder up, as it does in the repository: so all chunks lie in one folder. */
async function bundle(root: string, outDir: string): Promise<void> {
  const at = (path: string): string => join(root, 'bridge', path);
  await bundleProgram({
    root,
    outDir,
    input: { launch: at('launch.mjs') },
    external,
    // what AI hosts start for each of their servers
    pieces: { first: at('cli.ts'), main: at('agent.ts'), light: ['shim/connect.ts', 'socket/path.ts', 'location.ts'].map(at) },
  });
}

async function copyKeyring(root: string, folder: string, { platform, arch }: Target): Promise<void> {
  const scope = join(root, 'node_modules/@napi-rs');
  const suffix = platform === 'linux' ? '-gnu' : platform === 'win32' ? '-msvc' : '';
  const native = `keyring-${platform}-${arch}${suffix}`;
  if (!(await readdir(scope)).includes(native))
    throw new Error(`node_modules has no @napi-rs/${native}: install it for that platform`);
  for (const name of ['keyring', native])
    await cp(join(scope, name), join(folder, 'node_modules/@napi-rs', name), { recursive: true, dereference: true });
}

/**
 * bufferutil, by which what the tunnel sends is masked 40 times as fast: its prebuilt binary as the package itself, without the loader that looks for compilers
 * and variables. A platform that it has none for (Linux on arm64) is masked in JavaScript.
 */
async function copyMasking(root: string, folder: string, { platform, arch }: Target): Promise<void> {
  const from = join(root, 'node_modules/bufferutil');
  const binary = join('prebuilds', `${platform}-${arch}`, 'bufferutil.node');
  if (!existsSync(join(from, binary))) return;
  const to = join(folder, 'node_modules/bufferutil');
  await mkdir(to, { recursive: true });
  await copyFile(join(from, binary), join(to, 'bufferutil.node'));
  await copyFile(join(from, 'LICENSE'), join(to, 'LICENSE'));
  const { version } = z
    .looseObject({ version: z.string() })
    .parse(JSON.parse(await readFile(join(from, 'package.json'), 'utf8')));
  await writeFile(join(to, 'package.json'), `${JSON.stringify({ name: 'bufferutil', version, main: 'bufferutil.node' })}\n`);
}

/** /usr/bin/drawbridge is a link to it. */
const starterText = `#!/bin/sh
# Starts the bridge's command line with the Node beside it.
here=$(dirname "$(readlink -f "$0")")
exec "$here/bin/node" "$here/program/launch.mjs" "$@"
`;
const windowsStarter = '@"%~dp0bin\\node.exe" "%~dp0program\\launch.mjs" %*\r\n';
