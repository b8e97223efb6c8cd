// The bridge's own package store: <stateDir>/package/<name>@<version>/. A package is installed there once, without its scripts, into a folder of
// its own that is renamed into place when whole; nothing there is ever updated. `<name>.resolved` says what an entry without a version got.
import { mkdir, mkdtemp, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { readPlainText } from '../plain-file.ts';
import { installEnvironment } from './environment.ts';
import type { ResolveDeps } from './question.ts';
import { findExecutable } from './search-path.ts';
import { runTool } from './tool.ts';

const deadlineMs = 180_000;
const prefix = '.installing-';

/** Where this version (or, without one, the version that was resolved before) lies in the store. */
export async function findInstalled(name: string, version: string | undefined, stateDir: string): Promise<string | undefined> {
  const store = join(stateDir, 'package');
  const known = version ?? (await readResolved(store, name));
  if (known === undefined) return undefined;
  const directory = packageIn(join(store, `${name}@${known}`), name);
  return stat(directory).then(
    () => directory,
    () => undefined,
  );
}

/** Installs it and says where it lies. */
export async function installPackage(name: string, version: string | undefined, deps: ResolveDeps): Promise<string> {
  const store = join(deps.stateDir, 'package');
  const wanted = `${name}@${version ?? 'latest'}`;
  await mkdir(store, { recursive: true, mode: 0o700 });
  await removeUnfinished(store).catch(() => undefined);
  const folder = await mkdtemp(join(store, prefix));
  try {
    deps.onProgress?.(`installing ${wanted}`);
    await runNpm(wanted, folder, deps);
    const installed = await versionIn(packageIn(folder, name));
    const place = join(store, `${name}@${installed}`);
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    // Another resolve may have been first: what is there is the same version.
    await rename(folder, place).catch(async (cause: unknown) => {
      if (!(await stat(packageIn(place, name)).catch(() => undefined))) throw cause;
    });
    if (version === undefined) await writeResolved(store, name, installed);
    deps.onProgress?.(`installed ${name}@${installed}`);
    return packageIn(place, name);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What an interrupted install left. A younger folder may belong to an install that runs. */
async function removeUnfinished(store: string): Promise<void> {
  const names = (await readdir(store)).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    const { mtimeMs } = await stat(join(store, name));
    if (Date.now() - mtimeMs > 2 * deadlineMs) await rm(join(store, name), { recursive: true, force: true });
  }
}

async function runNpm(wanted: string, folder: string, deps: ResolveDeps): Promise<void> {
  const { searchPath, platform } = deps;
  const npm = await findExecutable('npm', { searchPath, cwd: folder, platform, pathExtensions: deps.environment['PATHEXT'] });
  if (npm === undefined)
    throw new Error(
      `npm is needed to install ${wanted} and was not found: install it, or ask your administrator to install the package`,
    );
  const script = await realpath(npm);
  // npm itself is a script for Node where it is no version manager's shim.
  const [file, ...before] = script.endsWith('.js') ? [deps.node, script] : [npm];
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--omit=dev', '--loglevel=error'];
  await runTool({
    file: file ?? npm,
    args: [...before, 'install', ...options, '--prefix', folder, '--', wanted],
    cwd: folder,
    env: installEnvironment(deps),
    deadlineMs,
    signal: deps.signal,
  }).catch((cause: unknown) => {
    throw new Error(`${wanted} could not be installed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
}

const packageIn = (folder: string, name: string): string => join(folder, 'node_modules', name);
const resolvedFile = (store: string, name: string): string => join(store, `${name}.resolved`);

async function versionIn(directory: string): Promise<string> {
  const { version } = z
    .looseObject({ version: z.string().regex(/^[0-9A-Za-z.+-]+$/) })
    .parse(JSON.parse(await readPlainText(join(directory, 'package.json'))));
  return version;
}

async function readResolved(store: string, name: string): Promise<string | undefined> {
  const text = await readPlainText(resolvedFile(store, name)).catch(() => undefined);
  return text !== undefined && /^[0-9A-Za-z.+-]+$/.test(text) ? text : undefined;
}

async function writeResolved(store: string, name: string, version: string): Promise<void> {
  const file = resolvedFile(store, name);
  await writeFile(`${file}.new`, version, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
