// Time that several steps share.
import { Fault } from '#contract/error.ts';

/** What is left of a timeout that began then, in ms. */
export function leftOf(timeoutMs: number, beganAt: number): number {
  return Math.max(timeoutMs - (performance.now() - beganAt), 1);
}

/** Waits for what others may also be waiting for; the time and the signal end this wait, not theirs. */
export function within<T>(promise: Promise<T>, timeoutMs: number, late: () => Fault, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Fault('CANCELLED'));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(() => reject(late()), timeoutMs);
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    });
  });
}
