// Work on the records of a batch, a few at a time. The rule: calls go in between, because what a batch costs at once (tens of milliseconds) each of them would wait for.
import { setImmediate } from 'node:timers/promises';

/** About a millisecond of work. */
const few = 20;

/** What `work` makes of each few of them, in their order. */
export async function inSlices<T, R>(all: readonly T[], work: (some: readonly T[]) => R): Promise<readonly R[]> {
  const made: R[] = [];
  for (let from = 0; from < all.length; from += few) {
    if (from > 0) await setImmediate();
    made.push(work(all.slice(from, from + few)));
  }
  return made;
}
