// The local servers of this device, put together: what the profile and the hosts name, resolved; what may run of it, sanctioned; what runs, in the pool.
// Rule: whoever asks how they stand also has those ended that may no longer run.
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { AgentServer } from '#contract/agent.ts';
import { Fault } from '#contract/error.ts';
import type { Finding } from '#contract/finding.ts';
import { defaultMessageLimitBytes } from '#contract/frame.ts';
import type { Fingerprint, Slug } from '#contract/id.ts';
import type { Sealer } from '#contract/secret.ts';
import type { LocalServerSource, Offer, Verdict } from '#contract/server.ts';
import { readIfThere, writePrivate } from './device/file.ts';
import { createLaunches, sourcesOf } from './launches.ts';
import type { ProfileReading } from './profile/read.ts';
import { createSanctionedPool } from './sanctioned.ts';
import type { SanctionedPool } from './sanctioned.ts';
import { createHasher } from './server/content.ts';
import { openKeptDigests } from './server/kept-digest.ts';
import type { Launch } from './server/launch.ts';
import { secretsIn } from './server/redact.ts';
import { resolveLaunch } from './server/resolve.ts';
import type { Pool } from './server/pool.ts';
import { createPool } from './server/running.ts';
import { sanction } from './server/sanction.ts';
import { searchPath } from './server/search-path.ts';

export interface LocalServersDeps {
  readonly stateDir: string;
  readonly home: string;
  readonly ownHome: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: 'linux' | 'darwin' | 'win32';
  readonly shell: string | undefined;
  readonly node: string;
  readonly sealer: Sealer;
  readonly profile: () => ProfileReading;
  /** The files of a server are no longer what was approved: resolve again. */
  readonly onContentChanged: () => void;
  /** Others are offered than before, or all were looked at. */
  readonly onOffers: () => void;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

export interface LocalServers {
  /** What the tunnel starts them by. */
  readonly pool: SanctionedPool;
  /** Undefined at first: a gateway remembers what was offered, and what is only late must not count as gone. */
  offers(): readonly Offer[] | undefined;
  /** What the gateway that is dialed says of the offers, never one before; undefined while it said nothing. */
  judged(verdicts: readonly Verdict[] | undefined): void;
  /** Resolves the profile's servers and these. Each counts as soon as it is resolved. */
  resolve(taken: readonly LocalServerSource[]): Promise<void>;
  look(): { readonly servers: AgentServer[]; readonly findings: Finding[] };
  /** Ends the children of a server, and forgets how it did. Rejects with NAME_UNKNOWN. */
  restart(server: Slug): Promise<void>;
  /** What its children last said beside their messages, redacted, oldest first. Throws NAME_UNKNOWN. */
  log(server: Slug): readonly string[];
  /** The same of all of them, by name. */
  logs(): Readonly<Record<string, readonly string[]>>;
  /** Values that stand in their entries and must be shown nowhere. */
  secrets(): readonly string[];
  close(): Promise<void>;
}

const limits = { messageBytes: defaultMessageLimitBytes, startMs: 30_000, idleMs: 10 * 60_000, children: 256 };
/**
 * So long the start of a server waits where it has not been resolved yet, or where the gateway has not said yet whether it may run: a gateway remembers what was
 * offered, and opens it as soon as the tunnel is up.
 */
const firstWithinMs = 10_000;
/** What is resolved within so long is told at once. */
const gatherMs = 200;
const brokenList = 'the profile of this device: its list of denied commands is not valid';

/** Resolving waits for what the login shell says; nothing else does. */
export function openLocalServers(deps: LocalServersDeps): LocalServers {
  const { stateDir, home, env, platform, signal, logger } = deps;
  let verdicts: readonly Verdict[] | undefined;
  let sources: readonly LocalServerSource[] = [];
  let paths: ReturnType<typeof searchPath> | undefined;
  const digestFile = join(stateDir, 'digest.sealed');
  const kept = openKeptDigests({
    read: () => readIfThere(digestFile),
    write: (text) => writePrivate(digestFile, text),
    sealer: deps.sealer,
    onError: (err) => logger.warn({ err }, 'digests of files are not kept'),
  });
  const hashing = kept.then((known) => createHasher(known));

  const resolve = async (source: LocalServerSource): Promise<Launch> => {
    const { LocalServerPackageRoots, LocalServerInstall, CACertificateFile } = deps.profile().profile;
    return resolveLaunch(source, {
      home,
      platform,
      environment: env,
      searchPath: await (paths ??= searchPath({ home: deps.ownHome, platform, env, shell: deps.shell, signal })),
      packageRoots: LocalServerPackageRoots,
      install: LocalServerInstall,
      stateDir,
      node: deps.node,
      caFile: CACertificateFile,
      hasher: await hashing,
      signal,
    });
  };
  const maySpawn = ({ source, fingerprint }: { source: LocalServerSource; fingerprint: Fingerprint }): Fault | undefined => {
    const { profile, broken } = deps.profile();
    // a list of what is denied that can't be read denies everything
    if (broken.has('DeniedLocalServerCommands')) return new Fault('SERVER_DENIED', { server: source.server, by: brokenList });
    return sanction({ profile, verdicts: verdicts ?? [], source, fingerprint });
  };
  let first: 'awaited' | 'late' | 'over' = 'awaited';
  let changed = Promise.withResolvers<void>();
  let gathering: NodeJS.Timeout | undefined;
  let told = '';
  const offersNow = (): readonly Offer[] | undefined => {
    const offers = launches.offers();
    return first === 'over' || (first === 'late' && offers.length > 0) ? offers : undefined;
  };
  const tellNews = (): void => {
    gathering = undefined;
    const text = JSON.stringify(offersNow());
    if (text === undefined || text === told || signal.aborted) return;
    told = text;
    deps.onOffers();
  };
  const onChange = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
    gathering ??= setTimeout(tellNews, gatherMs).unref();
  };
  const firstIs = (now: 'late' | 'over'): void => {
    first = now;
    onChange();
  };
  const firstTimer = setTimeout(firstIs, firstWithinMs, 'late').unref();
  const launches = createLaunches({ resolve, sanction: maySpawn, health: () => running.health(), onChange, logger });
  const running = createPool({
    launches: () => launches.current,
    sanction: maySpawn,
    limits,
    stateDir,
    logger,
    now: Date.now,
    elapsed: () => performance.now(),
    onContentChanged: deps.onContentChanged,
  });
  const isUndecided = (launch: Launch): boolean => verdicts === undefined && maySpawn(launch)?.code === 'SERVER_NOT_APPROVED';
  const mayOpen = (server: Slug): boolean => {
    if (signal.aborted) return true;
    if (!launches.isKnown(server)) return first !== 'awaited';
    const isDelegated = deps.profile().profile.LocalServerApproval === 'gateway';
    return !isDelegated || !launches.current.some((launch) => launch.source.server === server && isUndecided(launch));
  };
  const untilItMay = async (server: Slug): Promise<void> => {
    const over = new AbortController();
    const late = wait(firstWithinMs, true, { ref: false, signal: over.signal }).catch(() => true);
    let isLate = false;
    while (!isLate && !mayOpen(server)) isLate = await Promise.race([late, changed.promise.then(() => false)]);
    over.abort();
  };
  const open: Pool['open'] = async (server, ...of) => {
    if (!mayOpen(server)) await untilItMay(server);
    return running.open(server, ...of);
  };
  const pool = createSanctionedPool({ ...running, open }, (server, fingerprint) => launches.refusal(server, fingerprint), logger);
  const mustBeKnown = (server: Slug): void => {
    if (sources.some((source) => source.server === server)) return;
    throw new Fault('NAME_UNKNOWN', { what: 'local server', name: server, hint: '"drawbridge status" lists them.' });
  };

  return {
    pool,
    offers: offersNow,
    judged(said) {
      verdicts = said;
      onChange();
    },
    async resolve(taken) {
      sources = sourcesOf(deps.profile().profile, taken);
      if (!(await launches.resolve(sources))) return;
      clearTimeout(firstTimer);
      firstIs('over');
      clearTimeout(gathering);
      gathering = undefined;
      told = JSON.stringify(launches.offers());
      deps.onOffers();
    },
    look() {
      pool.check();
      return launches.view();
    },
    async restart(server) {
      mustBeKnown(server);
      await pool.end(server, new Fault('SERVER_EXITED', { server, how: 'it was restarted by its user', stderr: '(none)' }));
      running.forgive(server);
    },
    log(server) {
      mustBeKnown(server);
      return running.log(server);
    },
    logs: () => Object.fromEntries(sources.map(({ server }) => [server, running.log(server)])),
    secrets: () => sources.flatMap(({ line }) => [...Object.values(line.env), ...secretsIn(line.args)]),
    async close() {
      clearTimeout(firstTimer);
      firstIs('over');
      clearTimeout(gathering);
      await pool.close();
      await (await kept).close();
    },
  };
}
