// What the tests of local servers share: a fresh state folder, launches of the fake servers, a pool, and events that can be waited for.
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import type { Remnant } from '#contract/remnant.ts';
import type { LaunchLine, LocalServerSource } from '#contract/server.ts';
import { createHasher } from '../../../bridge/server/content.ts';
import type { Launch } from '../../../bridge/server/launch.ts';
import type { LocalServer, LocalServerEvents, Pool } from '../../../bridge/server/pool.ts';
import type { ResolveDeps } from '../../../bridge/server/question.ts';
import { resolveLaunch } from '../../../bridge/server/resolve.ts';
import { createPool } from '../../../bridge/server/running.ts';
import type { PoolDeps, PoolLimits } from '../../../bridge/server/running.ts';

export const repository = join(import.meta.dirname, '..', '..', '..');
/** One for all, as in the agent: Node's own executable is hashed in nearly every test. */
const hasher = createHasher();
const silent = pino({ level: 'silent' });
export const fake = (name: string): string => join(repository, 'test', 'fake', 'local-server', `${name}.ts`);

/** A folder of its own, removed when the test is over. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-server-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

export function sourceOf(server: string, line: Partial<LaunchLine> & { command: string }): LocalServerSource {
  return { server: Slug.parse(server), line: { args: [], env: {}, ...line }, hosts: ['a-host'], origin: 'host' };
}

export function resolveDeps(stateDir: string, change: Partial<ResolveDeps> = {}): ResolveDeps {
  return {
    home: repository,
    platform: process.platform,
    environment: process.env,
    searchPath: ['/usr/local/bin', '/usr/bin', '/bin'],
    packageRoots: [],
    install: 'never',
    stateDir,
    node: process.execPath,
    hasher,
    ...change,
  };
}

/** A launch of a fake server. */
export async function launchFake(name: string, stateDir: string, args: readonly string[] = [], env = {}): Promise<Launch> {
  const line = { command: process.execPath, args: [fake(name), ...args], env };
  return resolveLaunch(sourceOf(name, line), resolveDeps(stateDir));
}

/** A pool of these launches, closed when the test is over. */
export function poolOf(
  launches: readonly Launch[],
  stateDir: string,
  change: Partial<Omit<PoolDeps, 'limits'>> & { limits?: Partial<PoolLimits> } = {},
): ReturnType<typeof createPool> {
  const limits = { messageBytes: 1024 * 1024, startMs: 20_000, idleMs: 600_000, children: 20, ...change.limits };
  const pool = createPool({
    launches: () => launches,
    sanction: () => undefined,
    stateDir,
    logger: silent,
    now: Date.now,
    elapsed: () => performance.now(),
    ...change,
    limits,
  });
  onTestFinished(() => pool.close());
  return pool;
}

export interface Heard extends LocalServerEvents {
  readonly messages: string[];
  readonly oversize: Fault[];
  /** What was told of each of them. */
  readonly remnants: Remnant[];
  readonly exits: (Fault | undefined)[];
  /** Resolves with the fault of the end. */
  readonly ended: Promise<Fault | undefined>;
  /** The next message that was not taken yet. */
  next(): Promise<string>;
}

export function hear(): Heard {
  const end = Promise.withResolvers<Fault | undefined>();
  const messages: string[] = [];
  const exits: (Fault | undefined)[] = [];
  const oversize: Fault[] = [];
  const remnants: Remnant[] = [];
  let taken = 0;
  return {
    messages,
    oversize,
    remnants,
    exits,
    ended: end.promise,
    onMessage: (line) => void messages.push(line.toString()),
    onOversize: (fault, remnant) => {
      oversize.push(fault);
      remnants.push(remnant);
    },
    onExit: (fault) => {
      exits.push(fault);
      end.resolve(fault);
    },
    async next() {
      const index = taken++;
      await until(() => messages.length > index || exits.length > 0);
      const message = messages[index];
      if (message === undefined) throw new Error(`the server ended: ${exits[0]?.message}`);
      return message;
    },
  };
}

export const open = (pool: Pool, launch: Launch, events: LocalServerEvents): Promise<LocalServer> =>
  pool.open(launch.source.server, launch.fingerprint, events);

/** Opens a server that ends by itself: its fault, whether it came while it was opened or afterwards. */
export async function endOf(pool: Pool, launch: Launch): Promise<Fault | undefined> {
  const events = hear();
  try {
    await open(pool, launch, events);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  return events.ended;
}

export const send = (server: LocalServer, message: unknown): Promise<void> =>
  server.write(Buffer.from(JSON.stringify(message)), true);

/** Waits for a condition, at most 20 s. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('waited 20 s in vain');
    await setTimeout(5);
  }
}

/** Does this process run? A zombie does not. */
export async function runs(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
}

/** The process ids that a stubborn server and its descendants wrote down, once there are this many. */
export async function pidsIn(file: string, count: number): Promise<readonly number[]> {
  const read = async () =>
    (await readFile(file, 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  await until(async () => (await read()).length >= count);
  const pids = await read();
  // Where the test fails they would outlive it.
  onTestFinished(async () => {
    for (const pid of pids) if (await runs(pid)) process.kill(pid, 'SIGKILL');
  });
  return pids;
}

/** The fault that a promise is rejected with. */
export async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error('it was not refused');
}
