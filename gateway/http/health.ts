// Is the gateway server ready to serve? Each part that a call needs is asked; a part that does not answer in time counts as not ready.
// Anybody may ask, so the answer names the part, never the cause, and many askers share one look.
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';

export interface Health {
  /** What is in the way of serving, in words; empty where nothing is. */
  reasons(): Promise<readonly string[]>;
}
/** A part that serving needs: throws or rejects where it can't serve. `otherwise` is what is said then. */
export interface Part {
  readonly otherwise: string;
  readonly check: () => unknown;
}

const answerWithinMs = 2_000;

export function createHealth(parts: readonly Part[], logger: Logger): Health {
  let looking: Promise<readonly string[]> | undefined;
  async function look(): Promise<readonly string[]> {
    const found = await Promise.all(parts.map((part) => ask(part, logger)));
    return found.filter((reason) => reason !== undefined);
  }
  return {
    reasons() {
      looking ??= look().finally(() => (looking = undefined));
      return looking;
    },
  };
}

async function ask(part: Part, logger: Logger): Promise<string | undefined> {
  const deadline = new AbortController();
  try {
    const late = wait(answerWithinMs, undefined, { signal: deadline.signal, ref: false }).then(() => {
      throw new Error(`no answer within ${answerWithinMs} ms`);
    });
    await Promise.race([Promise.resolve().then(part.check), late]);
    return undefined;
  } catch (error) {
    logger.warn({ err: error, part: part.otherwise }, 'not ready');
    return part.otherwise;
  } finally {
    deadline.abort();
  }
}
