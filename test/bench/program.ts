// Starts the programs that are measured, each leading its own process group, and ends exactly those.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Program {
  readonly pid: number;
  /** The first line on stdout or stderr that fits, as its match. Rejects when the program ends first or the time is over. */
  line(pattern: RegExp, withinMs: number): Promise<RegExpExecArray>;
  /** SIGKILL, as a crash: nothing is said to anybody. Resolves when it has ended. */
  kill(): Promise<void>;
  /** SIGTERM, after three seconds SIGKILL to its whole group. Idempotent. */
  close(): Promise<void>;
}

export interface Start {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** Characters of output that are kept to find lines in and to show. */
const keptCharacters = 20_000;

export function startProgram({ file, args, env, cwd }: Start): Program {
  // stdin stays open while this process lives: programs that end with it do so
  const child = spawn(file, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const { pid } = child;
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(`it ended (${signal ?? code})`));
  });
  let lines: string[] = [];
  let onLine = (): void => undefined;
  const keep = (line: string): void => {
    lines.push(line);
    while (lines.length > 1 && lines.reduce((sum, kept) => sum + kept.length, 0) > keptCharacters) lines = lines.slice(1);
    onLine();
  };
  createInterface({ input: child.stdout }).on('line', keep);
  createInterface({ input: child.stderr }).on('line', keep);

  return {
    pid: pid ?? 0,
    line(pattern, withinMs) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const fail = (reason: string): void =>
        reject(new Error(`${file} ${args[0] ?? ''}: ${reason}\n${lines.slice(-12).join('\n')}`));
      const timer = setTimeout(() => fail(`no line ${pattern} within ${withinMs / 1000} s`), withinMs);
      void exited.then(fail);
      onLine = () => {
        const match = lines.map((line) => pattern.exec(line)).find((found) => found !== null);
        if (match) resolve(match);
      };
      onLine();
      return promise.finally(() => clearTimeout(timer));
    },
    async kill() {
      if (pid === undefined) return;
      child.kill('SIGKILL');
      await exited;
    },
    close: () => endProgram(child, exited),
  };
}

async function endProgram(child: ChildProcess, exited: Promise<string>): Promise<void> {
  if (child.pid === undefined) return;
  child.stdin?.end();
  child.kill('SIGTERM');
  const timer = setTimeout(() => killGroup(child.pid), 3000);
  await exited;
  clearTimeout(timer);
}

/** Only for a group whose leader was started here and has not been waited for yet. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}

/** Runs a program to its end and answers its stdout; rejects with its last lines when it fails. */
export async function runProgram(start: Start, withinMs: number): Promise<string> {
  const child = spawn(start.file, start.args, {
    env: start.env,
    cwd: start.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: withinMs,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const how = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `ended with ${signal ?? code}`));
  });
  if (how !== undefined) throw new Error(`${start.args.slice(0, 3).join(' ')}: ${how}: ${(stderr || stdout).trim().slice(-600)}`);
  return stdout;
}
