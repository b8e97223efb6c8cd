// One run of a real host's program, with next to nothing in its environment. Every run has a deadline, and its process group is ended after it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hostFolder, hostPackages } from '../../build/setup/hosts.mjs';
import type { RealHost } from './host.ts';

const deadlineMs = 120_000;
const drainMs = 5000;

export interface Run {
  readonly home: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Everything that is not loopback goes through it. */
  readonly proxy: string;
}

export interface Ran {
  readonly isTimedOut: boolean;
  /** stdout, then stderr, at most 64 KiB of each. */
  readonly output: string;
}

export async function runHost(host: RealHost, { home, args, env, proxy }: Run): Promise<Ran> {
  const program = host.program(folderOf(host));
  const child = spawn(program.file, [...program.args, ...args], {
    cwd: join(home, 'work'),
    env: { ...environment(home, proxy), ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.out = (output.out + chunk.toString()).slice(-65_536)));
  child.stderr.on('data', (chunk: Buffer) => (output.err = (output.err + chunk.toString()).slice(-65_536)));
  const closed = once(child, 'close');
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    endGroup(child.pid);
  }, deadlineMs);
  try {
    // Rejects where it can't be started.
    await once(child, 'exit');
  } finally {
    clearTimeout(timer);
    endGroup(child.pid);
  }
  // What left its group could hold the pipes open.
  await Promise.race([closed, delay(drainMs, undefined, { ref: false })]);
  return { isTimedOut, output: `${output.out}\n${output.err}` };
}

export function packageOf(host: RealHost) {
  const found = hostPackages.find(({ id }) => id === host.id);
  if (found === undefined) throw new Error(`build/setup/hosts.mjs has no package for ${host.id}`);
  return found;
}

export const folderOf = (host: RealHost): string => hostFolder(packageOf(host), process.env);

function environment(home: string, proxy: string): Record<string, string> {
  const loopback = '127.0.0.1,localhost';
  return {
    PATH: '/usr/bin:/bin',
    HOME: home,
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    ...{ HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: loopback },
    ...{ http_proxy: proxy, https_proxy: proxy, no_proxy: loopback },
  };
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of it lives.
  }
}
