// The local servers of this device: where they come from, what they resolve to, and how each stands. What is resolved here is what the pool may start and the
// tunnel offers. Rule: a server that doesn't resolve takes no other down, and one that takes long keeps no other waiting; what fails is a finding.
import type { Logger } from 'pino';
import type { AgentServer } from '#contract/agent.ts';
import { Fault } from '#contract/error.ts';
import type { Finding } from '#contract/finding.ts';
import type { Profile } from '#contract/profile.ts';
import type { Fingerprint } from '#contract/id.ts';
import { Slug } from '#contract/id.ts';
import type { LocalServerSource, Offer } from '#contract/server.ts';
import { programOf } from './host/shape.ts';
import { offerOf } from './server/launch.ts';
import type { Launch } from './server/launch.ts';
import type { ServerHealth } from './server/running.ts';

export interface LaunchesDeps {
  resolve(source: LocalServerSource): Promise<Launch>;
  sanction(launch: Launch): Fault | undefined;
  health(): readonly ServerHealth[];
  /** What stands is other than before; others may still be resolving. */
  readonly onChange: () => void;
  readonly logger: Logger;
}

export interface Launches {
  /** What could run now. */
  readonly current: readonly Launch[];
  offers(): readonly Offer[];
  /** Whether every source of this server was resolved or failed, now or earlier. */
  isKnown(server: Slug): boolean;
  /**
   * Resolves these sources, and no others stand any more. Each server is what it was until all of its own sources resolved or failed. Resolves when those of
   * all did; false where another call came later.
   */
  resolve(sources: readonly LocalServerSource[]): Promise<boolean>;
  /** Why a child of this fingerprint may no longer run. A server that can't be resolved just now is no reason. */
  refusal(server: Slug, fingerprint: Fingerprint): Fault | undefined;
  /** How each stands now. */
  view(): { readonly servers: AgentServer[]; readonly findings: Finding[] };
}

const atOnce = 4;

export function createLaunches(deps: LaunchesDeps): Launches {
  let outcomes: readonly Outcome[] = [];
  let newest = 0;

  return {
    get current() {
      return outcomes.flatMap(({ launch }) => (launch ? [launch] : []));
    },
    offers: () => outcomes.flatMap(({ launch }) => (launch ? [offerOf(launch)] : [])),
    isKnown: (server) => outcomes.some(({ source }) => source.server === server),
    async resolve(sources) {
      const round = ++newest;
      const next = new Map<LocalServerSource, Outcome>();
      const servers = [...new Set(sources.map(({ server }) => server))];
      const show = (): void => {
        const before = outcomes;
        outcomes = servers.flatMap((server) => {
          const own = sources.filter((source) => source.server === server);
          const now = own.flatMap((source) => next.get(source) ?? []);
          return now.length === own.length ? now : before.filter(({ source }) => source.server === server);
        });
        deps.onChange();
      };
      // what nobody names any more is gone at once
      show();
      const queue = [...sources];
      const work = async (): Promise<void> => {
        for (let source = queue.shift(); source && round === newest; source = queue.shift()) {
          const outcome = await outcomeOf(source, deps);
          if (round !== newest) return;
          next.set(source, outcome);
          show();
        }
      };
      await Promise.all(Array.from({ length: Math.min(atOnce, sources.length) }, work));
      return round === newest;
    },
    refusal(server, fingerprint) {
      const same = outcomes.filter(({ source }) => source.server === server);
      const own = same.find(({ launch }) => launch?.fingerprint === fingerprint);
      if (own?.launch) return deps.sanction(own.launch);
      return same.some(({ launch }) => !launch) ? undefined : new Fault('SERVER_NOT_OFFERED', { server });
    },
    view() {
      const health = deps.health();
      const servers = outcomes.map((outcome) => standing(outcome, health, deps));
      const findings = outcomes.flatMap((outcome, index) => {
        const server = servers[index];
        return server ? findingsOf(outcome, server) : [];
      });
      return { servers, findings: [...findings, ...conflicts(outcomes)] };
    },
  };
}

/** The profile's servers first: where a host's entry is the same line under the same name, it is the profile's. */
export function sourcesOf(profile: Profile, taken: readonly LocalServerSource[]): readonly LocalServerSource[] {
  const listed = Object.entries(profile.LocalServers).flatMap(([name, line]): LocalServerSource[] => {
    const server = Slug.safeParse(name);
    if (!server.success) return [];
    const same = taken.filter((source) => source.server === server.data && isSame(source, line));
    return [{ server: server.data, line, hosts: [...new Set(same.flatMap(({ hosts }) => hosts))], origin: 'profile' }];
  });
  const others = taken.filter((source) => !listed.some((own) => own.server === source.server && isSame(source, own.line)));
  return [...listed, ...others];
}

interface Outcome {
  readonly source: LocalServerSource;
  readonly launch?: Launch;
  readonly fault?: Fault;
}

async function outcomeOf(source: LocalServerSource, { resolve, logger }: LaunchesDeps): Promise<Outcome> {
  const { server } = source;
  try {
    return { source, launch: await resolve(source) };
  } catch (error) {
    const fault =
      error instanceof Fault ? error : new Fault('SERVER_START_FAILED', { server, reason: 'see the log' }, { cause: error });
    logger.warn({ server, code: fault.code, ...(error instanceof Fault ? {} : { err: error }) }, 'local server not resolved');
    return { source, fault };
  }
}

function standing({ source, launch, fault }: Outcome, health: readonly ServerHealth[], deps: LaunchesDeps): AgentServer {
  const { server, origin, hosts } = source;
  const about = { server, origin, hosts: [...hosts] };
  if (!launch)
    return { ...about, status: 'unresolved', children: 0, ...(fault ? { code: fault.code, detail: fault.message } : {}) };
  const { fingerprint, command } = launch;
  const own = health.find((one) => one.server === server && one.fingerprint === fingerprint);
  const known = { ...about, fingerprint, command, ...(own?.lastError ? { lastError: own.lastError } : {}) };
  const children = own?.pids.length ?? 0;
  const refusal = deps.sanction(launch);
  if (refusal) return { ...known, status: 'refused', children, code: refusal.code, detail: refusal.message };
  if (own && own.backingOffMs > 0)
    return {
      ...known,
      status: 'failing',
      children,
      ...(own.lastCode ? { code: own.lastCode } : {}),
      detail: `It ended ${own.ends} times in a row.`,
    };
  return { ...known, status: children > 0 ? 'running' : 'ready', children };
}

function findingsOf({ source, launch }: Outcome, server: AgentServer): Finding[] {
  const address = programOf(source.line.command);
  const about = {
    name: source.server,
    kind: 'stdio' as const,
    ...(address === undefined ? {} : { address }),
    ...(server.fingerprint === undefined ? {} : { fingerprint: server.fingerprint }),
  };
  const found = (code: Finding['code']): Finding => ({
    code,
    server: about,
    ...(server.detail === undefined ? {} : { detail: server.detail.slice(0, 500) }),
  });
  const unpinned = launch && isUnpinned(launch) ? [{ code: 'unpinned' as const, server: about }] : [];
  const loose = [
    ...unpinned,
    // What IT lists by its line is IT's own word for it.
    ...(launch?.command.isCodeHashed === false && source.origin === 'host'
      ? [{ code: 'code_not_hashed' as const, server: about }]
      : []),
  ];
  switch (server.status) {
    case 'unresolved':
      return [found('server_unresolved')];
    case 'failing':
      return [found('server_failing'), ...loose];
    case 'refused':
      return [found(server.code === 'SERVER_DENIED' ? 'server_denied' : 'server_not_approved'), ...loose];
    case 'ready':
    case 'running':
      return loose;
  }
}

/** A package whose entry names no version: what runs was decided by the registry on the day it was taken over. */
function isUnpinned({ source, command }: Launch): boolean {
  if (command.kind !== 'npm' && command.kind !== 'pypi') return false;
  const { identity } = command;
  return !source.line.args.some((arg) => arg.startsWith(`${identity}@`) || arg.startsWith(`${identity}==`));
}

/** One name, two commands: each host gets its own, but an administrator who reads the name must know. */
function conflicts(outcomes: readonly Outcome[]): Finding[] {
  const prints = new Map<string, Set<string>>();
  for (const { source, launch } of outcomes)
    if (launch) prints.set(source.server, (prints.get(source.server) ?? new Set()).add(launch.fingerprint));
  return [...prints]
    .filter(([, of]) => of.size > 1)
    .map(([name]) => ({ code: 'server_conflict', server: { name, kind: 'stdio' } }));
}

/** Not where part of its environment is unknown: what IT lists has all of its own. */
function isSame(taken: LocalServerSource, listed: LocalServerSource['line']): boolean {
  const text = ({ command, args, env, cwd }: LocalServerSource['line']): string =>
    JSON.stringify([command, args, Object.entries(env).toSorted(([x], [y]) => (x < y ? -1 : 1)), cwd ?? null]);
  return taken.lacks === undefined && text(taken.line) === text(listed);
}
