// The numbers for Prometheus: what they say, and to whom.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMetrics, createMetricsRoutes, type MetricsRegistry } from '../../../gateway/http/metrics.ts';
import { openServer, type HttpServer } from '../../../gateway/http/server.ts';
import { proves } from '../../requirement.ts';
import { quiet } from '../data.ts';
import { sendRaw } from './raw.ts';

describe('the metrics', () => {
  let server: HttpServer;
  let metrics: MetricsRegistry;
  beforeEach(async () => {
    metrics = createMetrics({
      tunnels: () => 3,
      sessions: () => 5,
      streams: () => 4,
      recordsWaiting: () => 7,
      recordsOverdueMs: () => 90_000,
      callsWaiting: () => 9,
      sinks: () => [{ slug: 'siem', owed: 12, oldestAt: Date.now() - 60_000, failingSince: 1, sent: 3, skipped: 0, parked: 0 }],
    });
    const listen = { host: '127.0.0.1', port: 0 };
    server = await openServer({ listen, setting: '--metrics-listen', certificate: undefined, logger: quiet });
    server.serve(createMetricsRoutes({ metrics, logger: quiet }));
  });
  afterEach(() => server.close(0));

  const ask = (line: string, ...headers: string[]) =>
    sendRaw({ host: '127.0.0.1', port: server.address.port }, [line, ...headers, 'Connection: close']);

  test('count calls by decision and code, and show what is open now', async () => {
    metrics.call('allowed', null, 12);
    metrics.call('refused', 'TOOL_NOT_PROVISIONED', 1);
    metrics.call('refused', 'TOOL_NOT_PROVISIONED', 1);
    metrics.notificationDropped();
    const { status, headers, body } = await ask('GET /metrics HTTP/1.1', `Host: 127.0.0.1:${server.address.port}`);
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    for (const line of [
      'drawbridge_calls_total{decision="allowed",code=""} 1',
      'drawbridge_calls_total{decision="refused",code="TOOL_NOT_PROVISIONED"} 2',
      'drawbridge_call_duration_seconds_bucket{le="0.02",decision="allowed"} 1',
      'drawbridge_call_duration_seconds_bucket{le="0.01",decision="allowed"} 0',
      'drawbridge_notifications_dropped_total 1',
      'drawbridge_tunnels 3',
      'drawbridge_sessions 5',
      'drawbridge_streams 4',
      'drawbridge_audit_waiting_records 7',
      'drawbridge_calls_waiting 9',
      'drawbridge_sink_lag_records{sink="siem"} 12',
      'drawbridge_sink_lag_seconds{sink="siem"} 6',
      'drawbridge_sink_failing{sink="siem"} 1',
    ])
      expect(body).toContain(line);
  });

  test('have counted all that is over at each look, however many calls there were', async () => {
    proves('gateway-shell.metrics-whole', {
      file: 'gateway/http/metrics.ts',
      find: '      count();\n      return registry.metrics();',
      replace: '      return registry.metrics();',
    });
    let calls = 0;
    for (const more of [1, 255, 256, 257, 700]) {
      for (let i = 0; i < more; i++) metrics.call(i % 2 ? 'allowed' : 'failed', i % 2 ? null : 'SERVER_TIMEOUT', i % 2 ? 3 : 300);
      calls += more;
      const text = await metrics.text();
      const counted = (line: string) => Number(text.split(`\n${line} `)[1]?.split('\n')[0] ?? 0);
      const both =
        counted('drawbridge_calls_total{decision="allowed",code=""}') +
        counted('drawbridge_calls_total{decision="failed",code="SERVER_TIMEOUT"}');
      const seen =
        counted('drawbridge_call_duration_seconds_count{decision="allowed"}') +
        counted('drawbridge_call_duration_seconds_count{decision="failed"}');
      expect([both, seen]).toEqual([calls, calls]);
    }
  });

  test('are read under a loopback name only, and by no web page', async () => {
    proves('gateway-shell.metrics-loopback', {
      file: 'gateway/http/origin.ts',
      find: "(isIP(plain) === 4 && plain.startsWith('127.'))",
      replace: "plain.startsWith('127.')",
    });
    for (const host of ['evil.example', '127.0.0.1.evil.example', '127.evil.example:80', '10.0.0.1'])
      expect([host, (await ask('GET /metrics HTTP/1.1', `Host: ${host}`)).status]).toEqual([host, 421]);
    for (const host of ['localhost:1', '127.0.0.1', '[::1]:7071'])
      expect([host, (await ask('GET /metrics HTTP/1.1', `Host: ${host}`)).status]).toEqual([host, 200]);
    expect((await ask('GET /metrics HTTP/1.1', 'Host: localhost', 'Origin: http://localhost')).status).toBe(403);
  });

  test('are all that this listener has', async () => {
    expect((await ask('GET /g/main/mcp HTTP/1.1', 'Host: localhost')).status).toBe(404);
    expect((await ask('POST /metrics HTTP/1.1', 'Host: localhost', 'Content-Length: 0')).status).toBe(405);
  });
});
