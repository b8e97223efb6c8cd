// What every sink's receiver promises (gateway/sink/receiver.ts), run against each kind with an honest far end.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEgress, type Egress } from '../../gateway/egress/egress.ts';
import { type Item, itemOf } from '../../gateway/sink/item.ts';
import type { Receiver } from '../../gateway/sink/receiver.ts';
import { callRecord, recordOf, userId } from './sample.ts';

export const organization = '01a20491-e46f-708d-b6df-159d2fd25a16';

export interface FarEnd {
  /** Ids of the records that it has, in their order. */
  ids(): readonly string[];
  /** It dies at once. */
  kill(): Promise<void>;
  /** It is there again, at the same address. */
  revive(): Promise<void>;
  close(): Promise<void>;
}

let made = 0;
/** Records of calls and events, with text that is not ASCII and wants escaping. */
export function itemsOf(count: number, format: 'drawbridge' | 'ocsf' = 'drawbridge'): readonly Item[] {
  return Array.from({ length: count }, (_, index) => {
    const at = Date.now();
    const seq = ++made;
    const record =
      index % 3 === 2
        ? recordOf(at, { address: 'köln "quoted" \\ ]', number: 5 })
        : callRecord(userId(), { at, tool: 'añadir ]"\\', decision: index % 3 === 1 ? 'refused' : 'allowed' });
    const item = itemOf({ chain: 'main', seq, at, body: JSON.stringify(record), hash: '' }, { redact: [], format }, organization);
    if (!item) throw new Error('nothing filters');
    return item;
  });
}

export function describeReceiver(
  kind: string,
  ground: (egress: Egress) => Promise<{ readonly receiver: Receiver; readonly far: FarEnd }>,
): void {
  describe(`a sink of kind ${kind}`, () => {
    let egress: Egress;
    let receiver: Receiver;
    let far: FarEnd;
    const never = new AbortController().signal;
    beforeEach(async () => {
      egress = createEgress({ onRefused: () => undefined });
      ({ receiver, far } = await ground(egress));
    });
    afterEach(async () => {
      await receiver.close();
      await far.close();
      await egress.close();
    });

    test('delivers records whole and in their order, each with its id', async () => {
      const items = itemsOf(40);
      expect(await receiver.deliver(items.slice(0, 25), never)).toMatchObject({ kind: 'delivered' });
      expect(await receiver.deliver(items.slice(25), never)).toMatchObject({ kind: 'delivered' });
      expect(far.ids()).toEqual(items.map(({ id }) => id));
    });

    test('says that it has to be later where nobody is there, and goes on where somebody is again', async () => {
      const items = itemsOf(2);
      expect(await receiver.deliver(items.slice(0, 1), never)).toMatchObject({ kind: 'delivered' });
      await far.kill();
      const down = await receiver.deliver(items.slice(1), never);
      expect(down).toMatchObject({ kind: 'later', reason: expect.stringMatching(/^[ -~]{5,200}$/) });
      await far.revive();
      expect(await receiver.deliver(items.slice(1), never)).toMatchObject({ kind: 'delivered' });
      expect(far.ids().slice(-1)).toEqual([items[1]?.id]);
    });

    test('ends at once where it is told to', async () => {
      const aborted = AbortSignal.abort();
      const outcome = await receiver.deliver(itemsOf(1), aborted);
      expect(['later', 'delivered']).toContain(outcome.kind);
      await receiver.close();
      await receiver.close();
    });
  });
}
