// The lifeline guard: /bin/sh with a constant script leads each child's process group and holds one end of fd 3. Only the agent holds the other
// end, so however the agent ends, the whole group is killed. The command goes in as "$@": no word of it is read by the shell.
// Not covered: a descendant that leaves the group by setsid. Windows has no guard (windows.ts).
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { killTree, windowsCommand } from './windows.ts';

// The guard outlives SIGTERM, so that the group dies by the agent's clock and not by the shell's: `wait` returns early on a trapped signal,
// therefore the loop. The watcher stays in the group after the command's end until the agent sweeps the group: until then its number can't be reused.
const script = [
  'trap : TERM',
  'exec 4<&0',
  '"$@" <&4 4<&- 3<&- &',
  'c=$!',
  'exec 4<&- <&-',
  "{ trap '' TERM; read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 &",
  'exec >&- 2>&-',
  'while :; do wait $c; rc=$?; kill -0 $c || break; done',
  'exit $rc',
].join('\n');

export interface GuardedCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A running command that can't outlive this process. */
export interface Guarded {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the command itself ended; its group is swept by then. */
  readonly exit: Promise<string>;
  /** Signals the whole group. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** Starts a command; rejects with the system's error where it can't. */
export async function spawnGuarded(command: GuardedCommand, platform: NodeJS.Platform = process.platform): Promise<Guarded> {
  const child = platform === 'win32' ? spawnOnWindows(command) : spawnInGroup(command);
  // Listeners first: a stream that breaks before anybody listens would take the agent down.
  for (const stream of child.stdio) stream?.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  child.on('error', () => undefined);
  const { stdin, stdout, stderr, pid } = child;
  if (stdin === null || stdout === null || stderr === null || pid === undefined) throw new Error('the child has no pipes');
  let isOver = false;

  function signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (isOver) return;
    if (platform === 'win32') killTree(pid ?? 0);
    else signalGroup(child, name);
  }

  const exit = new Promise<string>((resolve) => {
    child.once('exit', (code, name) => {
      // What the command left behind (grandchildren, the watcher) goes now, while the group still exists.
      if (platform !== 'win32') signal('SIGKILL');
      isOver = true;
      child.stdio[3]?.destroy();
      resolve(endedHow(code, name));
    });
  });
  return { pid, stdin, stdout, stderr, exit, signal };
}

function spawnInGroup({ file, args, cwd, env }: GuardedCommand): ChildProcess {
  return spawn('/bin/sh', ['-c', script, 'drawbridge-guard', file, ...args], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
}

function spawnOnWindows({ file, args, cwd, env }: GuardedCommand): ChildProcess {
  const command = windowsCommand(file, args);
  return spawn(command.file, command.args, {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
    windowsVerbatimArguments: command.verbatim,
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')) throw cause;
  }
}

// The shell shows a signal as 128 + its number.
function endedHow(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `signal ${signal}`;
  if (code === 126 || code === 127) return `exit code ${code}: it could not be run`;
  return code !== null && code > 128 ? `signal ${code - 128}` : `exit code ${code}`;
}
