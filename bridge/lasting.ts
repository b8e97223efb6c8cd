// The program that hosts start must outlast the one that runs now. An AppImage is mounted at another path each time, and gone when it ends: so what runs
// without Electron is copied out of it once for each version. Rule: what is installed is left where it is.
import { randomBytes } from 'node:crypto';
import { cp, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

export interface LastingProgram {
  readonly node: string;
  readonly cli: string;
}

/** Node and command line at paths that stay: those given, or their copies in the state directory. */
export async function lastingProgram(of: {
  readonly node: string;
  readonly cli: string;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Promise<LastingProgram> {
  const { node, cli, stateDir, env } = of;
  const mount = env['APPDIR'];
  if (!mount?.startsWith('/') || !node.startsWith(`${mount}/`)) return { node, cli };
  // the runtime of build/package/runtime.ts: bin/node, program/launch.mjs, package.json
  const from = dirname(dirname(node));
  const to = join(stateDir, 'runtime');
  if (!(await isSame(from, to))) await replace(from, to);
  return { node: join(to, relative(from, node)), cli: join(to, relative(from, cli)) };
}

async function isSame(from: string, to: string): Promise<boolean> {
  const [here, there] = await Promise.all([from, to].map(describe));
  return here === there;
}

/** Version, and the size and age of the bundle: two builds of one version differ in them. */
async function describe(folder: string): Promise<string | undefined> {
  try {
    const { size, mtimeMs } = await stat(join(folder, 'program', 'launch.mjs'));
    return `${await readFile(join(folder, 'package.json'), 'utf8')} ${size} ${Math.floor(mtimeMs / 1000)}`;
  } catch {
    return undefined;
  }
}

/** The old one stays until the new one is whole; shims that run from it go on. */
async function replace(from: string, to: string): Promise<void> {
  const draft = `${to}.${randomBytes(8).toString('hex')}`;
  try {
    await cp(from, draft, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    const old = `${draft}.old`;
    await rename(to, old).catch(() => undefined);
    await rename(draft, to);
    await rm(old, { recursive: true, force: true });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
