// Which hosts were used, by whom and where, for those who administer them. Written beside the calls and together: no call waits for it, and one that is lost
// is the newer of two times.
import type { Logger } from 'pino';
import type { Caller } from '../call.ts';
import type { HostSighting, Store } from '../store/store.ts';

export interface HostLog {
  used(caller: Caller): void;
  /** Writes what is still to be written. */
  close(): Promise<void>;
}

const writeEveryMs = 2000;
const waitingAtMost = 10_000;

export function createHostLog(deps: { store: Pick<Store, 'sawHosts'>; logger: Logger; now: () => number }): HostLog {
  let waiting = new Map<string, HostSighting>();
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function write(): Promise<void> {
    const sightings = [...waiting.values()];
    waiting = new Map();
    timer = undefined;
    if (sightings.length === 0) return writing;
    return (writing = writing.then(async () => {
      try {
        await deps.store.sawHosts(sightings);
      } catch (error) {
        deps.logger.warn({ err: error, hosts: sightings.length }, 'which hosts were used could not be written');
      }
    }));
  }

  return {
    used({ client, user, gateway }) {
      if (client === undefined) return;
      const key = `${gateway} ${user.slug} ${client}`;
      if (waiting.size >= waitingAtMost && !waiting.has(key)) return;
      waiting.set(key, { id: client, title: undefined, user: user.slug, gateway, at: deps.now() });
      timer ??= setTimeout(() => void write(), writeEveryMs).unref();
    },
    close() {
      clearTimeout(timer);
      return write();
    },
  };
}
