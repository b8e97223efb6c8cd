// The AI hosts of this home: looked at, and in enforce mode made to name only the gateway. Runs at start, when a config's directory changes, and from time to time.
// Rule: one scan at a time; one that is asked for meanwhile follows it.
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { hosts as knownHosts } from '#contract/host-table.ts';
import type { Platform } from '#contract/host.ts';
import type { HostState } from '#contract/host-report.ts';
import type { Finding } from '#contract/finding.ts';
import type { Slug } from '#contract/id.ts';
import type { Sealer } from '#contract/secret.ts';
import { converge } from './host/converge.ts';
import { discover } from './host/plan.ts';

/** What the profile and the gateway ask for now. */
export interface ScanAim {
  readonly managedHosts: '*' | readonly string[];
  /** Hosts that the user undid: looked at, never changed. */
  readonly undone: ReadonlySet<string>;
  /** Absent: nothing is changed. */
  readonly enforce?: { readonly gatewayOrigin: string; readonly gateway: Slug };
  /** Known without `enforce` too: our own entries are told from tampered ones by it. */
  readonly ours?: { readonly gatewayOrigin: string; readonly gateway: Slug };
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
  readonly findings: Finding[];
}

/** One look, and in enforce mode one convergence before it. */
export async function scan(aim: ScanAim, deps: ScanDeps): Promise<Scanned> {
  const { home, platform, env, launcher, logger, signal } = deps;
  const told: Finding[] = [];
  if (aim.enforce) {
    const hosts = knownHosts.filter(({ id }) => !aim.undone.has(id));
    const report = await converge({ ...deps, ...aim.enforce, hosts, managedHosts: aim.managedHosts, signal });
    for (const file of report.files)
      if (file.isWritten) logger.info({ host: file.host, moves: file.moves.length }, 'host config rewritten');
    told.push(...report.findings);
  }
  const managed = knownHosts.filter(({ id }) => aim.managedHosts === '*' || aim.managedHosts.includes(id));
  const around = { home, platform, env, hosts: managed };
  const found = await discover(aim.ours ? { ...around, ours: { launcher, ...aim.ours } } : around);
  // converge says more than a look can: what was set right, and what is fought over
  const seen = found.filter(({ id }) => !aim.enforce || aim.undone.has(id));
  const findings = [...told, ...seen.flatMap(({ files }) => files.flatMap((file) => file.findings))];
  const undone = managed.filter(({ id }) => aim.undone.has(id)).map(({ id }): Finding => ({ code: 'undone_by_user', host: id }));
  return { hosts: [...found], findings: [...undone, ...findings] };
}

const dampMs = 1_000;

/** Calls `onChange` some time after something changed in a directory that holds a config. */
export function watchConfigs(
  onChange: () => void,
  logger: Logger,
): { follow(hosts: readonly HostState[]): Promise<void>; close(): void } {
  const watchers = new Map<string, FSWatcher>();
  let damper: NodeJS.Timeout | undefined;
  let isClosed = false;
  const soon = (): void => {
    if (isClosed || damper) return;
    damper = setTimeout(() => {
      damper = undefined;
      onChange();
    }, dampMs).unref();
  };
  return {
    async follow(hosts) {
      const names = new Map<string, Set<string>>();
      for (const { path } of hosts.flatMap(({ files }) => files)) {
        const directory = dirname(path);
        names.set(directory, (names.get(directory) ?? new Set()).add(path.slice(directory.length + 1)));
      }
      const there = await Promise.all(
        [...names.keys()].map(async (directory) => ((await isDirectory(directory)) ? [directory] : [])),
      );
      if (isClosed) return;
      const wanted = new Set(there.flat());
      for (const [directory, watcher] of watchers)
        if (!wanted.has(directory)) {
          watcher.close();
          watchers.delete(directory);
        }
      for (const directory of wanted) {
        if (watchers.has(directory)) continue;
        const own = names.get(directory);
        try {
          const watcher = watch(directory, { persistent: false }, (_, name) => {
            if (name === null || own?.has(name) === true) soon();
          });
          watcher.on('error', () => {
            watcher.close();
            watchers.delete(directory);
          });
          watchers.set(directory, watcher);
        } catch (error) {
          logger.warn({ err: error }, 'host config not watched');
        }
      }
    },
    close() {
      isClosed = true;
      clearTimeout(damper);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
