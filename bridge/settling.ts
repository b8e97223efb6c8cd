// What follows from what: the profile decides the device's gateway, that decides what the hosts' configs should say, and those say which local servers there are.
// Rule: one settling at a time; what is asked for meanwhile is done once, afterwards, from the earliest part that was asked for.
import type { Logger } from 'pino';

const order = ['profile', 'hosts', 'servers'] as const;
/** From where on to look again: everything, the hosts' configs and what follows, or the local servers alone. */
export type From = (typeof order)[number];

export interface Settling {
  /** Resolves when a settling that began after this call is over. Never rejects. */
  ask(from: From): Promise<void>;
  /** Runs a task between two settlings and resolves or rejects as it does. */
  between<T>(task: () => Promise<T>): Promise<T>;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

export function createSettling(run: (from: From) => Promise<void>, signal: AbortSignal, logger: Logger): Settling {
  const asked = new Set<From>();
  let queue: Promise<void> = Promise.resolve();
  const next = async (): Promise<void> => {
    const from = order.find((part) => asked.has(part));
    if (!from || signal.aborted) return;
    asked.clear();
    try {
      await run(from);
    } catch (error) {
      if (!signal.aborted) logger.error({ err: error, from }, 'settling failed');
    }
  };
  return {
    ask(from) {
      asked.add(from);
      queue = queue.then(next);
      return queue;
    },
    between(task) {
      const done = queue.then(task);
      queue = done.then(
        () => undefined,
        () => undefined,
      );
      return done;
    },
    idle: () => queue,
  };
}
