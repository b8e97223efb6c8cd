// The numbers of this gateway server for Prometheus, on a listener of their own: they say who uses what how often, so they stay on loopback.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { Metrics } from '../metrics.ts';
import { answerFault } from './error.ts';
import { isLoopback } from './origin.ts';
import type { Routes } from './routes.ts';

/** Numbers that their owners know; asked at each scrape. */
interface Gauges {
  readonly tunnels: () => number;
  readonly sessions: () => number;
  readonly streams: () => number;
  /** Records that are queued and not yet committed. */
  readonly recordsWaiting: () => number;
  /** How much older the oldest record is than the policy lets it get. */
  readonly recordsOverdueMs: () => number;
  readonly callsWaiting: () => number;
  readonly sinks: () => readonly SinkGauge[];
}
/** How a sink stands; the names are the policy's. */
interface SinkGauge {
  readonly slug: string;
  readonly owed: number;
  readonly oldestAt: number | null;
  readonly failingSince: number | null;
  readonly sent: number;
  readonly skipped: number;
  readonly parked: number;
}
export interface MetricsRegistry extends Metrics {
  /** The text that Prometheus reads. */
  text(): Promise<string>;
}

/** So many calls are counted at once: what one costs among many is a fraction of what it costs while its host waits. */
const countedAtOnce = 256;
const secondsBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createMetrics(gauges: Gauges): MetricsRegistry {
  const registry = new Registry();
  const registers = [registry];
  // It looks at the event loop's delay by a timer of its own, and each time wakes the process: every 10 ms, as is the default, that is half of what an idle gateway server costs.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 200 });
  const calls = new Counter({
    name: 'drawbridge_calls_total',
    help: 'MCP requests that ended, by decision and error code.',
    labelNames: ['decision', 'code'],
    registers,
  });
  const durations = new Histogram({
    name: 'drawbridge_call_duration_seconds',
    help: 'Time from the arrival of an MCP request to its answer, by decision.',
    labelNames: ['decision'],
    buckets: secondsBuckets,
    registers,
  });
  const dropped = new Counter({
    name: 'drawbridge_notifications_dropped_total',
    help: 'Notifications of upstream servers that no host asked for, or of which too many waited for an engine.',
    registers,
  });
  const gauge = (name: string, help: string, read: (of: Gauges) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(gauges));
      },
    });
  gauge('drawbridge_tunnels', 'Workstations that are connected now.', (of) => of.tunnels());
  gauge('drawbridge_sessions', 'MCP sessions that are open now.', (of) => of.sessions());
  gauge('drawbridge_streams', 'Streams of events that AI hosts read now.', (of) => of.streams());
  gauge('drawbridge_calls_waiting', 'Calls that stay open while their AI hosts are asked something.', (of) => of.callsWaiting());
  gauge('drawbridge_audit_waiting_records', 'Records that are queued and not yet committed.', (of) => of.recordsWaiting());

  gauge(
    'drawbridge_audit_overdue_seconds',
    'How much older than the policy keeps audit records the oldest one is.',
    (of) => of.recordsOverdueMs() / 1000,
  );

  const perSink = (name: string, help: string, read: (of: SinkGauge) => number) =>
    new Gauge({
      name: `drawbridge_sink_${name}`,
      help,
      labelNames: ['sink'],
      registers,
      collect() {
        this.reset();
        for (const of of gauges.sinks()) this.set({ sink: of.slug }, read(of));
      },
    });
  perSink('lag_records', 'Audit records that the sink owes.', (of) => of.owed);
  perSink('lag_seconds', 'Age of the oldest audit record that the sink owes.', ({ oldestAt }) =>
    oldestAt === null ? 0 : Math.max(Date.now() - oldestAt, 0) / 1000,
  );
  perSink('failing', '1 while nothing arrives at the sink.', (of) => (of.failingSince === null ? 0 : 1));
  perSink('sent_records', 'Audit records that the sink took, since it was named.', (of) => of.sent);
  perSink('skipped_records', 'Audit records that the sink was spared, since it was named.', (of) => of.skipped);
  perSink('parked_records', 'Audit records that are set aside, because the sink does not take them.', (of) => of.parked);

  const over: { readonly decision: string; readonly code: string; readonly seconds: number }[] = [];
  const count = () => {
    for (const { decision, code, seconds } of over) {
      calls.inc({ decision, code });
      durations.observe({ decision }, seconds);
    }
    over.length = 0;
  };

  return {
    call(decision, code, durationMs) {
      over.push({ decision, code: code ?? '', seconds: durationMs / 1000 });
      if (over.length >= countedAtOnce) count();
    },
    notificationDropped: () => dropped.inc(),
    text() {
      count();
      return registry.metrics();
    },
  };
}

/** Routes of the metrics listener. The Host header must name loopback, so that no page in a browser reads it under another name. */
export function createMetricsRoutes(deps: { metrics: MetricsRegistry; logger: Logger }): Routes {
  async function answer(...[request, response]: Parameters<Routes['onRequest']>): Promise<void> {
    const host = request.headers.host ?? '';
    if (!isLoopback(host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'))) throw new Fault('HOST_HEADER_FORBIDDEN');
    if (request.headers.origin !== undefined) throw new Fault('ORIGIN_FORBIDDEN', { origin: 'any' });
    if (request.url !== '/metrics') throw new Fault('NOT_FOUND');
    if (request.method !== 'GET') throw new Fault('METHOD_NOT_ALLOWED', { allow: 'GET' });
    const text = await deps.metrics.text();
    response.writeHead(200, {
      'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(text);
  }
  return {
    onRequest: (request, response) => {
      answer(request, response).catch((error: unknown) => answerFault(response, error, deps.logger));
    },
    onUpgrade: (_request, socket) => socket.destroy(),
  };
}
