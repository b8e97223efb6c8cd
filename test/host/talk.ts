// One run of a real host: a question put to it, with a model on loopback that calls one tool. Every run has a deadline, and its process group is ended.
// What the host would reach outside this machine goes through a proxy that refuses and remembers it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { hostFolder, hostPackages } from '../../build/setup/hosts.mjs';
import { startModel } from '../fake/model/model.ts';
import type { RealHost } from './host.ts';

const deadlineMs = 90_000;

/** What was seen of one run. */
export interface Talk {
  /** The tools that the host offered to its model, by the host's own names. */
  readonly offered: readonly string[];
  /** What the host brought back as the result of the call; undefined where the model called nothing. */
  readonly result: string | undefined;
  /** Places outside this machine that the host wanted to reach. */
  readonly outside: readonly string[];
  readonly isTimedOut: boolean;
  /** stdout, then stderr, at most 64 KiB of each. */
  readonly output: string;
  readonly ms: number;
}

export interface Call {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The one tool of this server that the user allows by a flag. */
  readonly allowed: string;
  /** Absent: the call's own. */
  readonly neededServer?: string;
}

/** Its model calls the tool as the host offers it, or by the name it would have, where it is not offered. */
export async function talk(host: RealHost, home: string, call: Call): Promise<Talk> {
  const model = await startModel(host.wire, {
    tool: call.tool,
    arguments: call.arguments,
    otherwise: host.toolName(call.server, call.tool),
  });
  const began = performance.now();
  try {
    const { file, args } = host.program(folderOf(host));
    const asked = host.ask({
      text: `Call the tool ${call.tool} of the server ${call.server}.`,
      modelUrl: model.url,
      allowed: host.toolName(call.server, call.allowed),
      needed: call.neededServer ?? call.server,
    });
    const child = spawn(file, [...args, ...asked.args], {
      cwd: join(home, 'work'),
      env: { ...quiet(home, model.url), ...asked.env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.out = (output.out + chunk.toString()).slice(-65_536)));
    child.stderr.on('data', (chunk: Buffer) => (output.err = (output.err + chunk.toString()).slice(-65_536)));
    let isTimedOut = false;
    const timer = setTimeout(() => {
      isTimedOut = true;
      endGroup(child.pid);
    }, deadlineMs);
    // A child of it may hold the pipes open, so its own end counts.
    const [error] = await Promise.race([once(child, 'exit').then(() => []), once(child, 'error')]);
    clearTimeout(timer);
    endGroup(child.pid);
    if (error) throw error;
    return {
      offered: model.offered(),
      result: model.results().at(-1),
      outside: model.outside(),
      isTimedOut,
      output: `${output.out}\n${output.err}`,
      ms: Math.round(performance.now() - began),
    };
  } finally {
    await model.close();
  }
}

export function packageOf(host: RealHost) {
  const found = hostPackages.find(({ id }) => id === host.id);
  if (found === undefined) throw new Error(`build/setup/hosts.mjs has no package for ${host.id}`);
  return found;
}

export const folderOf = (host: RealHost): string => hostFolder(packageOf(host), process.env);

/** Next to nothing on PATH, as on a desktop; a home of its own; and the model as the proxy to everything that is not loopback. */
function quiet(home: string, proxy: string): Record<string, string> {
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
