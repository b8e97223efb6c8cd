// What is counted of the gateway server's work, as verbs: the parts that do the work call them and know nothing of Prometheus.
// Labels come from fixed tables only, never from a request, so that nobody outside can grow them.
import type { ErrorCode } from '#contract/error.ts';

export interface Metrics {
  /** A call is over. `code` where it was not answered by its upstream. */
  call(decision: 'allowed' | 'refused' | 'failed', code: ErrorCode | null, durationMs: number): void;
  /** A notification from an upstream server was dropped: no host asked for it, or too many waited for an engine. */
  notificationDropped(): void;
}

/** What counts from the start: it keeps all that was counted until there is who shows it. */
export interface EarlyMetrics extends Metrics {
  showBy(metrics: Metrics): void;
}

export function createEarlyMetrics(): EarlyMetrics {
  let kept: ((by: Metrics) => void)[] = [];
  let shown: Metrics | undefined;
  return {
    call(...of) {
      if (shown) shown.call(...of);
      else kept.push((by) => by.call(...of));
    },
    notificationDropped() {
      if (shown) shown.notificationDropped();
      else kept.push((by) => by.notificationDropped());
    },
    showBy(metrics) {
      shown = metrics;
      for (const count of kept) count(metrics);
      kept = [];
    },
  };
}
