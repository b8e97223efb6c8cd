// Removes captured payloads that have kept their time, a few at a time, and the data keys that nothing lies under any more. The rule: the records stay, and say what was
// captured; that payloads were removed is on record.
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import { ownEvent, type Recorder } from './record.ts';
import { repeat, type Repeated } from './repeat.ts';

export interface PayloadUpkeepDeps {
  readonly store: Pick<Store, 'payload'>;
  readonly recorder: Pick<Recorder, 'append'>;
  readonly logger: Logger;
  readonly now: () => number;
  readonly everyMs?: number;
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
}: PayloadUpkeepDeps): Repeated {
  async function turn(signal: AbortSignal): Promise<void> {
    let removed = 0;
    try {
      for (let last = batch; last === batch && !signal.aborted;) {
        last = await payload.removeExpired(now(), batch);
        removed += last;
        if (last === batch) await wait(betweenMs, undefined, { signal }).catch(() => undefined);
      }
      await payload.removeKeys(now() - keyIdleMs);
    } finally {
      if (removed > 0) await recorder.append(ownEvent('payloads_removed', { payloads: removed }, now()));
    }
  }

  return repeat(turn, {
    firstMs: 0,
    everyMs,
    logger,
    failure: 'captured payloads that have kept their time could not be removed',
  });
}
