// When the bridge dials again, with a clock and dice that the test holds.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBackOff } from '../../../bridge/tunnel/backoff.ts';
import { watchClock } from '../../../bridge/tunnel/clock.ts';
import { until } from '../server/fixture.ts';
import { proves } from '../../requirement.ts';

/** Just under the cap, so that the cap shows. */
const caps = (backOff: ReturnType<typeof createBackOff>, nowMs: number, count: number) =>
  Array.from({ length: count }, () => backOff.next(nowMs));

describe('back-off', () => {
  test('without a working tunnel the cap doubles from half a second to thirty seconds', () => {
    proves('tunnel.back-off', {
      file: 'bridge/tunnel/backoff.ts',
      find: 'const lateCapMs = 30_000;',
      replace: 'const lateCapMs = 3_000;',
    });
    expect(
      caps(
        createBackOff(() => 1),
        0,
        9,
      ),
    ).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('in the first minute after a working tunnel the cap stays at two seconds', () => {
    proves('tunnel.back-soon', {
      file: 'bridge/tunnel/backoff.ts',
      find: 'isSoon ? soonCapMs : lateCapMs',
      replace: 'lateCapMs',
    });
    const backOff = createBackOff(() => 1);
    caps(backOff, 0, 9);
    backOff.worked(0, 100_000);
    expect(caps(backOff, 100_000, 5)).toEqual([500, 1000, 2000, 2000, 2000]);
    expect(caps(backOff, 159_999, 2)).toEqual([2000, 2000]);
    expect(caps(backOff, 160_000, 2)).toEqual([30_000, 30_000]);
  });

  test('a gateway that welcomes and drops at once does not get the short waits again and again', () => {
    const backOff = createBackOff(() => 1);
    const waits = Array.from({ length: 6 }, (_, round) => {
      backOff.worked(round * 10, round * 10 + 5);
      return backOff.next(round * 10 + 5);
    });
    expect(waits).toEqual([500, 1000, 2000, 2000, 2000, 2000]);
  });

  test('every wait lies between nothing and the cap', () => {
    const die = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.array(die, { minLength: 1, maxLength: 30 }), (dice) => {
        const backOff = createBackOff(() => dice[0] ?? 0);
        const sure = createBackOff(() => 1);
        for (const _ of dice) {
          const wait = backOff.next(0);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(sure.next(0));
        }
      }),
    );
  });
});

describe('the clock', () => {
  test('that jumps ahead by more than ten seconds is noticed, and one that runs is not', async () => {
    proves('tunnel.sleep-noticed', {
      file: 'bridge/tunnel/clock.ts',
      find: 'if (since > every + lateMs) deps.onJump();',
      replace: '',
    });
    let ahead = 0;
    let jumps = 0;
    let looks = 0;
    const clock = watchClock({
      now: () => {
        looks++;
        return performance.now() + ahead;
      },
      onJump: () => void jumps++,
      everyMs: 5,
    });
    await until(() => looks > 10);
    expect(jumps).toBe(0);
    ahead = 11_000;
    await until(() => jumps === 1);
    ahead = -5_000;
    const seen = looks;
    await until(() => looks > seen + 6);
    expect(jumps).toBe(1);
    clock.close();
  });
});
