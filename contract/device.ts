// How a device stands, by what it told of its posture last and when. Pure; the rollout, the admin API and alerts say the same of it.
// The rule: it is a device's own word, and what can't be seen from here is said to be so: it never counts as compliant.
import { z } from 'zod';
import { findingOf, FindingCode } from './finding.ts';
import { heartbeatsUntilStale } from './posture.ts';
import type { PostureSummary } from './posture-summary.ts';

/**
 * `converged`: its AI hosts name only the gateway, and that is enforced; `observing`: so it is, and nothing keeps it so; `off-policy`: something goes past the gateway;
 * `unobservable`: what it is like now can't be seen.
 */
export const DeviceState = z.enum(['converged', 'observing', 'off-policy', 'unobservable']);
export type DeviceState = z.infer<typeof DeviceState>;

export const DeviceStanding = z.object({
  state: DeviceState,
  /** For a person: what is wrong, or since when nothing can be seen. */
  why: z.string(),
  /** What to do about the worst of it; null where that is not known. */
  todo: z.string().nullable(),
  /** When it told, ms since 1970; null where it never did. */
  toldAt: z.number().int().nullable(),
  /** Whole days that it has been silent, from when it should have spoken again; null where it never spoke. */
  silentDays: z.number().int().nullable(),
});
export type DeviceStanding = z.infer<typeof DeviceStanding>;

/** What its posture says, whenever that was; undefined where it says nothing of it. */
export function verdictOf({ status, mode, findings }: PostureSummary): 'converged' | 'observing' | 'off-policy' | undefined {
  if (status === 'unknown' || status === 'stopped') return undefined;
  if (status === 'noncompliant' || findings.some(({ severity }) => severity === 'high')) return 'off-policy';
  return mode === 'observe' ? 'observing' : 'converged';
}

const dayMs = 86_400_000;

export function standingOf(
  told: { readonly posture: PostureSummary; readonly at: number } | undefined,
  now: number,
): DeviceStanding {
  if (!told) {
    const why = 'it never told its posture: its bridge is older, or it was not there since it was enrolled';
    return { state: 'unobservable', why, todo: null, toldAt: null, silentDays: null };
  }
  const { posture, at } = told;
  const silentMs = now - at - heartbeatsUntilStale * posture.heartbeatSeconds * 1000;
  const since = { toldAt: at, silentDays: Math.max(Math.floor(silentMs / dayMs), 0) };
  const verdict = verdictOf(posture);
  // What it said stays wrong until it says otherwise, also where it is silent.
  if (verdict === 'off-policy' || verdict === 'observing')
    return { state: verdict, why: `${reasonsOf(posture)}, told at ${timeOf(at)}`, todo: adviceOf(posture), ...since };
  const unseen = (why: string): DeviceStanding => ({ state: 'unobservable', why, todo: null, ...since });
  if (silentMs > 0) return unseen(`it is silent since ${timeOf(at)}`);
  if (posture.status === 'stopped') return unseen(`its agent was stopped at ${timeOf(at)}`);
  if (verdict === undefined) return unseen('it does not know its own state yet');
  return { state: 'converged', why: 'converged', todo: null, ...since };
}

/** The codes of what is wrong, the worst first. */
export function reasonsOf({ status, mode, findings, drifted }: PostureSummary): string {
  const codes = findings
    .filter(({ severity }) => severity === 'high')
    .map(({ code, count }) => `${code}${count > 1 ? ` x ${count}` : ''}`);
  const reasons = [
    ...(mode === 'observe' ? ['it only observes'] : []),
    ...codes,
    ...(drifted > 0 ? [`${drifted} ${drifted === 1 ? 'config' : 'configs'} drifted`] : []),
  ];
  return reasons.join(', ') || status;
}

/** What to do about the worst finding. */
export function adviceOf({ findings }: PostureSummary): string | null {
  const known = FindingCode.safeParse(findings[0]?.code);
  return known.success ? findingOf(known.data).action : null;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
