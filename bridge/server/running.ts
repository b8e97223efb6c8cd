// The pool: which local servers run. A command runs only where the launch was looked up on the device, is sanctioned, and its files still are
// what was approved; nothing that comes from the gateway but a name and a fingerprint is read here.
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { ErrorCode } from '#contract/error.ts';
import type { Fingerprint, Slug } from '#contract/id.ts';
import { createBackOff } from './back-off.ts';
import type { Launch } from './launch.ts';
import { createLedger } from './ledger.ts';
import type { LocalServer, LocalServerEvents, Pool } from './pool.ts';
import { sameEnvironment } from './sanction.ts';
import { startServer } from './process.ts';
import type { ProcessLimits, RunningServer } from './process.ts';
import { createServerLogs } from './server-log.ts';

export interface PoolLimits extends ProcessLimits {
  /** Children at once, those that start or end included. */
  readonly children: number;
}

export interface PoolDeps {
  /** What the device could run now. */
  launches(): readonly Launch[];
  /** Undefined: it may run (sanction.ts). */
  sanction(launch: Launch): Fault | undefined;
  readonly limits: PoolLimits;
  readonly stateDir: string;
  readonly logger: Logger;
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
  /** The files of a launch are no longer what was approved: resolve it again. */
  readonly onContentChanged?: ((launch: Launch) => void) | undefined;
}

/** How one local server does, for status and doctor. */
export interface ServerHealth {
  readonly server: Slug;
  readonly fingerprint: Fingerprint;
  /** Children that run now, by process id. */
  readonly pids: readonly number[];
  /** Unasked ends in a row. */
  readonly ends: number;
  readonly backingOffMs: number;
  readonly lastCode: ErrorCode | undefined;
  /** The last time that it ended unasked or could not start. */
  readonly lastError: { readonly at: number; readonly code: ErrorCode; readonly message: string } | undefined;
}

export interface RunningPool extends Pool {
  health(): readonly ServerHealth[];
  /** What the children of a server last said, those that ended included: redacted, oldest first. */
  log(server: Slug): readonly string[];
  /** It may start at once, and its last error counts no more. */
  forgive(server: Slug): void;
}

export function createPool(deps: PoolDeps): RunningPool {
  const { limits, logger, now, elapsed } = deps;
  const ledger = createLedger(deps.stateDir);
  const backOff = createBackOff(elapsed);
  const running = new Map<RunningServer, string>();
  const lastFault = new Map<string, { readonly at: number; readonly fault: Fault }>();
  const logs = createServerLogs();
  const starting = new Set<Promise<LocalServer>>();
  let isClosed = false;

  async function open(server: Slug, fingerprint: Fingerprint, events: LocalServerEvents, host?: string): Promise<LocalServer> {
    mayStart(server, fingerprint, host);
    if (running.size + starting.size >= limits.children)
      throw new Fault('BUSY', { what: 'the local servers of this workstation' });
    const start = startLaunch(mayStart(server, fingerprint, host), events, host);
    starting.add(start);
    try {
      return await start;
    } catch (error) {
      const isStart = error instanceof Fault && error.code === 'SERVER_START_FAILED';
      if (isStart) noteFault(`${server} ${fingerprint}`, error);
      throw error;
    } finally {
      starting.delete(start);
    }
  }

  /** The launch where it may start now; throws why not. */
  function mayStart(server: Slug, fingerprint: Fingerprint, host: string | undefined): Launch {
    if (isClosed) throw new Fault('SERVER_NOT_OFFERED', { server });
    const same = deps.launches().filter((one) => one.source.server === server && one.fingerprint === fingerprint);
    const launch = launchFor(same, host);
    if (launch === undefined) throw new Fault(same.length > 0 ? 'SERVER_CONFLICT' : 'SERVER_NOT_OFFERED', { server });
    const refusal = deps.sanction(launch);
    if (refusal !== undefined) {
      logger.warn({ server, fingerprint, code: refusal.code }, 'local server refused');
      throw refusal;
    }
    const waitMs = backOff.waitMs(keyOf(launch));
    if (waitMs > 0) {
      const fields = lastFault.get(keyOf(launch))?.fault.fields;
      const stderr = fields?.['stderr'] ?? fields?.['reason'] ?? '(none)';
      throw new Fault('SERVER_BACKING_OFF', { server, seconds: Math.ceil(waitMs / 100) / 10, stderr });
    }
    return launch;
  }

  async function startLaunch(launch: Launch, events: LocalServerEvents, host: string | undefined): Promise<LocalServer> {
    const { source, fingerprint } = launch;
    const { server } = source;
    await checkContent(launch);
    // The answer may have changed while the files were read.
    mayStart(server, fingerprint, host);
    const key = keyOf(launch);
    const startedAt = elapsed();
    let isOpen = false;
    let early: Fault | undefined;
    const child = await startServer(launch, limits, {
      onMessage: (line) => events.onMessage(line),
      onOversize: (fault, remnant) => events.onOversize(fault, remnant),
      onExit: (fault, by) => {
        running.delete(child);
        if (by === 'failure' && fault !== undefined) noteFailure(key, startedAt, fault);
        logger.info(
          {
            server,
            fingerprint,
            pid: child.pid,
            by,
            code: fault?.code,
            strayLines: child.strayLines(),
            ms: Math.round(elapsed() - startedAt),
          },
          'local server ended',
        );
        void noted.then(() => ledger.remove(child.pid)).catch(() => undefined);
        if (isOpen) events.onExit(fault);
        else early = fault ?? new Fault('SERVER_START_FAILED', { server, reason: 'it was ended while it started' });
      },
      onSaid: (line) => logs.add(server, line),
      onStuck: (err) => logger.error({ err, server, pid: child.pid }, 'local server could not be ended'),
    });
    logger.info({ server, fingerprint, pid: child.pid }, 'local server started');
    const noted = ledger.add(child.pid, launch.file).catch((error: unknown) => {
      // The lifeline still ends it with the agent; only a second line of defence is missing.
      logger.warn(
        { server, pid: child.pid, error: error instanceof Error ? error.name : 'unknown' },
        'local server is not in the ledger',
      );
    });
    await noted;
    if (isClosed) await child.close();
    if (early !== undefined) throw early;
    isOpen = true;
    running.set(child, key);
    return child;
  }

  async function checkContent(launch: Launch): Promise<void> {
    const { server } = launch.source;
    const isSame = await launch.verify().catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Fault('SERVER_START_FAILED', { server, reason }, { cause });
    });
    if (isSame) return;
    logger.warn({ server, fingerprint: launch.fingerprint }, 'local server changed on disk');
    deps.onContentChanged?.(launch);
    throw new Fault('SERVER_NOT_APPROVED', { server, fingerprint: `its files changed since ${launch.fingerprint}` });
  }

  function noteFailure(key: string, startedAt: number, fault: Fault): void {
    backOff.ended(key, elapsed() - startedAt);
    noteFault(key, fault);
  }

  function noteFault(key: string, fault: Fault): void {
    lastFault.delete(key);
    const oldest = lastFault.size >= keyLimit ? lastFault.keys().next().value : undefined;
    if (oldest !== undefined) lastFault.delete(oldest);
    lastFault.set(key, { at: now(), fault });
  }

  async function close(): Promise<void> {
    isClosed = true;
    // One that is just starting sees that the pool is closed and ends its child itself.
    await Promise.allSettled([...[...running.keys()].map((child) => child.close()), ...starting]);
  }

  function health(): readonly ServerHealth[] {
    return deps.launches().map((launch) => {
      const key = keyOf(launch);
      const last = lastFault.get(key);
      return {
        server: launch.source.server,
        fingerprint: launch.fingerprint,
        pids: [...running].filter(([, of]) => of === key).map(([child]) => child.pid),
        ends: backOff.ends(key),
        backingOffMs: backOff.waitMs(key),
        lastCode: last?.fault.code,
        lastError: last && { at: last.at, code: last.fault.code, message: last.fault.message.slice(0, 1000) },
      };
    });
  }

  function forgive(server: Slug): void {
    for (const key of [...lastFault.keys()].filter((one) => one.startsWith(`${server} `))) lastFault.delete(key);
    for (const launch of deps.launches()) if (launch.source.server === server) backOff.forget(keyOf(launch));
  }

  return { open, close, health, log: (server) => logs.of(server), forgive };
}

const keyLimit = 1000;
/**
 * Of launches with one fingerprint, which covers no value of an ordinary variable: the calling host's own. One host's secret is never lent to another,
 * so where they differ and the caller is none of them, there is none.
 */
function launchFor(same: readonly Launch[], host: string | undefined): Launch | undefined {
  const own = same.find(({ source }) => host !== undefined && source.hosts.includes(host));
  if (own) return own;
  const [first, ...others] = same;
  return others.every(({ env }) => first !== undefined && sameEnvironment(env, first.env)) ? first : undefined;
}

const keyOf = (launch: Launch): string => `${launch.source.server} ${launch.fingerprint}`;
