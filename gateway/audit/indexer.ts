// Brings the index of the records up to date while no call is under way; where calls never pause, a little at a time, more of it once it is far behind.
// The rule: a call waits for it a few milliseconds at most, and few do; and however long calls go on it never stands still.
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import { repeat, type Repeated } from './repeat.ts';

export interface IndexerDeps {
  readonly store: { readonly search: Pick<Store['search'], 'index' | 'behind'> };
  /** No call is under way. */
  readonly isQuiet: () => boolean;
  readonly logger: Logger;
  readonly everyMs?: number;
}

const lookEveryMs = 2000;
/** Records of one transaction: a few milliseconds. */
const batch = 100;
const betweenMs = 10;
/** Among calls it is a batch each time that it looks; from here on two a second. */
const farBehind = 20_000;
const amongCallsMs = 500;

export function startIndexer({ store, isQuiet, logger, everyMs = lookEveryMs }: IndexerDeps): Repeated {
  /** How long to wait until the next turn, in ms. */
  async function turn(): Promise<number> {
    const among = !isQuiet();
    const indexed = await store.search.index(batch);
    if (indexed < batch) return everyMs;
    if (!among) return betweenMs;
    return (await store.search.behind()) < farBehind ? everyMs : amongCallsMs;
  }

  return repeat(turn, { firstMs: everyMs, everyMs, logger, failure: 'the index of the audit records could not go on' });
}
