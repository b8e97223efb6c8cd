// How long a server that keeps ending must wait before it is started again: nothing after the first end, then 0.5 s doubling to 30 s.
// A life of 60 s forgets what was before.
const firstMs = 500;
const longestMs = 30_000;
const longLifeMs = 60_000;
const keyLimit = 1000;

export interface BackOff {
  /** Milliseconds until this key may start; 0 where it may now. */
  waitMs(key: string): number;
  /** It ended by itself after this long. */
  ended(key: string, livedMs: number): void;
  /** How often it ended in a row. */
  ends(key: string): number;
  /** It may start at once, as if it had never ended. */
  forget(key: string): void;
}

/** `now`: of a clock that nobody sets, or one that was set back would hold a server for as long. */
export function createBackOff(now: () => number): BackOff {
  const states = new Map<string, { ends: number; until: number }>();
  return {
    waitMs(key) {
      return Math.max(0, (states.get(key)?.until ?? 0) - now());
    },
    ended(key, livedMs) {
      const ends = livedMs >= longLifeMs ? 1 : (states.get(key)?.ends ?? 0) + 1;
      states.delete(key);
      const oldest = states.size >= keyLimit ? states.keys().next().value : undefined;
      if (oldest !== undefined) states.delete(oldest);
      states.set(key, { ends, until: ends < 2 ? 0 : now() + Math.min(longestMs, firstMs * 2 ** Math.min(ends - 2, 20)) });
    },
    ends(key) {
      return states.get(key)?.ends ?? 0;
    },
    forget: (key) => void states.delete(key),
  };
}
