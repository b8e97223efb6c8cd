// Long work lets others go on, and comes to the same.
import { expect, test } from 'vitest';
import { pauses, sliced } from '../../gateway/slice.ts';
import { proves } from '../requirement.ts';

/** As long as a slice may be, and somewhat longer. */
function spin(): void {
  const until = performance.now() + 10;
  while (performance.now() < until);
}

/** Counts the turns of the event loop until the returned function is called, which tells how many there were. */
function countTurns(): () => number {
  let [turns, isOver] = [0, false];
  const turn = () => {
    if (isOver) return;
    turns++;
    setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    isOver = true;
    return turns;
  };
}

test('whatever else there is to do is done between the slices of long work', async () => {
  proves('admin.apply-slices', {
    file: 'gateway/slice.ts',
    find: 'if (performance.now() - beganAt < sliceMs) return undefined;',
    replace: 'if (performance.now() > 0) return undefined;',
  });
  function* work(): Generator<void, string> {
    for (let step = 0; step < 8; step++) {
      spin();
      yield;
    }
    return 'done';
  }
  const turns = countTurns();
  expect(await sliced(work())).toBe('done');
  expect(turns()).toBeGreaterThanOrEqual(7);
});

test('a loop that took its time waits until others had theirs', async () => {
  const pause = pauses();
  spin();
  const waiting = pause();
  expect(waiting).toBeInstanceOf(Promise);
  await waiting;
});

test('what work throws is thrown', async () => {
  function* work(): Generator<void, void> {
    yield;
    throw new Error('wrong');
  }
  await expect(sliced(work())).rejects.toThrow('wrong');
});
