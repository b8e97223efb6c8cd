// Brings the deeds of administrators from the store into the audit chain: what was changed is on record a moment later, also what the command line changed.
// The rule: a deed is forgotten in the store only after its record is committed; one that somebody began and did not end is looked for in the chains first.
import type { Logger } from 'pino';
import type { RecordId } from '#contract/id.ts';
import type { Store } from '../store/store.ts';
import { every } from '../wake.ts';
import type { KeepingRecorder } from './record.ts';

export interface DeedLog {
  /** Something changed in the store: there may be deeds. */
  look(): void;
  /** Ends with what is under way. Idempotent. */
  close(): Promise<void>;
}

const atOnce = 100;
const leaseMs = 10_000;
const retryMs = 1_000;
const closeWithinMs = 1_000;

export function createDeedLog(deps: {
  readonly store: Pick<Store, 'administration'>;
  readonly recorder: Pick<KeepingRecorder, 'keep'>;
  readonly logger: Pick<Logger, 'error'>;
  readonly now: () => number;
}): DeedLog {
  const { recorder, logger, now } = deps;
  const { administration } = deps.store;
  let isWanted = false;
  let isClosed = false;
  let running: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;

  /** True while there may be more. */
  async function bring(): Promise<boolean> {
    const taken = await administration.takeDeeds(now(), now() + leaseMs, atOnce);
    const doubtful = taken.filter(({ again }) => again).map(({ deed }) => deed.id);
    const there = doubtful.length === 0 ? new Set<RecordId>() : await administration.deedsOnRecord(doubtful);
    const missing = taken.filter(({ deed }) => !there.has(deed.id));
    const kept = await Promise.allSettled(missing.map(({ deed }) => recorder.keep(deed)));
    const failed = kept.find((one) => one.status === 'rejected');
    if (failed) {
      await administration.releaseDeeds(taken.map(({ deed }) => deed.id));
      throw failed.reason;
    }
    await administration.forgetDeeds(taken.map(({ deed }) => deed.id));
    return taken.length === atOnce;
  }

  async function run(): Promise<void> {
    try {
      while (isWanted && !isClosed) {
        isWanted = false;
        if (await bring()) isWanted = true;
      }
    } catch (error) {
      if (isClosed) return;
      logger.error({ err: error }, 'what administrators did could not be put on record yet');
      retry = setTimeout(look, retryMs).unref();
    } finally {
      running = undefined;
    }
  }

  function look(): void {
    isWanted = true;
    if (isClosed || running) return;
    clearTimeout(retry);
    running = run();
  }

  // What a process that was killed left behind comes free when its time is over, and no change tells of it.
  const endAgain = every(look, leaseMs, retryMs);
  return {
    look,
    async close() {
      isClosed = true;
      clearTimeout(retry);
      endAgain();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, closeWithinMs);
      await Promise.race([running, late.promise]);
      clearTimeout(timer);
    },
  };
}
