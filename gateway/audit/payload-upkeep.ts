// Removes captured payloads that have kept their time, a few at a time, and the data keys that nothing lies under any more. The rule: the records stay, and say what was
// captured; that payloads were removed is on record.
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { EventRecord } from '#contract/audit.ts';
import { newRecordId } from '#contract/id.ts';
import type { Store } from '../store/store.ts';
import type { Recorder } from './record.ts';

export interface PayloadUpkeepDeps {
  readonly store: Pick<Store, 'payload'>;
  readonly recorder: Pick<Recorder, 'append'>;
  readonly logger: Logger;
  readonly now: () => number;
  readonly everyMs?: number;
}
export interface PayloadUpkeep {
  /** Ends what is under way. Idempotent. */
  close(): Promise<void>;
}

const lookEveryMs = 60_000;
/** Payloads of one transaction: each may be half a megabyte, and calls wait for it. */
const batch = 20;
const betweenMs = 10;
/** A key is used for a day after it was made (vault/payload-key.ts). */
const keyIdleMs = 2 * 86_400_000;

export function startPayloadUpkeep({
  store: { payload },
  recorder,
  logger,
  now,
  everyMs = lookEveryMs,
}: PayloadUpkeepDeps): PayloadUpkeep {
  const stop = new AbortController();
  let isFailing = false;

  async function turn(): Promise<void> {
    let removed = 0;
    try {
      for (let last = batch; last === batch && !stop.signal.aborted;) {
        last = await payload.removeExpired(now(), batch);
        removed += last;
        if (last === batch) await pause(betweenMs);
      }
      await payload.removeKeys(now() - keyIdleMs);
    } finally {
      if (removed > 0) await recorder.append(removedOf(removed, now()));
    }
  }

  async function pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: stop.signal }).catch(() => undefined);
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await turn();
        isFailing = false;
      } catch (error) {
        if (!isFailing) logger.error({ err: error }, 'captured payloads that have kept their time could not be removed');
        isFailing = true;
      }
      await pause(everyMs);
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

function removedOf(payloads: number, at: number): EventRecord {
  const detail = { payloads };
  return {
    version: 1,
    kind: 'event',
    id: newRecordId(at),
    at,
    event: 'payloads_removed',
    user: null,
    workstation: null,
    code: null,
    detail,
  };
}
