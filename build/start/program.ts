// Our own programs as child processes: started by their command lines, as an administrator would, and ended by their pids.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { StartError } from './options.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const stopWithinMs = 8000;

export interface Running {
  readonly pid: number;
  /** The line that it said when it was ready. */
  readonly started: string;
  /** Resolves when it ends, however that comes. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Starts a program and waits for its line with this event on stdout. Its stderr goes to `logFile`. */
export async function startProgram(
  title: string,
  script: string,
  args: readonly string[],
  event: string,
  logFile: string,
): Promise<Running> {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', log], detached: true });
  closeSync(log);
  const ended = once(child, 'exit').then(([code, signal]) => `${title} ended (${String(code ?? signal)})`);
  if (!child.stdout) throw new StartError(`${title} has no output.`);
  const lines = createInterface({ input: child.stdout });
  const line = await new Promise<string | undefined>((resolve) => {
    lines.on('line', (said) => said.includes(`"event":"${event}"`) && resolve(said));
    void ended.then(() => resolve(undefined));
    child.on('error', () => resolve(undefined));
  });
  if (line === undefined || child.pid === undefined) throw new StartError(await lastWords(title, logFile));
  return { pid: child.pid, started: line, ended, stop: () => stop(child) };
}

/** The line that a program of ours ends with says what to do. */
async function lastWords(title: string, logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8').catch(() => '')).trimEnd().split('\n');
  const words = lines.findLast((line) => /^drawbridge(?:-gateway)?: /.test(line)) ?? lines.at(-1);
  return `${title} did not start. ${words || 'It said nothing.'} (log: ${logFile})`;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await ended;
  clearTimeout(timer);
}

/** Runs one of our commands to its end and returns what it printed. Throws StartError with its own words. */
export async function runCommand(script: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  if (child.exitCode !== 0) throw new StartError(stderr.trim() || `${script} ${args.join(' ')} ended with ${child.exitCode}`);
  return stdout;
}
