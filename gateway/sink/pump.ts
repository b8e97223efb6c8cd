// One sink's pump: reads what the sink owes by its own cursor, sends it in batches, and moves the cursor once the far end has them.
// The rule: a record is passed over only where the far end has it, where it was set aside, or where the policy says `skip`; each of the last two is told.
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { repeat } from '../audit/repeat.ts';
import type { Cursors, StoredSink } from '../store/sink.ts';
import type { Store } from '../store/store.ts';
import { sendAround } from './around.ts';
import type { SinkEvent } from './event.ts';
import { type Item, itemOf } from './item.ts';
import { cursorsAfter, missingUpTo, nextPage, type Page } from './page.ts';
import type { Outcome, Receiver } from './receiver.ts';
import { overLimit } from './skip.ts';

export interface PumpDeps {
  readonly sink: StoredSink;
  readonly receiver: Receiver;
  readonly store: Store;
  readonly organization: string;
  /** Who sends: the same after a restart, and no other gateway server's. */
  readonly holder: string;
  readonly record: (event: SinkEvent) => void;
  readonly logger: Logger;
  readonly now: () => number;
  readonly random: () => number;
}
export interface Pump {
  /** Ends what is under way, and gives the lease back. Idempotent. */
  close(): Promise<void>;
}

const lookEveryMs = 500;
const leaseMs = 30_000;
const renewEveryMs = 10_000;
const firstRetryMs = 500;
const longestRetryMs = 60_000;
/** Records that may be set aside; beyond it somebody has to see to them. */
const asideAtMost = 1000;
/** So many of the newest are looked at, and so many records sent, to find out whether the far end takes any. */
const newestAsked = 100;
const othersTried = 4;
/** Failures in a row until it is put on record. */
const failuresTold = 3;
const reportWithinMs = 2_000;
const setAside = 'sink_record_set_aside';
/** What the far end drops is told at most so often: the event of it is sent there too, and may be dropped as well. */
const rejectedToldEveryMs = 60_000;

export function startPump(deps: PumpDeps): Pump {
  const { sink, receiver, store, holder, record, logger, now } = deps;
  const stop = new AbortController();
  let cursors: Cursors | undefined;
  /** Where it owed nothing, and what was written then. */
  let nothing: { readonly from: Cursors; readonly written: string } | undefined;
  let renewedAt = 0;
  let failures = 0;
  let pages = 0;
  let recent: { readonly at: number; readonly from: Cursors }[] = [];
  let rejected = 0;
  let rejectedToldAt = -Infinity;
  /** What the far end took last. */
  let taken: Item | undefined;

  /** Whether this gateway server is the one that sends. */
  async function holds(): Promise<boolean> {
    if (cursors !== undefined && performance.now() - renewedAt < renewEveryMs) return true;
    const at = now();
    const found = await store.sink.lease(sink.id, holder, at, at + leaseMs);
    if (found === undefined) recent = [];
    renewedAt = performance.now();
    cursors = found && (cursors ?? found);
    return cursors !== undefined;
  }

  /** The lease goes on while something slow is sent; where it was lost, the sending ends. */
  function keepLease(): { readonly signal: AbortSignal; readonly end: () => void } {
    const lost = new AbortController();
    const timer = setInterval(() => {
      const at = now();
      store.sink.lease(sink.id, holder, at, at + leaseMs).then(
        (found) => (found === undefined ? lost.abort() : undefined),
        () => undefined,
      );
    }, renewEveryMs);
    return { signal: AbortSignal.any([stop.signal, lost.signal]), end: () => clearInterval(timer) };
  }

  async function report(of: Partial<Parameters<typeof store.sink.report>[2]>): Promise<void> {
    const none = { cursors: new Map(), sent: 0, rejected: 0, skipped: 0, parked: [], error: null, complaint: null, at: now() };
    // Somebody else's now, or the policy names it no more.
    if (!(await store.sink.report(sink.id, holder, { ...none, ...of }))) cursors = undefined;
  }

  /** Sends what comes next. How long to wait until the next turn, in ms. */
  async function turn(): Promise<number> {
    if (!(await holds()) || cursors === undefined) return lookEveryMs;
    const written = await store.lastWrite();
    if (nothing?.from === cursors && nothing.written === written) return lookEveryMs;
    if (sink.config.onFull === 'skip') await skip(cursors);
    const from = cursors;
    const of = (stored: Parameters<typeof itemOf>[0]) => itemOf(stored, sink.config, deps.organization);
    const page = await nextPage({ store, cursors: from, batch: receiver.batch, itemOf: of, number: pages++ });
    if (page.looked === 0) {
      nothing = { from, written };
      return lookEveryMs;
    }
    cursors = new Map([...from, ...page.ends]);
    if (page.items.length > 0) return await send(page, from);
    await report({ cursors: page.ends, skipped: missing(page, page.ends) });
    return 0;
  }

  async function send(page: Page, from: Cursors): Promise<number> {
    const lease = keepLease();
    const sent = await sendAround(page.items, {
      deliver: (part) => deliver(part, lease.signal),
      takesOthers: () => takesOthers(page, lease.signal),
      room: async () => asideAtMost - (await store.sink.parked(sink.id)).length,
    }).finally(lease.end);
    if (stop.signal.aborted && sent.delivered === 0) return 0;
    const parked = sent.asideAt.flatMap(({ index, reason }) => {
      const item = page.items[index];
      return item === undefined
        ? []
        : [{ chain: item.chain, seq: item.seq, reason, isOfThat: item.record['event'] === setAside }];
    });
    const { later } = sent;
    const done = cursorsAfter(page, sent.settled);
    if (sent.delivered > 0 && receiver.rewindMs > 0) remember(from);
    const next = later === undefined ? done : (rewound() ?? done);
    cursors = new Map([...from, ...next]);
    await report({
      cursors: next,
      sent: sent.delivered,
      rejected: sent.rejected,
      skipped: missing(page, done),
      parked: parked.map(({ chain, seq, reason }) => ({ chain, seq, reason })),
      error: later?.reason ?? null,
      complaint: sent.complaint ?? null,
    });
    // The telling of it is sent there too, and may not be taken either: then it is not told again.
    for (const { chain, seq, reason, isOfThat } of parked)
      if (!isOfThat) record({ event: setAside, detail: { sink: sink.slug, chain, seq, reason } });
    if (sent.rejected > 0) tellRejected(sent.rejected, sent.complaint ?? '');
    if (later === undefined) return went();
    return failed(later.reason, later.afterMs);
  }

  /** What can't be written as this kind of sink wants it (somebody may have altered it) must not hold up the others. */
  async function deliver(part: readonly Item[], signal: AbortSignal): Promise<Outcome> {
    try {
      const outcome = await receiver.deliver(part, signal);
      if (outcome.kind === 'delivered') taken = part.at(-1) ?? taken;
      return outcome;
    } catch (error) {
      logger.error({ err: error, sink: sink.slug, records: part.length }, 'records could not be written for a sink');
      return { kind: 'refused', reason: 'it can not be written as this kind of sink wants it' };
    }
  }

  /** By what it took before, or by the newest that it is owed: it comes twice then, with one id. */
  async function takesOthers({ items, ends }: Page, signal: AbortSignal): Promise<boolean> {
    const others = taken === undefined ? [] : [taken];
    for (const stored of await store.newestRecords(newestAsked)) {
      const isBehind = stored.seq > (ends.get(stored.chain) ?? cursors?.get(stored.chain) ?? 0);
      const item = isBehind ? itemOf(stored, sink.config, deps.organization) : undefined;
      if (item !== undefined) others.push(item);
    }
    const last = items.at(-1);
    if (last !== undefined && items.length > 1) others.push(last);
    for (const item of others.slice(0, othersTried)) {
      const { kind } = await deliver([item], signal);
      if (kind !== 'refused') return kind === 'delivered';
    }
    return false;
  }

  function tellRejected(records: number, reason: string): void {
    rejected += records;
    if (performance.now() - rejectedToldAt < rejectedToldEveryMs) return;
    record({ event: 'sink_rejected', detail: { sink: sink.slug, records: rejected, reason } });
    rejected = 0;
    rejectedToldAt = performance.now();
  }

  /** Told where it is passed by for good. */
  function missing(page: Page, done: Cursors): number {
    const records = missingUpTo(page, done);
    if (records > 0) record({ event: 'sink_skipped', detail: { sink: sink.slug, records, why: 'gone' } });
    return records;
  }

  function remember(from: Cursors): void {
    const at = performance.now();
    recent = [...recent.filter((one) => at - one.at <= receiver.rewindMs), { at, from }];
  }

  /** Where it stood before what was delivered lately. */
  function rewound(): Cursors | undefined {
    const at = performance.now();
    const oldest = recent.find((one) => at - one.at <= receiver.rewindMs);
    recent = [];
    return oldest?.from;
  }

  async function skip(from: Cursors): Promise<void> {
    const skipped = await overLimit(store, sink, from);
    if (skipped === undefined) return;
    cursors = skipped.cursors;
    const { limit } = sink.config;
    await report({ cursors, skipped: skipped.count, complaint: `it owed more than ${limit} records` });
    record({ event: 'sink_skipped', detail: { sink: sink.slug, records: skipped.count, why: 'limit' } });
    logger.warn({ sink: sink.slug, records: skipped.count }, 'records were skipped, because a sink owed more than it may');
  }

  function went(): number {
    if (failures >= failuresTold) {
      record({ event: 'sink_recovered', detail: { sink: sink.slug } });
      logger.info({ sink: sink.slug }, 'a sink takes records again');
    }
    failures = 0;
    return 0;
  }

  /** With jitter, so that many do not come back at one moment; never before the far end wants to be asked. */
  function failed(reason: string, afterMs = 0): number {
    failures++;
    if (failures === failuresTold) {
      record({ event: 'sink_failing', detail: { sink: sink.slug, reason } });
      logger.warn({ sink: sink.slug, reason }, 'a sink does not take records');
    }
    const cap = Math.min(firstRetryMs * 2 ** Math.min(failures - 1, 20), longestRetryMs);
    return Math.max(cap / 2 + (deps.random() * cap) / 2, Math.min(afterMs, 5 * longestRetryMs));
  }

  const pumping = repeat(
    () =>
      turn().catch((error: unknown) => {
        // The store, most likely: where it stands is asked anew.
        cursors = undefined;
        throw error;
      }),
    { firstMs: 0, everyMs: lookEveryMs, logger: logger.child({ sink: sink.slug }), failure: 'a sink could not go on' },
  );
  const end = async () => {
    await pumping.close();
    await store.sink.release(sink.id, holder).catch(() => undefined);
  };
  let closing: Promise<void> | undefined;
  const close = async () => {
    stop.abort();
    await Promise.race([end(), wait(reportWithinMs, undefined, { ref: false })]);
    await receiver.close();
  };
  return { close: () => (closing ??= close()) };
}
