// Parts that no call needs: their programs are loaded once the gateway server listens, so that callers wait for nothing that is not for them. The rule: all of them are
// loaded soon, so that whoever asks for one waits little, and one that can't be loaded is known at once and not when somebody needs it.
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';

export interface LateParts {
  /** A part that is loaded and put together by this, once: when it is first asked for, or when its turn comes. */
  part<T>(open: () => Promise<T>): () => Promise<T>;
  /** Opens what nobody asked for yet, one after the other, in moments without calls if there are some. Rejects with why one can't be opened. */
  open(): Promise<void>;
  /** Resolves when nothing is being opened, and nothing will be by itself. Idempotent. */
  close(): Promise<void>;
}

/**
 * From the opening on parts wait so long for a quiet moment: after a crash thousands of tunnels are on their way back, and a third of a second of loading among them
 * is time that all of them wait. After that one waits so long for a moment without calls, so that a server that is never quiet has all of them soon.
 */
const stormWithinMs = 10_000;
const quietWithinMs = 250;
const lookEveryMs = 5;

/** `isQuiet`: nobody waits for an answer now, so that nobody waits for the loading. `withinMs`: absent, 10 s. */
export function createLateParts(isQuiet: () => boolean, withinMs = stormWithinMs): LateParts {
  const parts: (() => Promise<unknown>)[] = [];
  let opening: Promise<void> | undefined;
  let isClosed = false;

  async function openAll(): Promise<void> {
    const beganMs = performance.now();
    for (const part of parts) {
      // A turn of the event loop: the whole of a program is loaded in one go.
      await turn();
      const untilMs = Math.max(beganMs + withinMs, performance.now() + quietWithinMs);
      while (!isClosed && !isQuiet() && performance.now() < untilMs) await wait(lookEveryMs);
      if (isClosed) return;
      await part();
    }
  }

  return {
    part(open) {
      let opened: ReturnType<typeof open> | undefined;
      const part = () => (opened ??= open());
      parts.push(part);
      return part;
    },
    open: () => (opening ??= openAll()),
    async close() {
      isClosed = true;
      // Why one could not be opened was told to who opened them.
      await opening?.catch(() => undefined);
    },
  };
}
