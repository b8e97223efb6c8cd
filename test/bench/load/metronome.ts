// Says when a call is due: a thread that sleeps until then, because timers of the event loop are a millisecond coarse and a busy loop would take a core
// from what is measured. It says so by a message; whoever takes it looks at the clock.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';

/** Milliseconds since 1970, with fractions: clocks of two threads begin at different times. */
export const Beat = z.object({ startAt: z.number(), everyMs: z.number(), untilMs: z.number() });
export type Beat = z.infer<typeof Beat>;

export const metronomeFile = new URL(import.meta.url);

if (!isMainThread && parentPort !== null) {
  const { startAt, everyMs, untilMs } = Beat.parse(workerData);
  const never = new Int32Array(new SharedArrayBuffer(4));
  const now = (): number => performance.timeOrigin + performance.now();
  for (let dueAt = startAt; dueAt <= untilMs; dueAt += everyMs) {
    const waitMs = dueAt - now();
    if (waitMs > 0) Atomics.wait(never, 0, 0, waitMs);
    parentPort.postMessage(undefined);
  }
}
