// The AI hosts of this home: looked at, and in enforce mode made to name only the gateway. Runs at start, when a config's directory changes, and from time to time.
// Rule: one scan at a time; one that is asked for meanwhile follows it.
import { realpath } from 'node:fs/promises';
import type { Logger } from 'pino';
import { hosts as knownHosts } from '#contract/host-table.ts';
import type { Platform } from '#contract/host.ts';
import type { FoundFile, HostState } from '#contract/host-report.ts';
import type { Finding } from '#contract/finding.ts';
import type { Slug } from '#contract/id.ts';
import type { Sealer } from '#contract/secret.ts';
import { converge } from './host/converge.ts';
import { knownAs } from './config-watch.ts';
import { contentOf } from './host/file.ts';
import { foldersOf, placesOf } from './host/place.ts';
import type { Layout } from './host/layout.ts';
import { discover } from './host/plan.ts';
import type { Projects } from './host/project.ts';
import { neededRestarts, withRestarts } from './host/restart.ts';

/** What the entries of hosts are to lead to, and how. */
export interface HostsAim {
  readonly gatewayOrigin: string;
  readonly gateway: Slug;
  readonly layout: Layout;
}

/** What the profile and the gateway ask for now. */
export interface ScanAim {
  readonly managedHosts: '*' | readonly string[];
  /** Hosts that the user undid: looked at, never changed. */
  readonly undone: ReadonlySet<string>;
  /** Absent: nothing is changed. */
  readonly enforce?: HostsAim;
  /** Known without `enforce` too: our own entries are told from tampered ones by it. */
  readonly ours?: HostsAim;
  readonly projects: Projects;
}

export interface ScanDeps {
  readonly home: string;
  readonly stateDir: string;
  readonly platform: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly launcher: string;
  readonly sealer: Sealer;
  readonly now: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export interface Scanned {
  readonly hosts: HostState[];
  /** Path -> what was decided on, as knownAs names it, undefined where no file stood: anything else is news. */
  readonly known: ReadonlyMap<string, string | undefined>;
  readonly findings: Finding[];
  /** Something could not be set right for a reason that may pass: when to scan again. */
  readonly againInMs?: number;
}

type Seen = Pick<FoundFile, 'path' | 'state' | 'sha256'>;

/** One look, and in enforce mode one convergence before it. */
export async function scan(aim: ScanAim, deps: ScanDeps): Promise<Scanned> {
  const { home, stateDir, platform, env, launcher, logger, signal } = deps;
  const { projects } = aim;
  const told: Finding[] = [];
  const decided = new Map<string, Seen>();
  const again: number[] = [];
  if (aim.enforce) {
    const hosts = knownHosts.filter(({ id }) => !aim.undone.has(id));
    const report = await converge({ ...deps, ...aim.enforce, hosts, managedHosts: aim.managedHosts, projects, signal });
    for (const file of report.files)
      if (file.isWritten) logger.info({ host: file.host, moves: file.moves.length }, 'host config rewritten');
    told.push(...report.findings);
    for (const file of report.files) {
      decided.set(file.path, file);
      // one file under two paths was decided on under one of them
      decided.set(await realPathOf(file.path), file);
      if (file.againInMs !== undefined) again.push(file.againInMs);
    }
  }
  const managed = managedOf(aim.managedHosts);
  const around = { home, stateDir, platform, env, hosts: managed, projects };
  const found = await discover(aim.ours ? { ...around, ours: { launcher, ...aim.ours } } : around);
  // converge says more than a look can: what was set right, and what is fought over
  const isConverged = (host: string, scope: 'user' | 'project'): boolean =>
    aim.enforce !== undefined && !aim.undone.has(host) && (scope === 'user' || projects.mode === 'converge');
  const seen = found.flatMap(({ id, files }) => files.filter(({ scope }) => !isConverged(id, scope)));
  const findings = [...told, ...seen.flatMap((file) => file.findings)];
  const undone = managed.filter(({ id }) => aim.undone.has(id)).map(({ id }): Finding => ({ code: 'undone_by_user', host: id }));
  // What was changed, or appeared, between the two is not what was decided on: the watch finds it.
  const knownOf = async (host: string, file: FoundFile): Promise<Seen> => {
    const seenFirst = decided.get(file.path) ?? decided.get(await realPathOf(file.path));
    if (seenFirst !== undefined) return { ...seenFirst, path: file.path };
    return isConverged(host, file.scope) ? { path: file.path, state: 'missing' } : file;
  };
  const known = await hashesOf(await Promise.all(found.flatMap(({ id, files }) => files.map((file) => knownOf(id, file)))));
  const hosts = withRestarts(found, await neededRestarts({ ...deps, hosts: managed }));
  return { hosts, known, findings: [...undone, ...findings], ...(again.length > 0 ? { againInMs: Math.min(...again) } : {}) };
}

const realPathOf = (path: string): Promise<string> => realpath(path).catch(() => path);

/** Path -> what was seen there, as knownAs names it. */
export async function hashesOf(files: readonly Seen[]): Promise<ReadonlyMap<string, string | undefined>> {
  // what a scan may not read has a content all the same
  const hashOf = async ({ path, state, sha256 }: Seen): Promise<string | undefined> => {
    if (state === 'missing') return undefined;
    return sha256 === undefined ? knownAs(await contentOf(path)) : knownAs({ sha256, isReadonly: state === 'readonly' });
  };
  return new Map(await Promise.all(files.map(async (file) => [file.path, await hashOf(file)] as const)));
}

/** Where configs of the managed hosts may stand now, for whoever watches them. */
export async function watchedPlaces(
  managedHosts: ScanAim['managedHosts'],
  deps: Pick<ScanDeps, 'home' | 'platform' | 'env'>,
): Promise<{ readonly files: readonly string[]; readonly folders: readonly string[] }> {
  const managed = managedOf(managedHosts);
  const files = await Promise.all(managed.map((spec) => placesOf(spec, deps, true)));
  return { files: files.flat(), folders: managed.flatMap((spec) => foldersOf(spec, deps)) };
}

function managedOf(managedHosts: ScanAim['managedHosts']): typeof knownHosts {
  return knownHosts.filter(({ id }) => managedHosts === '*' || managedHosts.includes(id));
}
