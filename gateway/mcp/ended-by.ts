// What ends with something larger, and can be ended before it: a member of a batch, a list that is asked for in the course of a request. The rule: a signal that lives
// long is left as it was found. AbortSignal.any() would do the same, but a signal of it can not be aborted.
export async function endedBy<T>(signal: AbortSignal, run: (own: AbortController) => Promise<T>): Promise<T> {
  const own = new AbortController();
  const end = () => own.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    return await run(own);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
