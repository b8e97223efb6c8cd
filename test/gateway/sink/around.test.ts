// Sending around the records that a far end will not take.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sendAround } from '../../../gateway/sink/around.ts';
import type { Outcome } from '../../../gateway/sink/receiver.ts';
import { proves } from '../../requirement.ts';

/** A far end that takes all but some numbers. */
function farEnd(refused: ReadonlySet<number>) {
  const taken: number[] = [];
  let asked = 0;
  const deliver = async (part: readonly number[]): Promise<Outcome> => {
    asked++;
    if (part.some((each) => refused.has(each))) return { kind: 'refused', reason: 'no' };
    taken.push(...part);
    return { kind: 'delivered' };
  };
  return { taken, deliver, asked: () => asked };
}
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a batch', () => {
  test('goes whole where it is taken', async () => {
    const far = farEnd(new Set());
    expect(await sendAround(upTo(100), far.deliver)).toEqual({ settled: 100, delivered: 100, rejected: 0, asideAt: [] });
    expect(far.asked()).toBe(1);
  });

  test('with records that are not taken loses exactly those, in order, each told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(63), { maxLength: 6 }), async (bad) => {
        const far = farEnd(new Set(bad));
        const sent = await sendAround(upTo(64), far.deliver);
        expect(far.taken).toEqual(upTo(64).filter((each) => !bad.includes(each)));
        expect(sent.asideAt.map(({ index }) => index)).toEqual(bad.toSorted((a, b) => a - b));
        expect(sent.settled).toBe(64);
      }),
    );
  });

  test('that is refused whole sets nothing aside, and costs few attempts', async () => {
    proves('sink.refuses-all', {
      file: 'gateway/sink/around.ts',
      find: 'if (delivered === 0 && asideAt.length > 0)',
      replace: 'if (delivered < 0)',
    });
    const far = farEnd(new Set(upTo(2000)));
    expect(await sendAround(upTo(2000), far.deliver)).toEqual({
      settled: 0,
      delivered: 0,
      rejected: 0,
      asideAt: [],
      later: { reason: 'no' },
    });
    expect(far.asked()).toBeLessThan(25);
    expect(await sendAround([1], far.deliver)).toMatchObject({ settled: 0, asideAt: [], later: { reason: 'no' } });
  });

  test('stops where the far end has to be asked later, and says how far it came', async () => {
    let asked = 0;
    const sent = await sendAround(upTo(8), async (part) => {
      if (++asked === 1) return { kind: 'refused', reason: 'no' };
      return part[0] === 0
        ? { kind: 'delivered', rejected: { count: 1, reason: 'old' } }
        : { kind: 'later', reason: 'busy', afterMs: 5 };
    });
    expect(sent).toEqual({
      settled: 4,
      delivered: 4,
      rejected: 1,
      asideAt: [],
      later: { kind: 'later', reason: 'busy', afterMs: 5 },
      complaint: 'old',
    });
  });
});
