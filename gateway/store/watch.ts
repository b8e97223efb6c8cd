// Notices within a fraction of a second that the store was changed, also by another process, and says so on the bus.
// A store that does not answer is asked again; nothing is published for it.
import type { Logger } from 'pino';
import type { Bus } from '../bus/bus.ts';
import { later } from '../wake.ts';
import type { Store } from './store.ts';

/** Publishes `changed` when the revision grew, and once at the start: what was read before may be old already. close() is idempotent. */
export function watchRevision(
  store: Pick<Store, 'revision'>,
  bus: Bus,
  { everyMs = 150, logger }: { readonly everyMs?: number; readonly logger?: Logger } = {},
): { close(): void } {
  let seen: number | undefined;
  let isFailing = false;
  let isClosed = false;
  let stop = (): void => undefined;

  const look = async () => {
    try {
      const revision = await store.revision();
      const isNews = revision !== seen;
      seen = revision;
      isFailing = false;
      if (isNews && !isClosed) bus.publish('changed');
    } catch (error) {
      if (!isFailing && !isClosed) logger?.warn({ err: error }, 'the store does not tell its revision');
      isFailing = true;
    }
    if (!isClosed) stop = later(() => void look(), everyMs, 0);
  };
  void look();
  return {
    close() {
      isClosed = true;
      stop();
    },
  };
}
