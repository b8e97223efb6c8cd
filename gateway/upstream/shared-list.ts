// Lists that several are shown alike: when a server says that one changed, it is asked for it once, whoever of them is first. The rule: nobody is given a list
// that was asked for before they heard of the change.
import type { ListedItem } from './upstream.ts';

type Items = readonly ListedItem[];
interface Run {
  readonly beganAt: number;
  readonly items: Promise<Items>;
}

/** As long as those who heard of one change ask, one after the other. */
const keptMs = 3000;
const runsAtMost = 256;

export interface SharedLists {
  /** `key`: the same for those who are shown the same. `since`: when they heard of the change (`performance.now()`). Rejects as `ask` does. */
  get(key: string, since: number, ask: () => Promise<Items>): Promise<Items>;
}

export function createSharedLists(now: () => number = () => performance.now()): SharedLists {
  /** The oldest first. */
  const runs = new Map<string, Run>();

  function forgetOld(): void {
    for (const [key, { beganAt }] of runs) {
      if (now() - beganAt < keptMs && runs.size < runsAtMost) break;
      runs.delete(key);
    }
  }

  return {
    get(key, since, ask) {
      forgetOld();
      const known = runs.get(key);
      if (known && known.beganAt >= since) return known.items;
      const run: Run = { beganAt: now(), items: ask() };
      runs.delete(key);
      runs.set(key, run);
      // Whoever comes after a failure asks by themselves.
      run.items.catch(() => runs.get(key) === run && runs.delete(key));
      return run.items;
    },
  };
}
