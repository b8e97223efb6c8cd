// Work that is done again and again beside the calls. The rule: what fails is told once, until it has worked again, and the next turn comes all the same.
import type { Logger } from 'pino';
import { later } from '../wake.ts';

export interface Repeated {
  /** Ends with what is under way. Idempotent. */
  close(): Promise<void>;
}

/** None of it is awaited by somebody to the tenth of a second. */
const slackMs = 250;

/** `turn`: answers how long to wait until the next, in ms, where that is not `everyMs`. `signal`: close() was called; to be cut short by it is no failure. */
export function repeat(
  turn: (signal: AbortSignal) => Promise<number | void>,
  of: { readonly firstMs: number; readonly everyMs: number; readonly logger: Pick<Logger, 'error'>; readonly failure: string },
): Repeated {
  const stop = new AbortController();
  const { signal } = stop;
  let hurry = (): void => undefined;

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      // Closed while a turn was under way: then there was no pause to cut short.
      if (signal.aborted) return resolve();
      const end = later(resolve, ms, Math.min(ms / 4, slackMs));
      hurry = () => {
        end();
        resolve();
      };
    });
  }

  async function run(): Promise<void> {
    let isFailing = false;
    let waitMs = of.firstMs;
    for (;;) {
      // Also for no time: others have their turn in between.
      await pause(waitMs);
      if (signal.aborted) return;
      try {
        waitMs = (await turn(signal)) ?? of.everyMs;
        isFailing = false;
      } catch (error) {
        const isCutShort = signal.aborted && error instanceof Error && error.name === 'AbortError';
        if (!isFailing && !isCutShort) of.logger.error({ err: error }, of.failure);
        isFailing = true;
        waitMs = of.everyMs;
      }
    }
  }

  const running = run();
  return {
    close() {
      stop.abort();
      hurry();
      return running;
    },
  };
}
