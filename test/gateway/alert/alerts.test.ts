// Alerts over real records: kept, told once by a record that the sinks send on, and told again only where they open again.
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { AuditRecord, CallRecord, EventRecord } from '#contract/audit.ts';
import { PolicyFile } from '#contract/policy.ts';
import { ServerId, newId } from '#contract/id.ts';
import { closeAlert } from '../../../gateway/admin/alert.ts';
import { type AlertsDeps, watchAlerts } from '../../../gateway/alert/alerts.ts';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { proves } from '../../requirement.ts';
import { callRecord, enrolled, postureOf, recordOf, slug, userId } from '../../suite/sample.ts';
import { until } from '../../walk/deployment.ts';
import { byHand, type Data, openData, quiet, twoTeams } from '../data.ts';

const withFiles = PolicyFile.parse({ ...twoTeams, servers: { ...twoTeams.servers, files: { kind: 'workstation' } } });
const server = { id: ServerId.parse(newId()), name: 'files' };
/** A gateway server: a chain of its own on a database that others may share. */
async function serve(data: Data, chain: string, change: Partial<AlertsDeps> = {}) {
  const { store } = data;
  const key = await openAuditKey(join(data.dir, chain));
  const recorder = await openRecorder({ store, ...key, chain, mode: 'durable', logger: quiet });
  const deps = { store, recorder, chain, publicOrigin: 'https://gw.example.org', logger: quiet, now: Date.now };
  const watch = watchAlerts({ ...deps, everyMs: 5, settleEveryMs: 5, ...change });
  await until('it has begun', async () => (await store.alert.alertsRead(chain)) !== undefined);
  return {
    append: (...records: readonly AuditRecord[]) => Promise.all(records.map((one) => recorder.append(one))),
    async close() {
      await watch.close();
      await recorder.close();
    },
  };
}

async function stage(chains: readonly string[], policy: PolicyFile = withFiles, change: Partial<AlertsDeps> = {}) {
  const data = await openData(policy);
  const { store } = data;
  const servers = await Promise.all(chains.map((chain) => serve(data, chain, change)));
  onTestFinished(async () => {
    await Promise.all(servers.map((one) => one.close()));
    await data.close();
  });
  const told = async () => {
    const all = await Promise.all(chains.map((chain) => store.recordsAfter(chain, 0, 1000)));
    const events = all.flat().map(({ body }) => JSON.parse(body) as EventRecord);
    return events.filter(({ event }) => event === 'alert_raised');
  };
  const open = async () => (await store.alert.openAlerts('')).map(({ key }) => key).toSorted();
  return { data, store, servers, told, open };
}

const lost = () => callRecord(userId(), { server, decision: 'failed', code: 'SERVER_EXITED' });

test('what happens opens an alert that is told once, also after a restart; closed, it opens anew', async () => {
  proves('alert.told-once', {
    file: 'gateway/alert/alerts.ts',
    find: '      await alert.told(one.id, now(), until);\n',
    replace: '',
  });
  const data = await openData(withFiles);
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
      now: () => Date.now() + later,
      everyMs: 5,
    });
  let later = 0;
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
  await until('it has begun', async () => (await store.alert.alertsRead('main')) === 1);
  // What was before anybody looked is nobody's alert.
  expect(await store.alert.alerts()).toEqual([]);
  await recorder.append(lost());
  await recorder.append(lost());
  await until('it is told', async () => (await told()).length === 1);
  const [first] = await told();
  expect(first?.detail).toMatchObject({ key: 'server:files', level: 'error', link: 'https://gw.example.org/api/v1/alerts' });
  await watch.close();
  later = 60_000;
  watch = open();
  await recorder.append(lost());
  await until('it is counted', async () => (await store.alert.alerts())[0]?.count === 3);
  expect(await told()).toHaveLength(1);
  const [{ id } = { id: undefined }] = await store.alert.alerts();
  await closeAlert({ ...byHand, store }, id, String(id), Date.now());
  await expect(closeAlert({ ...byHand, store }, id, String(id), Date.now())).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  const closed = await until('it is told that it is over', async () => {
    const all = (await store.recordsAfter('main', 0, 1000)).map(({ body }) => JSON.parse(body) as EventRecord);
    const those = all.filter(({ event }) => event === 'alert_closed');
    return those.length > 0 && those;
  });
  expect(closed.map(({ detail }) => [detail['alert'], detail['state'], detail['key']])).toEqual([[id, 'closed', 'server:files']]);
  await recorder.append(lost());
  await until('it is told again', async () => (await told()).length === 2);
  await store.sawHosts([{ id: 'codex', title: 'Codex', user: slug('ada'), gateway: slug('main'), at: Date.now() + 1000 }]);
  await until('a new host is told', async () => (await told()).some(({ detail }) => detail['key'] === 'host:codex'));
});

test('where nothing is written nothing is looked for; what is written by anybody is found', async () => {
  proves('alert.found', {
    file: 'gateway/alert/alerts.ts',
    find: 'looked = written;',
    replace: 'looked = await store.lastWrite();',
  });
  const data = await openData(withFiles);
  const asked = { turns: 0, looks: 0 };
  let between = async (): Promise<void> => undefined;
  const alert = {
    ...data.store.alert,
    newHosts() {
      asked.looks++;
      return data.store.alert.newHosts();
    },
    // After all was looked at, before the turn is over.
    async claimClosed(...of: Parameters<typeof data.store.alert.claimClosed>) {
      const claimed = await data.store.alert.claimClosed(...of);
      await between();
      return claimed;
    },
  };
  const lastWrite = () => {
    asked.turns++;
    return data.store.lastWrite();
  };
  const server = await serve(data, 'a', { store: { ...data.store, alert, lastWrite }, settleEveryMs: 1e9 });
  onTestFinished(async () => {
    await server.close();
    await data.close();
  });
  const isStill = async () => {
    const { turns, looks } = asked;
    await until('turns', async () => asked.turns > turns + 5);
    return asked.looks === looks;
  };
  await until('it is still', isStill);
  between = async () => {
    between = async () => undefined;
    await data.store.sawHosts([{ id: 'codex', title: 'x', user: slug('ada'), gateway: slug('main'), at: 1000 }]);
  };
  await data.store.sawHosts([{ id: 'zed', title: 'x', user: slug('ada'), gateway: slug('main'), at: 1000 }]);
  await until('both are found', async () => (await data.store.alert.alerts()).length === 2);
  await until('it is still again', isStill);
});

test('of two gateway servers on one database one tells, and what both find is one alert', async () => {
  const { store, servers, told } = await stage(['a', 'b']);
  await Promise.all(servers.flatMap(({ append }) => [append(lost()), append(lost())]));
  for (const id of ['codex', 'cursor', 'zed'])
    await store.sawHosts([{ id, title: 'x', user: slug('ada'), gateway: slug('main'), at: 1000 }]);
  await until('all is told', async () => (await told()).length >= 4);
  await until('all is counted', async () => (await store.alert.alerts()).some(({ count }) => count === 4));
  expect((await told()).map(({ detail }) => detail['key']).toSorted()).toEqual([
    'host:codex',
    'host:cursor',
    'host:zed',
    'server:files',
  ]);
  expect((await store.alert.alerts()).map(({ key, count }) => [key, count]).toSorted()).toEqual([
    ['host:codex', 1],
    ['host:cursor', 1],
    ['host:zed', 1],
    ['server:files', 4],
  ]);
});

test('what is told again, because whoever told it ended before that was noted, has the same id', async () => {
  proves('alert.one-id', { file: 'gateway/alert/alerts.ts', find: ', id: RecordId.parse(id) };', replace: ' };' });
  const data = await openData(withFiles);
  let isFirst = true;
  let later = 0;
  const alert = {
    ...data.store.alert,
    told(...of: Parameters<typeof data.store.alert.told>) {
      if (!isFirst) return data.store.alert.told(...of);
      isFirst = false;
      return Promise.reject(new Error('ended'));
    },
  };
  const server = await serve(data, 'a', { store: { ...data.store, alert }, now: () => Date.now() + later });
  onTestFinished(async () => {
    await server.close();
    await data.close();
  });
  const told = async () =>
    (await data.store.recordsAfter('a', 0, 1000))
      .map(({ body }) => JSON.parse(body) as EventRecord)
      .filter(({ event }) => event === 'alert_raised');
  await server.append(lost());
  await until('it is told', async () => (await told()).length === 1);
  later = 60_000;
  await until('it is told again', async () => (await told()).length === 2);
  const [{ id } = { id: '' }] = await data.store.alert.alerts();
  expect((await told()).map((one) => [one.id, one.detail['alert']])).toEqual([
    [id, id],
    [id, id],
  ]);
});

test('a device off policy raises an alert that says what is wrong and what to do, and ends once it is whole for a minute', async () => {
  proves('alert.device', {
    file: 'gateway/alert/raise.ts',
    find: "if (verdictOf(posture) !== 'off-policy') return undefined;",
    replace: "if (verdictOf(posture) === 'off-policy') return undefined;",
  });
  let at = Date.now();
  const { store, told, open } = await stage(['a'], twoTeams, { now: () => at });
  const { id, hostname } = await enrolled(store, 'ada');
  const key = `device:${id}:posture`;
  const tell = (posture: ReturnType<typeof postureOf>) => store.tellPostures([{ workstation: id, posture, at }]);
  const finding = { code: 'direct_remote', severity: 'high', count: 2 } as const;
  await tell(postureOf('compliant', [], { mode: 'observe' }));
  at += 1000;
  await tell(postureOf('noncompliant', [finding], { drifted: 1 }));
  await until('it is told', async () => (await told()).length === 1);
  expect((await told())[0]?.detail).toMatchObject({
    key,
    words: `The workstation "${hostname}" of ada is off policy: direct_remote x 2, 1 config drifted. Add the server to the gateway and remove the entry.`,
  });
  at += 300_000;
  await tell(postureOf('noncompliant', [finding], { drifted: 1 }));
  at += 1000;
  await tell(postureOf('compliant'));
  await until('it was looked at', async () => (await store.alert.changedPostures()).length === 0);
  expect([await open(), (await store.alert.alerts())[0]?.count]).toEqual([[key], 1]);
  at += 60_000;
  await until('it is over', async () => (await open()).length === 0);
  expect(await told()).toHaveLength(1);
});

test('what is over by how things stand is closed, though no record says so', async () => {
  proves('alert.over', {
    file: 'gateway/alert/over.ts',
    find: "(about === 'lagging' && now.owed < now.config.limit / 4)",
    replace: "(about === 'lagging' && now.owed < 0)",
  });
  const policy = PolicyFile.parse({ ...twoTeams, sinks: { siem: { kind: 'file', limit: 100 } } });
  const { store, servers, open } = await stage(['a'], policy, { settleEveryMs: 0 });
  const { id } = await enrolled(store, 'ada');
  const [sink] = await store.sink.sinks();
  if (!sink) throw new Error('there is one');
  const event = (name: string, detail: Record<string, string | number>) =>
    ({ ...recordOf(5, detail), event: name }) as EventRecord;
  const down = (name: string, change: Partial<CallRecord> = {}) =>
    callRecord(userId(), { server: { ...server, name }, decision: 'failed', code: 'SERVER_EXITED', ...change });
  // So that its alerts hold: it owes much, and fails.
  await store.sink.lease(sink.id, 'a', 0, 1e15);
  const progress = { cursors: new Map(), sent: 0, rejected: 0, skipped: 0, parked: [], complaint: null, at: 1 };
  await store.sink.report(sink.id, 'a', { ...progress, error: 'away' });
  await servers[0]?.append(...Array.from({ length: 60 }, () => recordOf(1)));
  await servers[0]?.append(
    event('sink_failing', { sink: 'siem', reason: 'away' }),
    event('sink_lagging', { sink: 'siem', owed: 60, limit: 100 }),
    event('sink_failing', { sink: 'gone', reason: 'away' }),
    down('memory'),
    down('memory', { workstation: id }),
    down('gone'),
  );
  const lasting = ['server:memory', `server:memory@${id}`, 'sink:siem', 'sink:siem:lagging'].toSorted();
  await until('what is gone is closed', async () => (await open()).join() === lasting.join());
  await store.sink.report(sink.id, 'a', { ...progress, cursors: new Map([['a', 66]]), sent: 1, error: null });
  await store.revokeWorkstation(id, Date.now());
  await until('the others are', async () => (await open()).join() === 'server:memory');
});
