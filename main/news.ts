// What is worth a notification: the difference between two states of the agent. Pure; each thing has a key, so that it is told once.
import type { AgentCall, AgentState } from '#contract/agent.ts';
import type { Section } from '#contract/ipc.ts';
import { hostsToRestart, restartWords, standingOf } from '#contract/standing.ts';

export interface News {
  readonly key: string;
  readonly title: string;
  readonly body: string;
  /** Where a click leads. */
  readonly section: Section;
}

/** Half a second of clocks and timers between a pause's end and the state that says so. */
const endsWithinMs = 2_000;

/** `before`: the last state that was known; the first one is no news. */
export function newsBetween(before: AgentState | undefined, after: AgentState, nowMs: number): readonly News[] {
  if (!before) return [];
  const waited = new Set(hostsToRestart(before).map(({ id }) => id));
  const restarts = hostsToRestart(after)
    .filter(({ id }) => !waited.has(id))
    .map((host) => ({
      key: `restart ${host.id} ${host.needsRestart?.since}`,
      title: restartWords(host),
      body: `Its MCP servers were changed. ${host.title} uses the change after that.`,
      section: 'hosts' as const,
    }));
  return [...restarts, ...revocation(before, after, nowMs), ...pauseEnd(before, after, nowMs)];
}

function revocation(before: AgentState, after: AgentState, nowMs: number): News[] {
  const standing = (state: AgentState) => standingOf({ kind: 'running', state }, nowMs);
  const now = standing(after);
  if (now.kind !== 'revoked' || standing(before).kind === 'revoked') return [];
  return [{ key: `revoked ${now.since}`, title: 'This device was revoked', body: now.advice ?? now.headline, section: 'status' }];
}

function pauseEnd(before: AgentState, after: AgentState, nowMs: number): News[] {
  // Who resumes by hand knows it.
  if (!before.paused || after.paused || nowMs < before.paused.until - endsWithinMs) return [];
  return [
    {
      key: `pause ${before.paused.since}`,
      title: 'The pause is over',
      body: 'Drawbridge connects again, and your AI hosts reach their servers.',
      section: 'status',
    },
  ];
}

/** Calls that were refused since then, the newest first. */
export function refusedSince(before: AgentState | undefined, after: AgentState): readonly AgentCall[] {
  if (!before) return [];
  const known = new Set(before.calls.map(({ id }) => id));
  return after.calls.filter(({ id, decision }) => decision === 'refused' && !known.has(id));
}

/** One notification for all of them. */
export function refusedNews(calls: readonly AgentCall[]): News | undefined {
  const [first] = calls;
  if (!first) return undefined;
  const names = [...new Set(calls.map(callName))];
  const listed = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
  return {
    key: `refused ${names.toSorted().join(' ')} ${[...new Set(calls.map(({ code }) => code))].join(' ')}`,
    title: calls.length === 1 ? 'A call was refused' : `${calls.length} calls were refused`,
    body: calls.length === 1 && first.message !== undefined ? `${listed}: ${first.message}` : listed,
    section: 'calls',
  };
}

/** `filesystem: read_file`, or the method where there is no tool. */
export function callName({ server, tool, method }: AgentCall): string {
  return [server, tool ?? method].filter((part) => part !== undefined).join(': ');
}
