// Alerts over real records: kept, told once by a record that the sinks send on, and told again only where they open again.
import { expect, onTestFinished, test } from 'vitest';
import type { EventRecord } from '#contract/audit.ts';
import { ServerId, newId } from '#contract/id.ts';
import { closeAlert } from '../../../gateway/admin/alert.ts';
import { watchAlerts } from '../../../gateway/alert/alerts.ts';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { proves } from '../../requirement.ts';
import { callRecord, slug, userId } from '../../suite/sample.ts';
import { until } from '../../walk/deployment.ts';
import { byHand, openData, quiet } from '../data.ts';

const server = { id: ServerId.parse(newId()), name: 'files' };
const lost = () => callRecord(userId(), { server, decision: 'failed', code: 'SERVER_EXITED' });

test('what happens opens an alert that is told once, also after a restart; closed, it opens anew', async () => {
  proves('alert.told-once', { file: 'gateway/alert/alerts.ts', find: '      await alert.told(id, at);\n', replace: '' });
  const data = await openData();
  const { store } = data;
  const recorder = await openRecorder({
    store,
    ...(await openAuditKey(data.dir)),
    chain: 'main',
    mode: 'durable',
    logger: quiet,
  });
  await recorder.append(lost());
  const open = () =>
    watchAlerts({
      store,
      recorder,
      chain: 'main',
      publicOrigin: 'https://gw.example.org',
      logger: quiet,
      now: Date.now,
      everyMs: 5,
    });
  let watch = open();
  onTestFinished(async () => {
    await watch.close();
    await recorder.close();
    await data.close();
  });
  const told = async () =>
    (await store.recordsAfter('main', 0, 1000))
      .map(({ body }) => JSON.parse(body) as EventRecord)
      .filter(({ event }) => event === 'alert_raised');
  await until(
    'it has begun',
    async () => (await store.alert.alertsRead('main')) === 1 && (await store.alert.alertsRead('@hosts')) !== undefined,
  );
  // What was before anybody looked is nobody's alert.
  expect(await store.alert.alerts()).toEqual([]);
  await recorder.append(lost());
  await recorder.append(lost());
  await until('it is told', async () => (await told()).length === 1);
  const [first] = await told();
  expect(first?.detail).toMatchObject({ key: 'server:files', level: 'error', link: 'https://gw.example.org/api/v1/alerts' });
  await watch.close();
  watch = open();
  await recorder.append(lost());
  await until('it is counted', async () => (await store.alert.alerts())[0]?.count === 3);
  expect(await told()).toHaveLength(1);
  const [{ id } = { id: undefined }] = await store.alert.alerts();
  await closeAlert({ ...byHand, store }, id, String(id), Date.now());
  await expect(closeAlert({ ...byHand, store }, id, String(id), Date.now())).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  await recorder.append(lost());
  await until('it is told again', async () => (await told()).length === 2);
  await store.sawHosts([{ id: 'codex', title: 'Codex', user: slug('ada'), gateway: slug('main'), at: Date.now() + 1000 }]);
  await until('a new host is told', async () => (await told()).some(({ detail }) => detail['key'] === 'host:codex'));
});
