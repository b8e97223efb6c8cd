// Sends a batch, and where the far end does not take it as it is, finds the records that it will not take and sends the others around them.
// The rule: a record counts as one that is not taken only where the far end takes others; one that takes nothing is set up wrong, and nothing is set aside.
import type { Outcome } from './receiver.ts';

export interface Sent {
  /** How many of the first of them are done: delivered, or to be set aside. Those behind them are the next batch's where `later` does not say why not. */
  readonly settled: number;
  readonly delivered: number;
  readonly rejected: number;
  readonly asideAt: readonly { readonly index: number; readonly reason: string }[];
  /** Why the others are not done. */
  readonly later?: { readonly reason: string; readonly afterMs?: number };
  /** What the far end took and dropped, in words. */
  readonly complaint?: string;
}
export interface FarEnd<T> {
  deliver(part: readonly T[]): Promise<Outcome>;
  /** Whether it takes anything at all now: asked once, where it takes nothing of the batch. */
  takesOthers(): Promise<boolean>;
  /** How many more may be set aside. */
  room(): Promise<number>;
}

/** Refusals in a row with nothing taken, until it is asked whether anything is: as many as it takes to come down to one record of 65,536. */
const refusalsWithNothingTaken = 18;
/** In one batch: what else is not taken is found in the next one. */
const refusalsAtMost = 200;

export async function sendAround<T>(items: readonly T[], { deliver, takesOthers, room }: FarEnd<T>): Promise<Sent> {
  const waiting: [from: number, to: number][] = [[0, items.length]];
  const asideAt: { index: number; reason: string }[] = [];
  let [settled, delivered, rejected, refusals] = [0, 0, 0, 0];
  let isTaking = false;
  let left: number | undefined;
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
      isTaking = true;
      settled = to;
      delivered += to - from;
      rejected += outcome.rejected?.count ?? 0;
      complaint = outcome.rejected?.reason ?? complaint;
      continue;
    }
    reason = outcome.reason;
    // Those at the head may all be ones that it will not take: then they would stop whatever comes behind them for good.
    if (++refusals > refusalsWithNothingTaken) isTaking ||= await takesOthers();
    if (refusals > refusalsWithNothingTaken && !isTaking) {
      later = { reason };
      break;
    }
    if (refusals > refusalsAtMost) break;
    if (to - from > 1) {
      const middle = (from + to) >> 1;
      waiting.push([middle, to], [from, middle]);
      continue;
    }
    left ??= await room();
    if (asideAt.length >= left) {
      later = { reason: `no more records can be set aside: see to them first (${reason})` };
      break;
    }
    asideAt.push({ index: from, reason });
    settled = to;
  }
  const said = complaint === undefined ? {} : { complaint };
  if (asideAt.length > 0 && later === undefined) isTaking ||= await takesOthers();
  if (asideAt.length > 0 && !isTaking)
    return { settled: 0, delivered, rejected, asideAt: [], later: later ?? { reason }, ...said };
  return { settled, delivered, rejected, asideAt, ...(later && { later }), ...said };
}
