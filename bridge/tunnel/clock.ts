// Notices that the machine slept or its clock jumped ahead: a timer that fires much later than it was set for.

const everyMs = 5_000;
const lateMs = 10_000;

/** Calls `onJump` after the wall clock ran more than 10 s further than the timer that watches it. */
export function watchClock(deps: { readonly now: () => number; readonly onJump: () => void; readonly everyMs?: number }): {
  close(): void;
} {
  const every = deps.everyMs ?? everyMs;
  let last = deps.now();
  const timer = setInterval(() => {
    const since = deps.now() - last;
    last = deps.now();
    if (since > every + lateMs) deps.onJump();
  }, every);
  return { close: () => clearInterval(timer) };
}
