// The bus of one process: a publish reaches its listeners before it returns, in the order in which they subscribed.
import type { Logger } from 'pino';
import type { Bus, Topic } from './bus.ts';

export function createMemoryBus({ logger }: { readonly logger: Logger }): Bus {
  const listeners = new Map<Topic, Set<{ readonly call: () => void }>>();
  return {
    publish(topic) {
      // A copy: a listener may subscribe or end its own subscription while it is called.
      const all = listeners.get(topic);
      for (const listener of [...(all ?? [])]) {
        if (all?.has(listener) !== true) continue;
        try {
          listener.call();
        } catch (error) {
          logger.error({ topic, err: error }, 'a listener of the bus failed');
        }
      }
    },
    subscribe(topic, call) {
      const own = { call };
      const all = listeners.get(topic) ?? new Set();
      listeners.set(topic, all.add(own));
      return () => {
        all.delete(own);
      };
    },
  };
}
