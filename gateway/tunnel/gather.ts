// In a storm of returning tunnels, what each needs of the disk or the store is done for all who came within a few milliseconds: a commit, or a look, costs as much for fifty as for one.
// Rule: where few come, nobody waits for another.

/** Runs after the events of this turn, or after so many ms. */
export function later(waitMs: number, run: () => void): void {
  if (waitMs > 0) setTimeout(run, waitMs);
  else setImmediate(run);
}

/** `work` of many things, begun in one turn for all that were given within `waitMs()` of the first. Settles as the work on each does. */
export function gathering<T>(work: (one: T) => Promise<void>, waitMs: () => number): (one: T) => Promise<void> {
  let gathered: { readonly one: T; readonly done: PromiseWithResolvers<void> }[] = [];

  const workOnAll = (): void => {
    const all = gathered;
    gathered = [];
    for (const { one, done } of all) work(one).then(done.resolve, done.reject);
  };

  return (one) => {
    const wait = waitMs();
    if (gathered.length === 0 && wait === 0) return work(one);
    const done = Promise.withResolvers<void>();
    if (gathered.length === 0) setTimeout(workOnAll, wait);
    gathered.push({ one, done });
    return done.promise;
  };
}
