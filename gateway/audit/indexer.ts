// Brings the index of the records up to date while no call is under way; where calls never pause, a little at a time, more of it once it is far behind.
// The rule: a call waits for it a few milliseconds at most, and few do; and however long calls go on it never stands still.
import type { Logger } from 'pino';
import { wholeCost } from '../store/search.ts';
import type { Store } from '../store/store.ts';
import { repeat, type Repeated } from './repeat.ts';

export interface IndexerDeps {
  readonly store: Pick<Store, 'lastWrite'> & { readonly search: Pick<Store['search'], 'index' | 'behind'> };
  /** No call is under way. */
  readonly isQuiet: () => boolean;
  /** That were made so far. */
  readonly calls: () => number;
  readonly logger: Logger;
  readonly firstMs?: number;
  readonly everyMs?: number;
}

const lookEveryMs = 2000;
/** Records of one transaction among calls: a few milliseconds at most. */
const batch = 300;
/** And where none is under way: each costs half as much. */
const quietBatch = 1000;
const betweenMs = 10;
/** In so many looks in a row no call may be under way, and none may have been made: between calls that come one after the other there is always a moment without one. */
const quietLooks = 5;
/** Among calls it is a batch each time that it looks; four times as often in such a moment, and from here on. */
const farBehind = 20_000;

export function startIndexer({ store, isQuiet, calls, logger, everyMs = lookEveryMs, firstMs = everyMs }: IndexerDeps): Repeated {
  let quiet = 0;
  let made = 0;
  /** When it goes on among calls too. */
  let dueAt = -Infinity;
  /** What was written when nothing was left to do. */
  let done: string | undefined;

  /** How long to wait until the next turn, in ms. */
  async function turn(): Promise<number> {
    const isMoment = isQuiet();
    const soFar = calls();
    quiet = isMoment && soFar === made ? quiet + 1 : 0;
    made = soFar;
    const among = quiet < quietLooks;
    if (among && performance.now() < dueAt) return betweenMs;
    const written = await store.lastWrite();
    if (written === done) return everyMs;
    const limit = among ? batch : quietBatch;
    const indexed = await store.search.index(limit);
    if (indexed === 0) done = written;
    // Otherwise more may be left.
    if (indexed < limit / wholeCost) {
      quiet = 0;
      dueAt = -Infinity;
      return everyMs;
    }
    if (among) dueAt = performance.now() + (isMoment || (await store.search.behind()) >= farBehind ? everyMs / 4 : everyMs);
    return betweenMs;
  }

  return repeat(turn, { firstMs, everyMs, logger, failure: 'the index of the audit records could not go on' });
}
