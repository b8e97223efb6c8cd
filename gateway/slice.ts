// Long work in slices, so that calls go on between them: of a policy with tens of thousands of people each step takes a second.
// The rule: what comes of it is the same as of the work in one piece.
import { setImmediate } from 'node:timers/promises';

/** What a call may have to wait for one of them. */
const sliceMs = 8;

/** For loops that wait: `await pause()` for each item waits only where a slice is over. */
export function pauses(): () => Promise<void> | undefined {
  let beganAt = performance.now();
  return () => {
    if (performance.now() - beganAt < sliceMs) return undefined;
    return setImmediate().then(() => {
      beganAt = performance.now();
    });
  };
}

/** For work that yields wherever it may be interrupted. */
export async function sliced<T>(work: Generator<void, T>): Promise<T> {
  const pause = pauses();
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    await pause();
  }
}

/** About a millisecond of work on records. */
const few = 20;

/** What `work` makes of each few of many records, in their order: for batches so hot that calls go in between after each few. */
export async function inSlices<T, R>(all: readonly T[], work: (some: readonly T[]) => R): Promise<readonly R[]> {
  const made: R[] = [];
  for (let from = 0; from < all.length; from += few) {
    if (from > 0) await setImmediate();
    made.push(work(all.slice(from, from + few)));
  }
  return made;
}
