// A sink's pump over a real store: what it owes arrives, whatever fails in between, and what does not arrive is told.
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import type { EventRecord } from '#contract/audit.ts';
import { Fault } from '#contract/error.ts';
import { Secret } from '#contract/secret.ts';
import { setSinkSecret } from '../../../gateway/admin/sink.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { answerOtlp } from '../../fake/sink/otlp.ts';
import { type Answer, serveReceiver } from '../../fake/sink/receiver.ts';
import { answerWebhook } from '../../fake/sink/webhook.ts';
import { freePort } from '../../free-port.ts';
import { proves } from '../../requirement.ts';
import { callRecord, group, recordOf, userId } from '../../suite/sample.ts';
import { until } from '../../walk/deployment.ts';
import { byHand } from '../data.ts';
import { logs, stage, webhook } from './stage.ts';

const byHandOf = (store: Store) => ({ ...byHand, store });
const idsOf = (records: readonly Record<string, unknown>[]) => records.map((record) => record['id']);

test('each sink gets what its filter lets through, without what it leaves out, from the policy on', async () => {
  const at = await stage({
    whole: { kind: 'file' },
    narrow: { kind: 'file', only: { kinds: ['call'], decisions: ['refused'] }, redact: ['user.name', 'tool', 'legs'] },
    ocsf: { kind: 'file', format: 'ocsf', only: { kinds: ['call'] } },
  });
  const [allowed, refused] = [callRecord(userId()), callRecord(userId(), { decision: 'refused', code: 'TOOL_NOT_PROVISIONED' })];
  const ids = await at.append(allowed, recordOf(5, { n: 1 }), refused);
  await at.open();
  await until(
    'all arrived',
    async () => at.file('whole').length === 3 && at.file('narrow').length === 1 && at.file('ocsf').length === 2,
  );
  expect(idsOf(at.file('whole'))).toEqual(ids);
  expect(at.file('whole')[0]).toEqual({ ...allowed, chain: 'main', seq: 1 });
  expect(at.file('narrow')[0]).toEqual({
    ...refused,
    user: { id: refused.user?.id, name: '[redacted]' },
    tool: '[redacted]',
    legs: null,
    chain: 'main',
    seq: 3,
  });
  expect(at.file('ocsf')[1]).toMatchObject({ class_uid: 6003, type_uid: 600_399, status_id: 2, metadata: { uid: refused.id } });
  await until('nothing is owed', async () => (await at.standingOf('narrow'))?.owed === 0);
});

test('an outage loses nothing and repeats nothing without its id; it is told once, and its end too', async () => {
  proves('sink.at-least-once', {
    file: 'gateway/sink/pump.ts',
    find: 'const done = cursorsAfter(page, sent.settled);',
    replace: 'const done = page.ends;',
  });
  const got: string[] = [];
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const answer = answerWebhook(secret, ({ data }) => got.push(...(data.records ?? []).map(({ id }) => id)));
  let server = await serveReceiver(answer, await freePort());
  onTestFinished(() => server.close());
  const at = await stage({ hook: webhook(server.origin) });
  const sinks = await at.open();
  const first = await at.append(recordOf(1), recordOf(2));
  expect(got).toEqual([]);
  await setSinkSecret(byHandOf(at.store), { keys: at.keys, slug: 'hook', header: undefined, value: new Secret(secret), now: 1 });
  at.bus.publish('changed');
  await until('the first arrived', async () => got.length === 2);
  await server.close();
  const second = await at.append(...Array.from({ length: 300 }, (_, index) => recordOf(1000 + index)));
  await until('it is told', async () => (await at.events('sink_failing')).length === 1);
  expect(await at.standingOf('hook')).toMatchObject({ lastError: 'nothing listens there', owed: expect.any(Number) });
  await until('the lag is known', async () => (sinks.standing()[0]?.owed ?? 0) >= 300);
  server = await serveReceiver(answer, server.port);
  await until('all arrived', async () => second.every((id) => got.includes(id)));
  await until('its end is told', async () => (await at.events('sink_recovered')).length === 1);
  expect(got.filter((id) => first.includes(id) || second.includes(id))).toEqual([...first, ...second]);
  expect(await at.events('sink_failing')).toHaveLength(1);
  await until('it goes well', async () => (await at.standingOf('hook'))?.failingSince === null);
});

test('a record that is not taken while others are is set aside and told; a far end that takes nothing loses nothing', async () => {
  proves('sink.aside-told', { file: 'gateway/sink/pump.ts', find: 'if (!isOfThat) record', replace: 'record' });
  const got: string[] = [];
  let isClosed = true;
  const take = answerOtlp({ onLogs: (of) => void got.push(...of.map(({ body }) => body.stringValue)) });
  const server = await serveReceiver((post): Answer => {
    if (isClosed) return { status: 400, body: 'not now' };
    return post.body.includes('poison') ? { status: 400, body: 'poison' } : take(post);
  });
  onTestFinished(() => server.close());
  const at = await stage({ logs: logs(server.origin) });
  await at.append(recordOf(1), recordOf(2, { text: 'poison' }), recordOf(3), recordOf(4));
  await at.open();
  await until('it fails', async () => (await at.standingOf('logs'))?.lastError?.includes('not now'));
  expect(await at.standingOf('logs')).toMatchObject({ owed: 4, parked: 0, sent: 0 });
  isClosed = false;
  await until('the others arrived', async () => got.length >= 3);
  await until('it is told', async () => (await at.events('sink_record_set_aside')).length === 1);
  // What tells of it names it, and is not taken either: that is not told once more.
  await until('that is set aside too', async () => (await at.standingOf('logs'))?.parked === 2);
  const [last = ''] = await at.append(recordOf(9));
  await until('what comes behind it arrived', async () => got.some((text) => text.includes(last)));
  expect(await at.events('sink_record_set_aside')).toHaveLength(1);
  const [{ id } = { id: '' }] = await at.store.sink.sinks();
  const [aside, ...telling] = await at.store.sink.parked(id as never);
  expect(aside).toEqual({ chain: 'main', seq: 2, reason: 'it answered 400: poison' });
  expect(telling).toHaveLength(1);
});

test('records at the head that are not taken, one alone or many in a row, do not stop what comes behind them', async () => {
  proves('sink.finds-out', {
    file: 'gateway/sink/pump.ts',
    find: "if (kind !== 'refused') return kind === 'delivered';",
    replace: '',
  });
  const got: string[] = [];
  const take = answerOtlp({ onLogs: (of) => void got.push(...of.map(({ body }) => body.stringValue)) });
  const server = await serveReceiver((post) => (post.body.includes('poison') ? { status: 400, body: 'poison' } : take(post)));
  onTestFinished(() => server.close());
  // Nothing of what is recorded about the sink itself is owed, so that nothing comes by and helps.
  const at = await stage({ logs: logs(server.origin, { only: { events: ['tunnel_replaced'] } }) });
  const poison = () => ({ ...recordOf(1, { text: 'poison' }), event: 'tunnel_replaced' }) as EventRecord;
  const good = () => ({ ...recordOf(1), event: 'tunnel_replaced' }) as EventRecord;
  await at.append(...Array.from({ length: 30 }, poison), good());
  await at.open();
  await until('the one behind them arrived', async () => got.length >= 1);
  await until('they are set aside', async () => (await at.standingOf('logs'))?.parked === 30);
  await at.append(poison());
  await until('so is one alone', async () => (await at.standingOf('logs'))?.parked === 31);
  expect(await at.standingOf('logs')).toMatchObject({ owed: expect.any(Number), failingSince: null, rejected: 0, skipped: 0 });
  expect(await at.events('sink_record_set_aside')).toHaveLength(31);
});

test('a record that can not be written as a sink wants it, because somebody altered it, holds up no other', async () => {
  proves('sink.no-poison', {
    file: 'gateway/sink/pump.ts',
    find: "return { kind: 'refused', reason: 'it can not be written as this kind of sink wants it' };",
    replace: 'throw error;',
  });
  const got: string[] = [];
  const take = answerOtlp({ onLogs: (of) => void got.push(...of.map(({ body }) => body.stringValue)) });
  const server = await serveReceiver(take);
  onTestFinished(() => server.close());
  const at = await stage({ logs: logs(server.origin) });
  const [rows, seal] = group('other', 0, 4);
  await at.store.appendRecords(
    rows.map((row) => (row.seq === 2 ? { ...row, at: -1 } : row)),
    seal,
  );
  await at.open();
  await until('it is told', async () => (await at.events('sink_record_set_aside')).length === 1);
  await until('the others arrived', async () => got.length >= 3);
  expect((await at.events('sink_record_set_aside'))[0]?.detail).toMatchObject({ sink: 'logs', chain: 'other', seq: 2 });
});

test('what a far end drops is told, and the telling of it, which is dropped too, is not told again', async () => {
  proves('sink.rejected-told', {
    file: 'gateway/sink/pump.ts',
    find: 'if (performance.now() - rejectedToldAt < rejectedToldEveryMs) return;',
    replace: '',
  });
  const got: string[] = [];
  const take = answerOtlp({ rejects: 1, onLogs: (of) => void got.push(...of.map(({ body }) => body.stringValue)) });
  const server = await serveReceiver(take);
  onTestFinished(() => server.close());
  const at = await stage({ logs: logs(server.origin) });
  await at.append(recordOf(1));
  await at.open();
  await until('it is told there', async () => got.some((text) => text.includes('sink_rejected')));
  const [last = ''] = await at.append(recordOf(2));
  await until('the next one came', async () => got.some((text) => text.includes(last)));
  await until('both were counted', async () => ((await at.standingOf('logs'))?.rejected ?? 0) >= 3);
  expect((await at.events('sink_rejected')).map(({ detail }) => detail)).toEqual([
    { sink: 'logs', records: 1, reason: 'it dropped 1: too old' },
  ]);
});

test('sinks that could not be looked up, because the database was away, begin once it is back', async () => {
  proves('sink.looked-up-again', {
    file: 'gateway/sink/sinks.ts',
    find: 'void (isAstray ? look() : weigh())',
    replace: 'void weigh()',
  });
  const at = await stage({ whole: { kind: 'file' } });
  const [id] = await at.append(recordOf(1));
  let isAway = true;
  const { sink } = at.store;
  const sinks = () => {
    const answer = isAway ? Promise.reject(new Fault('STORE_UNAVAILABLE')) : sink.sinks();
    isAway = false;
    return answer;
  };
  await at.open('main', { ...at.store, sink: { ...sink, sinks } });
  await until('it begins', async () => at.file('whole').length === 1);
  expect(idsOf(at.file('whole'))).toEqual([id]);
});

test('a sink that owes half of what it may, for whatever reason, is told before calls are refused, and so is that it caught up', async () => {
  proves('sink.lag-told', {
    file: 'gateway/sink/sinks.ts',
    find: 'owed > limit / 2',
    replace: 'owed > limit',
  });
  const got: string[] = [];
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const server = await serveReceiver(answerWebhook(secret, ({ data }) => got.push(...(data.records ?? []).map(({ id }) => id))));
  onTestFinished(() => server.close());
  const at = await stage({ hook: webhook(server.origin, { limit: 100 }) });
  const sinks = await at.open();
  const ids = await at.append(...Array.from({ length: 60 }, (_, index) => recordOf(1000 + index)));
  await until('it is told', async () => (await at.events('sink_lagging')).length === 1);
  expect((await at.events('sink_lagging'))[0]?.detail).toMatchObject({ sink: 'hook', limit: 100 });
  expect(sinks.full()).toBeUndefined();
  await setSinkSecret(byHandOf(at.store), { keys: at.keys, slug: 'hook', header: undefined, value: new Secret(secret), now: 1 });
  at.bus.publish('changed');
  await until('all arrived', async () => ids.every((id) => got.includes(id)));
  await until('that is told', async () => (await at.events('sink_caught_up')).length === 1);
  expect(await at.events('sink_lagging')).toHaveLength(1);
});

test('a sink that may owe no more refuses calls until it has caught up, or is spared the oldest, which is told', async () => {
  proves('sink.full-refuses', {
    file: 'gateway/sink/sinks.ts',
    find: 'owed > config.limit',
    replace: 'owed > config.limit * 10',
  });
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const at = await stage({ strict: logs(origin, { limit: 100 }), lax: logs(origin, { limit: 100, onFull: 'skip' }) });
  const sinks = await at.open();
  expect(sinks.full()).toBeUndefined();
  const ids = await at.append(...Array.from({ length: 150 }, (_, index) => recordOf(1000 + index)));
  await until('it is full', async () => sinks.full() !== undefined);
  expect(sinks.full()).toMatchObject({ code: 'SINK_FULL', fields: { sink: 'strict', limit: 100 } });
  expect(sinks.full()?.message).toContain('sink list');
  await until('it is told', async () => (await at.events('sink_skipped')).length > 0);
  const [skipped] = await at.events('sink_skipped');
  expect(skipped?.detail).toMatchObject({ sink: 'lax', why: 'limit' });
  const got: string[] = [];
  const take = answerOtlp({
    onLogs: (of) => void got.push(...of.map(({ body }) => (JSON.parse(body.stringValue) as { id: string }).id)),
  });
  const server = await serveReceiver(take, port);
  onTestFinished(() => server.close());
  await until('calls are made again', async () => sinks.full() === undefined);
  await until('all arrived', async () => ids.every((id) => got.includes(id)));
  await until('the other has sent what it was left', async () => (await at.standingOf('lax'))?.owed === 0);
  const lax = await at.standingOf('lax');
  expect(lax?.skipped).toBeGreaterThanOrEqual(50);
});

test('of two gateway servers on one database one sends, and the other where it ended', async () => {
  const at = await stage({ whole: { kind: 'file' } });
  const first = await at.open('a');
  await at.append(recordOf(1), recordOf(2));
  await until('it sends', async () => at.file('whole').length === 2);
  await at.open('b');
  await at.append(recordOf(3));
  await until('it still sends', async () => at.file('whole').length === 3);
  await first.close();
  await at.append(recordOf(4));
  await until('the other sends', async () => at.file('whole').length === 4);
  expect(new Set(idsOf(at.file('whole'))).size).toBe(4);
});

test('a change of the policy begins, alters and ends sinks without a restart', async () => {
  const at = await stage({});
  await at.open();
  await at.append(recordOf(1));
  await at.apply({ whole: { kind: 'file' } });
  const [second] = await at.append(recordOf(2));
  await until('it begins', async () => at.file('whole').length === 1);
  expect(idsOf(at.file('whole'))).toEqual([second]);
  await at.apply({ whole: { kind: 'file', redact: ['event'] } });
  await at.append(recordOf(3));
  await until('it is altered', async () => at.file('whole').length === 2);
  expect(at.file('whole')[1]).toMatchObject({ event: '[redacted]' });
  await at.apply({ other: { kind: 'file' } });
  await at.append(recordOf(4));
  await until('another begins', async () => at.file('other').length === 1);
  expect(at.file('whole')).toHaveLength(2);
});

test('records that are gone from the database are told, and one that is no JSON is sent as it is', async () => {
  const at = await stage({ whole: { kind: 'file' } });
  const [, , third, ...rest] = group('other', 0, 4)[0];
  const [, seal] = group('other', 0, 4);
  if (!third) throw new Error('there are four');
  await at.store.appendRecords([{ ...third, body: 'no json' }, ...rest], seal);
  await at.open();
  await until('they arrived', async () => at.file('whole').length >= 2);
  expect(at.file('whole')[0]).toMatchObject({ kind: 'unreadable', chain: 'other', seq: 3, text: 'no json' });
  await until('it is told', async () => (await at.events('sink_skipped')).length === 1);
  expect((await at.events('sink_skipped'))[0]?.detail).toEqual({ sink: 'whole', records: 2, why: 'gone' });
});
