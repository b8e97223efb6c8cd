// Waits that may end a little late, so that those which end at about the same time wake the process once: an idle gateway server costs its wakes more than what it does in them.
// The rule: none ends early, and none later than it allows, as far as the event loop is free; what one of them throws takes nothing from the others.

interface Waiting {
  /** On the clock of performance.now(). */
  readonly dueMs: number;
  readonly latestMs: number;
  readonly run: () => void;
}

const waiting = new Set<Waiting>();
let timer: NodeJS.Timeout | undefined;
let timerMs = Infinity;
/** Timers count whole ms: one may come by so much before the time that it was set for. */
const earlyMs = 1;

/** As setTimeout(), up to `slackMs` later, together with another one. Keeps no process running. The returned function ends it; idempotent. */
export function later(run: () => void, afterMs: number, slackMs: number): () => void {
  const nowMs = performance.now();
  const one = { dueMs: nowMs + afterMs, latestMs: nowMs + afterMs + slackMs, run };
  waiting.add(one);
  if (one.latestMs < timerMs) arm(one.latestMs);
  return () => {
    if (!waiting.delete(one) || waiting.size > 0) return;
    clearTimeout(timer);
    timerMs = Infinity;
  };
}

/** As setInterval(), each time up to `slackMs` later than due. The returned function ends it; idempotent. */
export function every(run: () => void, everyMs: number, slackMs: number): () => void {
  let end = (): void => undefined;
  const again = (): void => {
    // Before it runs: it may end itself.
    end = later(again, everyMs, slackMs);
    run();
  };
  end = later(again, everyMs, slackMs);
  return () => end();
}

function arm(atMs: number): void {
  clearTimeout(timer);
  timerMs = atMs;
  timer = setTimeout(wake, Math.max(Math.ceil(atMs - performance.now()), 0)).unref();
}

function wake(): void {
  const nowMs = performance.now();
  timerMs = Infinity;
  try {
    for (const one of [...waiting]) if (one.dueMs - earlyMs < nowMs && waiting.delete(one)) one.run();
  } finally {
    let nextMs = Infinity;
    for (const { latestMs } of waiting) nextMs = Math.min(nextMs, latestMs);
    if (nextMs < timerMs) arm(nextMs);
  }
}
