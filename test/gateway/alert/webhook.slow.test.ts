// Alerts as somebody's pager gets them: by a sink that is a signed webhook.
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import type { EventRecord } from '#contract/audit.ts';
import { AlertId } from '#contract/id.ts';
import { Secret } from '#contract/secret.ts';
import { setSinkSecret } from '../../../gateway/admin/sink.ts';
import { watchAlerts } from '../../../gateway/alert/alerts.ts';
import { serveReceiver } from '../../fake/sink/receiver.ts';
import { answerWebhook } from '../../fake/sink/webhook.ts';
import { proves } from '../../requirement.ts';
import { recordOf } from '../../suite/sample.ts';
import { until } from '../../walk/deployment.ts';
import { byHand, quiet } from '../data.ts';
import { stage, webhook } from '../sink/stage.ts';

test('a signed webhook of alerts gets each once it is there again, with the alert as its id, the same with each attempt, and nothing else', async () => {
  proves('alert.webhook', {
    file: 'gateway/sink/item.ts',
    find: "has(only.events, record['event']) &&",
    replace: '',
  });
  const got: [id: string, records: readonly Record<string, unknown>[]][] = [];
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const take = answerWebhook(secret, ({ data }, id) => got.push([id, data.records ?? []]));
  let refusals = 2;
  const server = await serveReceiver((post) => (refusals-- > 0 ? { status: 503 } : take(post)));
  onTestFinished(() => server.close());
  const at = await stage({ pager: webhook(server.origin, { only: { events: ['alert_raised', 'alert_closed'] } }) });
  await setSinkSecret(
    { ...byHand, store: at.store },
    { keys: at.keys, slug: 'pager', header: undefined, value: new Secret(secret), now: 1 },
  );
  await at.open();
  const { store, recorder } = at;
  const deps = {
    store,
    recorder,
    chain: 'main',
    publicOrigin: 'https://gw.example.org',
    logger: quiet,
    now: Date.now,
    everyMs: 5,
  };
  const watch = watchAlerts(deps);
  onTestFinished(() => watch.close());
  await until('it has begun', async () => (await store.alert.alertsRead('main')) !== undefined);
  const detail = { gateway: 'eng', server: 'files', kind: 'tools', item: 'read', reason: 'changed' };
  const waits = () => ({ ...recordOf(1, detail), event: 'definition_waits' }) as EventRecord;
  await at.append(waits(), waits(), recordOf(2));
  await until('it arrived', async () => got.length > 0);
  const [{ id } = { id: '' }] = await store.alert.alerts();
  expect(got).toEqual([
    [
      expect.stringMatching(/^msg_/),
      [
        expect.objectContaining({
          id,
          event: 'alert_raised',
          detail: expect.objectContaining({ alert: id, state: 'open', key: 'pin:eng/files' }),
        }),
      ],
    ],
  ]);
  expect(server.posts.map(({ answer }) => answer.status)).toEqual([503, 503, 204]);
  expect(new Set(server.posts.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(await store.alert.closeAlert(AlertId.parse(id), Date.now())).toBe(true);
  await until('it arrived that it is over', async () => got.length > 1);
  expect(got.slice(1)).toEqual([
    [
      expect.stringMatching(/^msg_/),
      [
        expect.objectContaining({
          id: expect.not.stringContaining(id),
          event: 'alert_closed',
          detail: expect.objectContaining({ alert: id, state: 'closed', key: 'pin:eng/files', closedAt: expect.any(Number) }),
        }),
      ],
    ],
  ]);
});
