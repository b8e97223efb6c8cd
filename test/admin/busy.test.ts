// Slow operations of the admin API, as many as there may be at once, and what still goes then.
import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { operationIds, operationOf } from '#contract/admin.ts';
import { Slug } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { listen } from '../fake/remote/listen.ts';
import { proves } from '../requirement.ts';
import { openStage } from './stage.ts';

/** A receiver of records that never answers; `waiting`: who waits for it. */
async function stuckReceiver() {
  const waiting: ServerResponse[] = [];
  const { origin } = await listen((_, response) => void waiting.push(response));
  return { waiting, url: `${origin}/v1/logs` };
}

test('what cuts somebody off goes also while slow operations have taken all places that they may have', async () => {
  proves('admin.urgent', {
    file: 'gateway/http/admin/route.ts',
    find: 'if (running >= (isUrgent ? atOnce : atOnce - urgentAtOnce))',
    replace: 'if (running >= atOnce - urgentAtOnce)',
  });
  const { waiting, url } = await stuckReceiver();
  const stage = await openStage(
    PolicyFile.parse({
      version: 1,
      users: { ada: { email: 'ada@example.org', role: 'super-admin' }, ben: { email: 'ben@example.org' } },
      sinks: { stuck: { kind: 'otlp', logsUrl: url, encoding: 'json', allowPrivate: ['127.0.0.1'] } },
    }),
  );
  onTestFinished(() => stage.close());
  const ada = stage.client(await stage.token('ada'));
  const params = { sink: Slug.parse('stuck') };
  const slow = Array.from({ length: 48 }, () => ada.call('sinks.test', { params }));
  await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(48);
  expect(await ada.call('teams.list', { query: {} })).toMatchObject({ refusal: { status: 503, code: 'BUSY' } });
  const off = await ada.call('switches.off', { body: { kind: 'user', name: 'ben', reason: 'stolen', tell: false } });
  expect(off).toMatchObject({ ok: true });
  expect(await ada.call('switches.list', { query: {} })).toMatchObject({ answer: { items: [{ name: 'ben' }] } });
  expect(await ada.call('users.offboard', { params: { user: Slug.parse('ben') } })).toMatchObject({ ok: true });
  for (const response of waiting) response.socket?.destroy();
  for (const one of await Promise.all(slow)) expect(one).toMatchObject({ answer: { outcome: 'not-now' } });
  expect(await ada.call('teams.list', { query: {} })).toMatchObject({ ok: true });
});

test('everything that revokes, blocks or switches off is urgent', () => {
  const cutting = operationIds.filter((id) => /\.(?:revoke|revoke-own|block|off|offboard)$/.test(id));
  expect(cutting.filter((id) => !operationOf(id).isUrgent)).toEqual([]);
  expect(cutting.length).toBeGreaterThan(7);
});
