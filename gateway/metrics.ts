// What is counted of the gateway server's work, as verbs: the parts that do the work call them and know nothing of Prometheus.
// Labels come from fixed tables only, never from a request, so that nobody outside can grow them.
import type { ErrorCode } from '#contract/error.ts';

export interface Metrics {
  /** A call is over. `code` where it was not answered by its upstream. */
  call(decision: 'allowed' | 'refused' | 'failed', code: ErrorCode | null, durationMs: number): void;
  /** A notification from an upstream server was dropped: no host asked for it, or too many waited for an engine. */
  notificationDropped(): void;
}
