// Brings the index of the records up to date while no call is under way; where calls never pause, a little at a time once it is far behind.
// The rule: no call waits for it, so it stands still for every one that it can, and what it lags is in no answer to a host.
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';

export interface IndexerDeps {
  readonly store: { readonly search: Pick<Store['search'], 'index' | 'behind'> };
  /** No call is under way. */
  readonly isQuiet: () => boolean;
  readonly logger: Logger;
}
export interface Indexer {
  /** Ends what is under way. Idempotent. */
  close(): Promise<void>;
}

const lookEveryMs = 2000;
/** Records of one transaction: a few milliseconds. */
const batch = 100;
const betweenMs = 10;
/** From here on it goes on among calls too, two batches a second. */
const farBehind = 20_000;
const amongCallsMs = 500;

export function startIndexer({ store, isQuiet, logger }: IndexerDeps): Indexer {
  const stop = new AbortController();
  let isFailing = false;

  /** How long to wait until the next turn, in ms. */
  async function turn(): Promise<number> {
    const among = !isQuiet();
    if (among && (await store.search.behind()) < farBehind) return lookEveryMs;
    const indexed = await store.search.index(batch);
    isFailing = false;
    if (indexed < batch) return lookEveryMs;
    return among ? amongCallsMs : betweenMs;
  }

  async function run(): Promise<void> {
    let waitMs = lookEveryMs;
    for (;;) {
      await wait(waitMs, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return;
      try {
        waitMs = await turn();
      } catch (error) {
        if (!isFailing) logger.error({ err: error }, 'the index of the audit records could not go on');
        isFailing = true;
        waitMs = lookEveryMs;
      }
    }
  }

  const running = run();
  return {
    close() {
      stop.abort();
      return running;
    },
  };
}
