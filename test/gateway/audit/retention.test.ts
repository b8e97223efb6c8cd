// Records whose time is over, in a real database: what goes, what stays and why, what is on record of it, and that the chain is whole before, while and after.
import { afterEach, expect, test } from 'vitest';
import { SinkId } from '#contract/id.ts';
import { makeCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import { proves } from '../../requirement.ts';
import { recordOf } from '../../suite/sample.ts';
import { until } from '../../walk/deployment.ts';
import {
  aging,
  day,
  end,
  events,
  expiring,
  indexAll,
  looks,
  recorderOf,
  seqs,
  tamper,
  verify,
  write,
  type Aging,
} from './aging.ts';

let of: Aging | undefined;
afterEach(async () => {
  if (of !== undefined) await end(of);
  of = undefined;
});

const told = (one: Aging, msg: RegExp) => one.log.filter((line) => typeof line['msg'] === 'string' && msg.test(line['msg']));
test('records go when they are older than the policy keeps them, group by group, and what is left is whole', async () => {
  proves('audit.retention', {
    file: 'gateway/audit/retention.ts',
    find: 'if (found.end.seq > begin.seq) await remove(begin, found.end, before, signal);',
    replace: '',
  });
  of = await aging('10d');
  const at = of;
  // Kept for ten days: what was made before day 90 goes. One of the third group is younger, so that it stays whole.
  await write(at, [[50 * day], [60 * day, 61 * day, 62 * day], [80 * day, 95 * day], [99 * day]], 'main', true);
  await indexAll(at);
  const { retention, recorder, close } = await expiring(at);
  await until('they are gone', async () => (await seqs(at))[0] === 5);
  tamper(at, (db) => expect(db.prepare('select count(*) from entry').pluck().get()).toBe(3));
  const expired = { chain: 'main', after: 0, upTo: 4, records: 4, before: new Date(90 * day).toISOString() };
  await until('all of them', async () => retention.overdueMs() === 10 * day);
  expect(await events(at, 'records_expired')).toEqual([expired]);
  expect(await verify(at)).toMatchObject({ ok: true, records: 4, chains: [{ seq: 8, removed: { seq: 4, before: 90 * day } }] });
  expect(await at.store.search.find({ kind: 'event' }, { limit: 9 })).toHaveLength(3);

  // A day counts when it is over.
  at.at = 106 * day - 1;
  await indexAll(at);
  await looks(at, 3);
  expect((await seqs(at))[0]).toBe(5);
  at.at = 106 * day;
  await until('the third group goes', async () => (await seqs(at))[0] === 7);
  await recorder.append(recordOf(at.at));
  expect(await verify(at)).toMatchObject({ ok: true, chains: [{ removed: { seq: 6 } }] });
  expect(told(at, /beginning|not whole|could not/)).toEqual([]);
  await close();
  // The chain goes on after a restart.
  await write(at, [[at.at]]);
  expect(await verify(at)).toMatchObject({ ok: true });
  expect(told(at, /beginning/)).toEqual([]);
});

test('nothing goes that could not be put on record before', async () => {
  proves('audit.retention-recorded', {
    file: 'gateway/audit/retention.ts',
    find: "await onRecord('records_expired', { chain, after: begin.seq, upTo: end.seq, records, before: until });",
    replace: '',
  });
  of = await aging('10d');
  const at = of;
  await write(at, [[50 * day], [99 * day]], 'main', true);
  await indexAll(at);
  const { recorder, close } = await expiring(at, { chain: 'other' });
  await recorder.close();
  const closed = await expiring(at, { recorder });
  await until('it was tried', async () => told(at, /could not be removed/).length > 0);
  expect(await seqs(at)).toEqual([1, 2]);
  await closed.close();
  await close();
});

test('records that are not whole stay, also where only the time beside them says that they are old, and it is on record once', async () => {
  proves('audit.retention-whole', {
    file: 'gateway/audit/expired.ts',
    find: 'if (fault !== undefined) return fault;',
    replace: '',
  });
  of = await aging('10d');
  const at = of;
  await write(at, [[98 * day], [98 * day], [99 * day]], 'main', true);
  await indexAll(at);
  tamper(at, (db, place) => db.prepare('update record set at = ? where id <= ?').run(day, place(3)));
  const { close } = await expiring(at);
  await until('it is on record', async () => (await events(at, 'retention_stopped')).length > 0);
  await looks(at, 3);
  expect(await seqs(at)).toEqual([1, 2, 3, 4]);
  expect(await events(at, 'retention_stopped')).toMatchObject([{ chain: 'main', seq: 1, what: 'altered' }]);
  expect(told(at, /not whole/)).toHaveLength(1);
  await close();
});

test('what a sink owes stays, and what it was sent a moment ago, until it has stayed sent; the log says who holds it up', async () => {
  of = await aging('10d', ['siem']);
  const at = of;
  await write(at, [[50 * day], [51 * day], [52 * day], [99 * day]], 'main', true);
  await indexAll(at);
  const { retention, close } = await expiring(at);
  await until('it is told', async () => told(at, /still needed/).length > 0);
  await looks(at, 2);
  expect(await seqs(at)).toEqual([1, 2, 3, 4]);
  expect(told(at, /still needed/)).toMatchObject([{ chain: 'main', by: 'sink siem' }]);
  await until('how much it is overdue is known', async () => retention.overdueMs() === 40 * day);
  const [{ id } = { id: '' }] = await at.store.sink.sinks();
  const sink = SinkId.parse(id);
  await at.store.sink.lease(sink, 'a', 1, 2);
  const none = { sent: 2, rejected: 0, skipped: 0, parked: [], error: null, complaint: null, at: 1 };
  await at.store.sink.report(sink, 'a', { ...none, cursors: new Map([['main', 2]]) });
  await until('the first two go', async () => (await seqs(at))[0] === 3);
  await looks(at, 2);
  expect((await seqs(at))[0]).toBe(3);
  expect(await verify(at)).toMatchObject({ ok: true });
  await close();
});

test('a record of a clock that was ahead goes with those after it, and holds up none', async () => {
  of = await aging('10d');
  const at = of;
  await write(at, [[50 * day], [900 * day], [51 * day], [901 * day], [99 * day]], 'main', true);
  await indexAll(at);
  const { close } = await expiring(at);
  await until('three are gone', async () => (await seqs(at))[0] === 4);
  await looks(at, 2);
  expect((await seqs(at))[0]).toBe(4);
  await close();
});

test('the chain of a gateway server that is gone expires a day later, to its last record, and goes on from there should it come back', async () => {
  proves('audit.retention-gone-server', {
    file: 'gateway/store/sql/removal.ts',
    find: 'if (read !== undefined && !(await isSilentSince(db, chain, before)))',
    replace: 'if (read !== undefined)',
  });
  of = await aging('10d');
  const at = of;
  await write(at, [[50 * day], [89.5 * day]], 'gone', true);
  await write(at, [[99 * day]], 'here', true);
  await at.store.alert.takeAlerts({ chain: 'gone', seq: 1, raised: [], settled: [], now: 1 });
  await indexAll(at);
  const { close } = await expiring(at, { chain: 'here' });
  await until('its first is gone', async () => (await seqs(at, 'gone'))[0] === 2);
  await looks(at, 2);
  expect(await seqs(at, 'gone')).toEqual([2]);
  at.at = 102 * day;
  await until('all of it is', async () => (await seqs(at, 'gone')).length === 0);
  expect(await verify(at)).toMatchObject({ ok: true, chains: [{ chain: 'gone', seq: 2, records: 0 }, { chain: 'here' }] });
  const kept = await makeCheckpoint({ store: at.store, key: at.key, now: () => at.at });
  expect(kept.chains).toMatchObject([{ chain: 'gone', seq: 2 }, { chain: 'here' }]);
  await close();
  await write(at, [[102 * day]], 'gone');
  expect(await seqs(at, 'gone')).toEqual([3]);
  expect(await verify(at, kept.chains)).toMatchObject({ ok: true, chains: [{ chain: 'gone', seq: 3, records: 1 }, {}] });
  // Where all is gone the mark alone stands for it, so it has to be genuine.
  at.at = 120 * day;
  await indexAll(at);
  const again = await expiring(at, { chain: 'here' });
  await until('it is gone again', async () => (await seqs(at, 'gone')).length === 0);
  await again.close();
  tamper(at, (db) => db.prepare(`update removal set hash = 'no' where chain = 'gone'`).run());
  await expect(recorderOf(at, 'gone')).rejects.toMatchObject({ code: 'AUDIT_BROKEN' });
});

test('a checkpoint of a record that is gone is told of, and one of another record is no such', async () => {
  of = await aging('10d');
  const at = of;
  await write(at, [[50 * day], [51 * day]], 'main', true);
  const first = await makeCheckpoint({ store: at.store, key: at.key, now: () => at.at });
  await write(at, [[52 * day], [99 * day]]);
  await indexAll(at);
  const { close } = await expiring(at);
  await until('they are gone', async () => (await seqs(at))[0] === 4);
  await close();
  expect(await verify(at, first.chains)).toMatchObject({ ok: true, chains: [{ checkpointsOfRemoved: 1 }] });
  const [mark] = await at.store.retention.removals();
  const atMark = { chain: 'main', seq: 3, hash: mark?.hash ?? '' };
  expect(await verify(at, [atMark])).toMatchObject({ ok: true, chains: [{ checkpointsOfRemoved: 0 }] });
  expect(await verify(at, [{ ...atMark, hash: 'another' }])).toMatchObject({ ok: false, what: 'rewritten', seq: 3 });
});
