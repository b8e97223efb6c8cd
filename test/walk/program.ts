// A program of ours as a child process: started by its CLI, its stdout read as JSON lines, ended by its pid.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const node = process.execPath;

export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Everything that it wrote to stderr so far. */
  stderr(): string;
  /** The first line of stdout that is JSON with this event. Rejects where the program ends before. */
  event(name: string): Promise<Record<string, unknown>>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `node <script> …args`. */
export function startProgram(script: string, args: readonly string[], env: Record<string, string | undefined> = {}): Program {
  const child = spawn(node, [script, ...args], { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-200_000)));
  const events: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value === 'object' && value !== null) events.push({ ...value });
    } catch {
      return;
    }
    for (const look of waiting) look();
  });
  const ended = once(child, 'exit');
  return {
    child,
    pid: child.pid ?? 0,
    stderr: () => errors,
    event: (name) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find((event) => event['event'] === name);
          if (found) {
            waiting.delete(look);
            resolve(found);
          }
        };
        waiting.add(look);
        look();
        ended.then(([code]) => reject(new Error(`${script} ended with ${String(code)} before "${name}":\n${errors}`)));
      }),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await ended;
      }
      return child.exitCode;
    },
  };
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `node <script> …args` to its end. */
export async function run(
  script: string,
  args: readonly string[],
  options: { env?: Record<string, string | undefined>; input?: string } = {},
): Promise<Finished> {
  const child = spawn(node, [script, ...args], {
    cwd: root,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(options.input ?? '');
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}
