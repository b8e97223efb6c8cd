// Which AI hosts still work with an old config: they read it at their start or at the start of a session, and ran already when we changed it.
// Rule: it is over when those processes are, and not before; nobody has to say so, and no clock has a say in it.
import type { HostState } from '#contract/host-report.ts';
import type { HostSpec, Platform } from '#contract/host.ts';
import { maxRanThen, readLedger } from './ledger.ts';
import { runningHosts } from './running.ts';

export interface RestartQuestion {
  readonly stateDir: string;
  readonly home: string;
  readonly platform: Platform;
  readonly hosts: readonly HostSpec[];
}

const readsLate = ({ reload }: HostSpec): boolean => reload === 'host_restart' || reload === 'new_session';

/** The processes that read this host's files before now and not again, for the ledger. */
export async function readersOf(spec: HostSpec, of: Pick<RestartQuestion, 'home' | 'platform'>): Promise<readonly string[]> {
  return readsLate(spec) ? (await runningHosts([spec], of)).slice(0, maxRanThen).map(({ start }) => start) : [];
}

/** Host -> when its file was changed last (ms since 1970), for those that must be restarted. */
export async function neededRestarts(question: RestartQuestion): Promise<ReadonlyMap<string, number>> {
  const { files } = await readLedger(question.stateDir);
  const late = question.hosts.filter(readsLate);
  const read = files.filter(({ host, ranThen = [] }) => ranThen.length > 0 && late.some(({ id }) => id === host));
  if (read.length === 0) return new Map();
  const running = await runningHosts(late, question);
  const needed = new Map<string, number>();
  for (const { host, writtenAt = 0, ranThen = [] } of read)
    if (running.some((one) => one.host === host && ranThen.includes(one.start)))
      needed.set(host, Math.max(writtenAt, needed.get(host) ?? 0));
  return needed;
}

export function withRestarts(hosts: readonly HostState[], needed: ReadonlyMap<string, number>): HostState[] {
  return hosts.map((host) => {
    const since = needed.get(host.id);
    const { needsRestart, ...others } = host;
    if (since === undefined) return needsRestart === undefined ? host : others;
    return { ...others, needsRestart: { since } };
  });
}
