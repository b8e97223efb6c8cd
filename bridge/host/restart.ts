// Which AI hosts still work with an old config: they read it at their start or at the start of a session, and run since before we changed it.
// Rule: it is over when that process is, and not before; nobody has to say so.
import type { HostState } from '#contract/host-report.ts';
import type { HostSpec, Platform } from '#contract/host.ts';
import { readLedger } from './ledger.ts';
import { runningHosts } from './running.ts';

export interface RestartQuestion {
  readonly stateDir: string;
  readonly home: string;
  readonly platform: Platform;
  readonly hosts: readonly HostSpec[];
}

/** Host -> when its file was changed last (ms since 1970), for those that must be restarted. */
export async function neededRestarts(question: RestartQuestion): Promise<ReadonlyMap<string, number>> {
  const { files } = await readLedger(question.stateDir);
  const slow = question.hosts.filter(({ reload }) => reload === 'host_restart' || reload === 'new_session');
  const changed = new Map<string, number>();
  for (const { host, writtenAt } of files)
    if (writtenAt !== undefined && slow.some(({ id }) => id === host))
      changed.set(host, Math.max(writtenAt, changed.get(host) ?? 0));
  if (changed.size === 0) return changed;
  const running = await runningHosts(slow, question);
  return new Map([...changed].filter(([host, at]) => running.some((one) => one.host === host && one.startedAt < at)));
}

export function withRestarts(hosts: readonly HostState[], needed: ReadonlyMap<string, number>): HostState[] {
  return hosts.map((host) => {
    const since = needed.get(host.id);
    const { needsRestart, ...others } = host;
    if (since === undefined) return needsRestart === undefined ? host : others;
    return { ...others, needsRestart: { since } };
  });
}
