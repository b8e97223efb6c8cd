// Puts a checkpoint on record every hour in which there were records, so that it goes where the sinks send records, out of reach of whoever has this machine.
// The rule: a checkpoint tells of what came before it, and never of itself alone.
import type { KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import { checkpointEvent, makeCheckpoint } from './checkpoint.ts';
import { ownEvent, type Recorder } from './record.ts';
import type { Marked } from './removal.ts';

const everyMs = 3_600_000;

export interface Checkpoints {
  /** Ends with what is under way. Idempotent. */
  close(): Promise<void>;
}

export interface CheckpointsDeps {
  readonly store: Pick<Store, 'chains' | 'chainHead'> & Marked;
  readonly key: KeyObject;
  readonly recorder: Pick<Recorder, 'append'>;
  readonly logger: Logger;
  readonly now: () => number;
  readonly everyMs?: number;
}

export function startCheckpoints(of: CheckpointsDeps): Checkpoints {
  const { store, key, recorder, logger, now } = of;
  let told = 0;
  let working: Promise<void> = Promise.resolve();

  async function tell(): Promise<void> {
    try {
      const checkpoint = await makeCheckpoint({ store, key, now });
      const records = checkpoint.chains.reduce((sum, { seq }) => sum + seq, 0);
      // The last one itself is no news.
      if (records <= told + 1) return;
      const detail = { checkpoint: JSON.stringify(checkpoint), records };
      await recorder.append(ownEvent(checkpointEvent, detail, now()));
      told = records;
    } catch (error) {
      logger.error({ err: error }, 'a checkpoint of the audit could not be made');
    }
  }

  const timer = setInterval(() => {
    working = working.then(tell);
  }, of.everyMs ?? everyMs).unref();
  return {
    close() {
      clearInterval(timer);
      return working;
    },
  };
}
