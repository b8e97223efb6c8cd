// What is counted of the gateway server's work, as verbs: the parts that do the work call them and know nothing of Prometheus.
// Labels come from fixed tables only, never from a request, so that nobody outside can grow them.
import type { ErrorCode } from '#contract/error.ts';

export interface Metrics {
  /** A call is over. `code` where it was not answered by its upstream. */
  call(decision: 'allowed' | 'refused' | 'failed', code: ErrorCode | null, durationMs: number): void;
  /** A notification from an upstream server was dropped: no host asked for it, or too many waited for an engine. */
  notificationDropped(): void;
}

/** What counts from the start: it keeps all that was counted until there is who shows it, whom it asks for where that becomes much. */
export interface EarlyMetrics extends Metrics {
  showBy(metrics: Metrics): void;
}

/** To count so many at once takes a hundredth of a second; a busy server has as many in half a second. */
const keptAtMost = 5000;

/** `onMany`: called once, where so much is kept that it has to be shown now. */
export function createEarlyMetrics(onMany: () => void): EarlyMetrics {
  let kept: ((by: Metrics) => void)[] = [];
  let shown: Metrics | undefined;
  const keep = (count: (by: Metrics) => void): void => {
    if (kept.push(count) === keptAtMost) onMany();
  };
  return {
    call(...of) {
      if (shown) shown.call(...of);
      else keep((by) => by.call(...of));
    },
    notificationDropped() {
      if (shown) shown.notificationDropped();
      else keep((by) => by.notificationDropped());
    },
    showBy(metrics) {
      shown = metrics;
      for (const count of kept) count(metrics);
      kept = [];
    },
  };
}
