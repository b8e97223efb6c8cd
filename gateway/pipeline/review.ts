// Looking at all of something anew because anything changed. The rule: one review at a time, of some at once: however often something changes meanwhile, one
// more sees all of it, so that what it costs does not grow with how often.

/** Each may have to be looked up in the store, where calls wait too. */
const atOnce = 64;

/** `look` does not reject. The returned function says that something changed. */
export function createReview<T>(all: () => readonly T[], look: (one: T) => Promise<unknown>): () => void {
  let isDue = false;
  let reviewing: Promise<void> | undefined;

  async function reviewAll(): Promise<void> {
    while (isDue) {
      isDue = false;
      const now = all();
      for (let at = 0; at < now.length; at += atOnce) await Promise.all(now.slice(at, at + atOnce).map(look));
    }
  }

  return () => {
    isDue = true;
    reviewing ??= reviewAll().finally(() => (reviewing = undefined));
  };
}
