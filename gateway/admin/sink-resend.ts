// The records that a sink set aside, once more: for when its far end was mended.
// The rule: one that arrives is set aside no more; one that does not stays, with what the far end says now.
import { itemOf } from '../sink/item.ts';
import { doing } from './context.ts';
import { type ByHand, openByHand } from './sink-by-hand.ts';

export interface Resent {
  readonly sink: string;
  readonly delivered: number;
  /** Still set aside. */
  readonly left: readonly { readonly chain: string; readonly seq: number; readonly reason: string }[];
}

/** Rejects with NAME_UNKNOWN, SINK_SECRET_MISSING and what the vault rejects with. */
export async function resendParked(of: ByHand): Promise<Resent> {
  const { store, slug, source, signal } = of;
  const { sink, receiver } = await openByHand(of);
  const left: { chain: string; seq: number; reason: string }[] = [];
  let delivered = 0;
  try {
    const parked = await store.sink.parked(sink.id);
    const deed = { operation: 'sinks.resend', target: slug, before: { setAside: parked.length }, after: null };
    await doing(of, source.now(), deed).administration.noteDeed();
    for (const { chain, seq, reason } of parked) {
      if (signal.aborted) {
        left.push({ chain, seq, reason });
        continue;
      }
      const [record] = await store.recordsAfter(chain, seq - 1, 1);
      // Gone from the database, or nothing that the sink is to get any more.
      const item = record?.seq === seq ? itemOf(record, sink.config, source.organization) : undefined;
      const outcome = item === undefined ? undefined : await receiver.deliver([item], signal);
      if (outcome !== undefined && outcome.kind !== 'delivered') {
        left.push({ chain, seq, reason: outcome.reason });
        continue;
      }
      if (outcome !== undefined) delivered++;
      await store.sink.unpark(sink.id, [{ chain, seq }]);
    }
    return { sink: slug, delivered, left };
  } finally {
    await receiver.close();
  }
}
