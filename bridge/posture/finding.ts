// Findings over time: when each was first and last seen, and which were set right. What is wrong now comes in, what the status file says goes out.
// Rule: the same thing wrong keeps its id for as long as it is wrong; fixed ones are told for a day, then forgotten.
import { createHash } from 'node:crypto';
import { findingOf } from '#contract/finding.ts';
import type { Finding } from '#contract/finding.ts';
import type { PostureFinding } from '#contract/posture.ts';

const fixedForMs = 24 * 60 * 60 * 1000;
const rank = { high: 0, medium: 1, low: 2 } as const;

/** The findings now, the worst first. `before`: as they stood in the last status file. */
export function track(now: readonly Finding[], before: readonly PostureFinding[], nowMs: number): readonly PostureFinding[] {
  const at = new Date(nowMs).toISOString();
  const known = new Map(before.map((finding) => [finding.id, finding]));
  const open = new Map<string, PostureFinding>();
  for (const { detail: _, ...finding } of now) {
    const id = findingId(finding);
    const seen = known.get(id);
    const first = seen?.state === 'open' ? seen.first_seen : at;
    open.set(id, { id, ...finding, severity: findingOf(finding.code).severity, first_seen: first, last_seen: at, state: 'open' });
  }
  const fixed = before
    .filter(({ id, last_seen }) => !open.has(id) && nowMs - Date.parse(last_seen) < fixedForMs)
    .map((finding): PostureFinding => ({ ...finding, state: 'fixed' }));
  return [...open.values(), ...fixed].toSorted(
    (a, b) => Number(a.state === 'fixed') - Number(b.state === 'fixed') || rank[a.severity] - rank[b.severity],
  );
}

/** What it is about, without the words. */
function findingId({ code, host, path, setting, server }: Finding): string {
  const about = JSON.stringify([code, host, path, setting, server?.name, server?.kind, server?.address]);
  return createHash('sha256').update(about).digest('hex').slice(0, 16);
}
