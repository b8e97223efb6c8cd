// Sends a batch, and where the far end does not take it as it is, finds the records that it will not take and sends the others around them.
// The rule: a record counts as one that is not taken only where others of the same batch are; a far end that takes nothing is set up wrong, and nothing is set aside.
import type { Outcome } from './receiver.ts';

export interface Sent {
  /** How many of the first of them are done: delivered, or to be set aside. */
  readonly settled: number;
  readonly delivered: number;
  readonly rejected: number;
  readonly asideAt: readonly { readonly index: number; readonly reason: string }[];
  /** Why the others are not done. */
  readonly later?: { readonly reason: string; readonly afterMs?: number };
  /** What the far end took and dropped, in words. */
  readonly complaint?: string;
}

/** Refusals in a row with nothing taken, until the far end is believed to take nothing: as many as it takes to come down to one record of 65,536. */
const refusalsWithNothingTaken = 18;
const refusalsAtMost = 200;

export async function sendAround<T>(items: readonly T[], deliver: (part: readonly T[]) => Promise<Outcome>): Promise<Sent> {
  const waiting: [from: number, to: number][] = [[0, items.length]];
  const asideAt: { index: number; reason: string }[] = [];
  let [settled, delivered, rejected, refusals] = [0, 0, 0, 0];
  let later: Sent['later'];
  let complaint: string | undefined;
  let reason = '';
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const [from, to] = part;
    const outcome = await deliver(items.slice(from, to));
    if (outcome.kind === 'later') {
      later = outcome;
      break;
    }
    if (outcome.kind === 'delivered') {
      settled = to;
      delivered += to - from;
      rejected += outcome.rejected?.count ?? 0;
      complaint = outcome.rejected?.reason ?? complaint;
      continue;
    }
    reason = outcome.reason;
    if (++refusals > (delivered === 0 ? refusalsWithNothingTaken : refusalsAtMost)) {
      later = { reason };
      break;
    }
    if (to - from === 1) {
      asideAt.push({ index: from, reason });
      settled = to;
    } else {
      const middle = (from + to) >> 1;
      waiting.push([middle, to], [from, middle]);
    }
  }
  const said = complaint === undefined ? {} : { complaint };
  if (delivered === 0 && asideAt.length > 0)
    return { settled: 0, delivered, rejected, asideAt: [], later: later ?? { reason }, ...said };
  return { settled, delivered, rejected, asideAt, ...(later && { later }), ...said };
}
