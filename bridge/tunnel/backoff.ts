// When to dial again: at random up to a cap, so that thousands of bridges don't come back in one moment. The cap is half a second and doubles;
// in the first minute after a working tunnel it stays at two seconds or less, then it grows to thirty.

const firstCapMs = 500;
const soonCapMs = 2_000;
const lateCapMs = 30_000;
const soonForMs = 60_000;
/** A tunnel that did not last this long does not set the doubling back: a gateway that welcomes and drops is not hammered. */
const workedAfterMs = 1_000;

export interface BackOff {
  /** How long to wait now. Times are of a clock that nobody sets. */
  next(nowMs: number): number;
  /** A tunnel was up from then to then. */
  worked(fromMs: number, toMs: number): void;
}

export function createBackOff(random: () => number): BackOff {
  let attempts = 0;
  let workedUntilMs: number | undefined;
  return {
    next(nowMs) {
      const isSoon = workedUntilMs !== undefined && nowMs - workedUntilMs < soonForMs;
      const cap = Math.min(firstCapMs * 2 ** attempts, isSoon ? soonCapMs : lateCapMs);
      attempts = Math.min(attempts + 1, 16);
      return random() * cap;
    },
    worked(fromMs, toMs) {
      workedUntilMs = toMs;
      if (toMs - fromMs >= workedAfterMs) attempts = 0;
    },
  };
}

/** What the gateway said for good is asked again only this often. */
export const refusedEveryMs = lateCapMs;
