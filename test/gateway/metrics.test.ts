// What is counted before the registry of the metrics is there.
import { expect, test } from 'vitest';
import { createEarlyMetrics } from '../../gateway/metrics.ts';
import { createMetrics } from '../../gateway/http/metrics.ts';

const none = () => 0;
const gauges = {
  ...{ tunnels: none, sessions: none, streams: none, recordsWaiting: none, recordsOverdueMs: none, callsWaiting: none },
  sinks: () => [],
};

test('what is counted before the registry is there is shown by it, and counted once', async () => {
  const early = createEarlyMetrics(none);
  const { call, notificationDropped } = early;
  for (let i = 0; i < 300; i++) call('allowed', null, 3);
  notificationDropped();
  const metrics = createMetrics(gauges);
  early.showBy(metrics);
  call('refused', 'TOOL_NOT_PROVISIONED', 1);
  notificationDropped();
  for (let look = 0; look < 2; look++) {
    const text = await metrics.text();
    expect(text).toContain('drawbridge_calls_total{decision="allowed",code=""} 300');
    expect(text).toContain('drawbridge_calls_total{decision="refused",code="TOOL_NOT_PROVISIONED"} 1');
    expect(text).toContain('drawbridge_notifications_dropped_total 2');
  }
});

test('the registry is asked for once, where much is counted before it is there', () => {
  let asked = 0;
  const early = createEarlyMetrics(() => asked++);
  for (let i = 0; i < 4999; i++) early.call('allowed', null, 3);
  expect(asked).toBe(0);
  early.notificationDropped();
  for (let i = 0; i < 20_000; i++) early.call('allowed', null, 3);
  expect(asked).toBe(1);
});
