// Sending around the records that a far end will not take.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sendAround } from '../../../gateway/sink/around.ts';
import type { Outcome } from '../../../gateway/sink/receiver.ts';
import { proves } from '../../requirement.ts';

/** A far end that takes all but some numbers. `takes`: whether it takes another one when it is asked. */
function farEnd(refused: ReadonlySet<number>, takes = false, room = 1000) {
  const taken: number[] = [];
  let asked = 0;
  const deliver = async (part: readonly number[]): Promise<Outcome> => {
    asked++;
    if (part.some((each) => refused.has(each))) return { kind: 'refused', reason: 'no' };
    taken.push(...part);
    return { kind: 'delivered' };
  };
  const asking = { deliver, takesOthers: async () => takes, room: async () => room };
  return { ...asking, taken, asked: () => asked };
}
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a batch', () => {
  test('goes whole where it is taken', async () => {
    const far = farEnd(new Set());
    expect(await sendAround(upTo(100), far)).toEqual({ settled: 100, delivered: 100, rejected: 0, asideAt: [] });
    expect(far.asked()).toBe(1);
  });

  test('with records that are not taken loses exactly those, in order, each told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(63), { maxLength: 6 }), async (bad) => {
        const far = farEnd(new Set(bad));
        const sent = await sendAround(upTo(64), far);
        expect(far.taken).toEqual(upTo(64).filter((each) => !bad.includes(each)));
        expect(sent.asideAt.map(({ index }) => index)).toEqual(bad.toSorted((a, b) => a - b));
        expect(sent.settled).toBe(64);
      }),
    );
  });

  test('that is refused whole sets nothing aside, and costs few attempts', async () => {
    proves('sink.refuses-all', {
      file: 'gateway/sink/around.ts',
      find: 'if (asideAt.length > 0 && !isTaking)',
      replace: 'if (delivered < 0)',
    });
    const far = farEnd(new Set(upTo(2000)));
    expect(await sendAround(upTo(2000), far)).toEqual({
      settled: 0,
      delivered: 0,
      rejected: 0,
      asideAt: [],
      later: { reason: 'no' },
    });
    expect(far.asked()).toBeLessThan(25);
    expect(await sendAround([1], far)).toMatchObject({ settled: 0, asideAt: [], later: { reason: 'no' } });
  });

  test('that begins with many that are not taken does not stop the others, where the far end takes any at all', async () => {
    proves('sink.poisoned-head', {
      file: 'gateway/sink/around.ts',
      find: 'if (++refusals > refusalsWithNothingTaken) isTaking ||= await takesOthers();',
      replace: 'refusals++;',
    });
    const far = farEnd(new Set(upTo(40)), true);
    const sent = await sendAround(upTo(64), far);
    expect(far.taken).toEqual(upTo(64).slice(40));
    expect(sent.asideAt.map(({ index }) => index)).toEqual(upTo(40));
    expect(sent).toMatchObject({ settled: 64, delivered: 24 });
    expect(sent.later).toBeUndefined();
    // One alone, and nothing else in its batch.
    expect(await sendAround([1], farEnd(new Set([1]), true))).toMatchObject({ settled: 1, asideAt: [{ index: 0 }] });
  });

  test('of which very many are not taken goes on in the next one, and sets aside no more than there is room for', async () => {
    const bad = new Set(upTo(2000));
    let from = 0;
    const aside: number[] = [];
    while (from < 2000) {
      const rest = upTo(2000).slice(from);
      const sent = await sendAround(rest, farEnd(bad, true));
      expect(sent.later).toBeUndefined();
      expect(sent.settled).toBeGreaterThan(0);
      aside.push(...sent.asideAt.map(({ index }) => index + from));
      from += sent.settled;
    }
    expect(aside).toEqual(upTo(2000));
    const full = await sendAround(upTo(64), farEnd(new Set([3, 9, 60]), true, 2));
    expect(full).toMatchObject({ settled: 60, delivered: 58, asideAt: [{ index: 3 }, { index: 9 }] });
    expect(full.later?.reason).toContain('see to them first');
  });

  test('stops where the far end has to be asked later, and says how far it came', async () => {
    let asked = 0;
    const deliver = async (part: readonly number[]): Promise<Outcome> => {
      if (++asked === 1) return { kind: 'refused', reason: 'no' };
      return part[0] === 0
        ? { kind: 'delivered', rejected: { count: 1, reason: 'old' } }
        : { kind: 'later', reason: 'busy', afterMs: 5 };
    };
    const sent = await sendAround(upTo(8), { ...farEnd(new Set()), deliver });
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
