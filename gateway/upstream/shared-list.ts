// Lists that several are shown alike: when a server says that one changed, it is asked for it once, whoever of them is first. The rule: nobody is given a list
// that was asked for before they heard of the change, and it is asked for as long as one of them waits, whoever was first.
import type { ListedItem } from './upstream.ts';

type Items = readonly ListedItem[];
type Ask = (signal: AbortSignal) => Promise<Items>;

/** As long as those who heard of one change ask, one after the other. */
const keptMs = 3000;
const runsAtMost = 256;

export interface SharedLists {
  /**
   * `key`: the same for those who are shown the same. `since`: when they heard of the change (`performance.now()`). `wait`: how this one waits, which ends by itself.
   * Rejects as `ask` and `wait` do.
   */
  get(key: string, since: number, ask: Ask, wait: (items: Promise<Items>) => Promise<Items>): Promise<Items>;
}

class Run {
  readonly beganAt: number;
  readonly items: Promise<Items>;
  readonly #end = new AbortController();
  #waiting = 0;

  constructor(beganAt: number, ask: Ask) {
    this.beganAt = beganAt;
    this.items = ask(this.#end.signal);
  }

  get isEnded(): boolean {
    return this.#end.signal.aborted;
  }

  async join(wait: (items: Promise<Items>) => Promise<Items>): Promise<Items> {
    this.#waiting++;
    try {
      return await wait(this.items);
    } catch (error) {
      if (this.#waiting === 1) this.#end.abort();
      throw error;
    } finally {
      this.#waiting--;
    }
  }
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
    get(key, since, ask, wait) {
      forgetOld();
      const known = runs.get(key);
      if (known && known.beganAt >= since && !known.isEnded) return known.join(wait);
      const run = new Run(now(), ask);
      runs.delete(key);
      runs.set(key, run);
      // Whoever comes after a failure asks by themselves.
      run.items.catch(() => runs.get(key) === run && runs.delete(key));
      return run.join(wait);
    },
  };
}
