// Open loop: calls begin when they are due, whatever comes back. A latency counts from the moment the call was due, so that a target that stalls
// is charged for every call that it held up, sent or not (no coordinated omission). A call that has no answer in time is missed, never left out.

export interface Schedule {
  /** When the calls were due that have become due since the last look, in order. */
  due(now: number): readonly number[];
  /** A right answer to the call that was due at this time came. */
  answered(dueAt: number, now: number): void;
  /** Nothing more becomes due. */
  isOver(now: number): boolean;
  /** Latencies in milliseconds; calls that were missed count with the patience at least. */
  result(): ScheduleResult;
}

export interface ScheduleResult {
  /** Due in the window. */
  readonly calls: number;
  readonly missed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ScheduleOptions {
  readonly startAt: number;
  readonly ratePerSecond: number;
  /** Calls that are due in this time at first are made and do not count. */
  readonly warmMs: number;
  readonly ms: number;
  /** A call that waits longer is missed. */
  readonly patienceMs: number;
}

export function createSchedule({ startAt, ratePerSecond, warmMs, ms, patienceMs }: ScheduleOptions): Schedule {
  const everyMs = 1000 / ratePerSecond;
  const total = Math.round((warmMs + ms) / everyMs);
  const countedFrom = Math.round(warmMs / everyMs);
  const latencies: number[] = [];
  let given = 0;

  return {
    due(now) {
      const times: number[] = [];
      for (; given < total && startAt + given * everyMs <= now; given++) times.push(startAt + given * everyMs);
      return times;
    },
    answered(dueAt, now) {
      if (Math.round((dueAt - startAt) / everyMs) >= countedFrom && now - dueAt <= patienceMs) latencies.push(now - dueAt);
    },
    isOver: () => given >= total,
    result() {
      const calls = total - countedFrom;
      const missed = calls - latencies.length;
      const all = [...latencies.toSorted((a, b) => a - b), ...Array.from({ length: missed }, () => patienceMs)];
      return { calls, missed, p50Ms: quantile(all, 0.5), p99Ms: quantile(all, 0.99) };
    },
  };
}

/** The value at this share of an ascending list; 0 of an empty one. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
