// The companion's window beside `npm start`, where there is a display and an Electron. Rule: it is an extra, so whatever is missing is one line and the rest goes on.
// Which Electron: the one that DRAWBRIDGE_ELECTRON names, or the `electron` package's own, which is downloaded the first time.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, existsSync, openSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { root } from './program.ts';

export type OpenedCompanion =
  | { readonly kind: 'open'; readonly pid: number; readonly hasSandbox: boolean; stop(): Promise<void> }
  | { readonly kind: 'absent'; readonly reason: string };

export interface CompanionOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** -1 where the platform has none. */
  readonly uid: number;
  /** Of the agent that it shows. */
  readonly socket: string;
  readonly dataDir: string;
  /** Long work begins. */
  readonly onProgress: (line: string) => void;
}

/** What a person is told of it. */
export function companionWords(opened: OpenedCompanion): string {
  if (opened.kind === 'absent') return opened.reason;
  return opened.hasSandbox ? 'open, in the tray' : "open, in the tray (without Chromium's sandbox: this runs as root)";
}

const downloadWithinMs = 120_000;
const openWithinMs = 20_000;
const stopWithinMs = 5_000;
/** What the bundles are made of. */
const sources = ['main', 'renderer', 'contract', 'bridge', 'electron.config.ts', 'package-lock.json'];
const bundle = join(root, 'out/main/main.cjs');

/** Opens it on the agent that runs. Never rejects. */
export async function openCompanion(options: CompanionOptions): Promise<OpenedCompanion> {
  const { env, platform } = options;
  if (platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY'])
    return { kind: 'absent', reason: 'not shown: there is no display here' };
  try {
    const electron = await findElectron(options);
    if (await isStale()) {
      options.onProgress('bundling the companion');
      await run(
        process.execPath,
        [join(root, 'node_modules/electron-vite/bin/electron-vite.js'), 'build', '--config', 'electron.config.ts'],
        60_000,
      );
    }
    return await open(electron, options);
  } catch (error) {
    return { kind: 'absent', reason: `not shown: ${error instanceof Error ? error.message : String(error)}` };
  }
}

async function findElectron({ env, platform, onProgress }: CompanionOptions): Promise<string> {
  const named = env['DRAWBRIDGE_ELECTRON'];
  if (named) {
    if (!isExecutable(named)) throw new Error(`DRAWBRIDGE_ELECTRON names ${named}, which is no program that can be started`);
    return named;
  }
  const folder = join(root, 'node_modules/electron');
  const own = async () => {
    const path = await readFile(join(folder, 'path.txt'), 'utf8').catch(() =>
      platform === 'win32' ? 'electron.exe' : 'electron',
    );
    return join(folder, 'dist', path.trim());
  };
  if (isExecutable(await own())) return own();
  onProgress('downloading Electron for the companion (about 110 MB, the first time only)');
  await run(process.execPath, [join(folder, 'install.js')], downloadWithinMs).catch(() => undefined);
  if (isExecutable(await own())) return own();
  throw new Error("Electron can't be downloaded here; name one with DRAWBRIDGE_ELECTRON=/path/to/electron");
}

async function isStale(): Promise<boolean> {
  if (!existsSync(bundle) || !existsSync(join(root, 'out/main/agent.cjs'))) return true;
  const built = (await stat(bundle)).mtimeMs;
  const times = await Promise.all(sources.map((name) => newest(join(root, name))));
  return Math.max(...times) > built;
}

async function newest(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const inside = await Promise.all((await readdir(path)).map((name) => newest(join(path, name))));
  return Math.max(found.mtimeMs, ...inside);
}

async function open(electron: string, { env, uid, socket, dataDir }: CompanionOptions): Promise<OpenedCompanion> {
  const log = openSync(join(dataDir, 'companion.log'), 'a', 0o600);
  // Chromium refuses to run as root with its sandbox; that is said where it opens.
  const hasSandbox = uid !== 0;
  const child = spawn(
    electron,
    [...(hasSandbox ? [] : ['--no-sandbox']), root, `--user-data-dir=${join(dataDir, 'companion')}`, `--agent-socket=${socket}`],
    { cwd: root, env, stdio: ['ignore', 'pipe', log], detached: true },
  );
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) =>
      resolve(`it ended with ${String(code ?? signal)} (log: ${join(dataDir, 'companion.log')})`),
    );
  });
  const isUp = new Promise<undefined>((resolve) => {
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', (line) => line.includes('"event":"open"') && resolve(undefined));
  });
  const late = AbortSignal.timeout(openWithinMs);
  const isLate = new Promise<string>((resolve) =>
    late.addEventListener('abort', () => resolve(`it did not open within ${openWithinMs / 1000} s`)),
  );
  const failure = await Promise.race([isUp, ended, isLate]);
  const stop = async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const deadline = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    await gone;
    clearTimeout(deadline);
  };
  if (failure === undefined && child.pid !== undefined) return { kind: 'open', pid: child.pid, hasSandbox, stop };
  await stop();
  throw new Error(`the companion did not start: ${failure}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function run(file: string, args: readonly string[], withinMs: number): Promise<void> {
  await promisify(execFile)(file, [...args], { cwd: root, timeout: withinMs }).catch((error: unknown) => {
    const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    throw new Error(lines.at(-1) ?? 'a program failed');
  });
}
