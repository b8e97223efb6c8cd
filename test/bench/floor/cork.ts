// One write a tick: what is written to a stream during one turn of the event loop leaves it together.
import type { Writable } from 'node:stream';

/** Call it before each write. */
export function corkOf(stream: Writable): () => void {
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    stream.uncork();
  };
  return () => {
    if (isCorked) return;
    isCorked = true;
    stream.cork();
    setImmediate(uncork);
  };
}
