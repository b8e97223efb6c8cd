// One marked record to a sink, and what came back: whether it is set up right is found out before something depends on it.
// The rule: it goes the same way as every record, past the sink's filter, and moves no cursor; that somebody sent it is a deed.
import { ownEvent } from '../audit/record.ts';
import { itemOf } from '../sink/item.ts';
import { doing } from './context.ts';
import { type ByHand, openByHand } from './sink-by-hand.ts';

export interface SinkTest {
  readonly sink: string;
  /** Of the record that was sent, to be looked for at the far end. */
  readonly id: string;
  readonly outcome: 'delivered' | 'dropped' | 'refused' | 'not-now';
  /** What it answered, or why nothing arrived. */
  readonly words: string;
  readonly tookMs: number;
}

/** Rejects with NAME_UNKNOWN, SINK_SECRET_MISSING and what the vault rejects with. */
export async function testSink(of: ByHand): Promise<SinkTest> {
  const { slug, source, signal } = of;
  const { sink, receiver } = await openByHand(of);
  const at = source.now();
  const record = ownEvent('sink_test', { sink: slug, test: true }, at);
  const { id } = record;
  const unfiltered = { redact: sink.config.redact, format: sink.config.format };
  const item = itemOf({ chain: 'test', seq: 1, at, body: JSON.stringify(record), hash: '' }, unfiltered, source.organization);
  try {
    await doing(of, at, { operation: 'sinks.test', target: slug, before: null, after: { record: id } }).administration.noteDeed();
    const began = performance.now();
    // Without a filter there always is one.
    const outcome = await receiver.deliver(item === undefined ? [] : [item], signal);
    const tookMs = Math.round(performance.now() - began);
    if (outcome.kind !== 'delivered')
      return { sink: slug, id, outcome: outcome.kind === 'later' ? 'not-now' : 'refused', words: outcome.reason, tookMs };
    if (outcome.rejected) return { sink: slug, id, outcome: 'dropped', words: outcome.rejected.reason, tookMs };
    return { sink: slug, id, outcome: 'delivered', words: outcome.answer ?? '', tookMs };
  } finally {
    await receiver.close();
  }
}
