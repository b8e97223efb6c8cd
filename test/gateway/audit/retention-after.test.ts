// After records were removed, or half of them: what people are told of it, what a backup brings back, and where a gateway server that was stopped goes on.
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { retentionStanding } from '../../../gateway/admin/retention.ts';
import { adoptHeads } from '../../../gateway/audit/adopt.ts';
import { extend, start, type Position } from '../../../gateway/audit/chain.ts';
import { replaceHeads } from '../../../gateway/audit/head.ts';
import { createJobs } from '../../../gateway/audit/job.ts';
import { createVerifications } from '../../../gateway/audit/verify-job.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import { verdictLines } from '../../../gateway/audit/verdict-text.ts';
import { backup } from '../../../gateway/store/backup.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { restore } from '../../../gateway/store/restore.ts';
import { quiet } from '../../suite/sample.ts';
import { until } from '../../walk/deployment.ts';
import { aging, day, end, events, expiring, indexAll, recorderOf, seqs, tamper, verify, write, type Aging } from './aging.ts';

let of: Aging | undefined;
afterEach(async () => {
  if (of !== undefined) await end(of);
  of = undefined;
});

/** Two records that are over, in groups of their own, and one that is not. */
async function expired(sinks: readonly string[] = []): Promise<Aging> {
  const at = (of = await aging('10d', sinks));
  await write(at, [[50 * day], [51 * day], [99 * day]], 'main', true);
  await indexAll(at);
  return at;
}
async function removeAll(at: Aging): Promise<void> {
  const { close } = await expiring(at);
  await until('they are gone', async () => (await seqs(at))[0] === 3);
  await close();
}

test('people are told what is gone, how old what is left is, and who still needs what is over', async () => {
  const at = await expired(['siem']);
  const over = { chain: 'main', removed: 0, oldestAt: 50 * day, overdueMs: 40 * day, heldBy: 'sink siem' };
  expect(await retentionStanding(at.store, at.at)).toEqual({ records: '10d', chains: [over] });
  tamper(at, (db) => db.exec('delete from sink'));
  expect(await retentionStanding(at.store, at.at)).toMatchObject({ chains: [{ overdueMs: 40 * day, heldBy: null }] });
  await removeAll(at);
  const left = { chain: 'main', removed: 2, oldestAt: 99 * day, overdueMs: 0, heldBy: null };
  expect(await retentionStanding(at.store, at.at)).toEqual({ records: '10d', chains: [left] });
  const verdict = await verify(at, [{ chain: 'main', seq: 1, hash: 'what it was' }]);
  if (!verdict.ok) throw new Error(verdict.words);
  const [all, gone, unknown] = verdictLines(verdict);
  expect(all).toBe('whole: 2 records in 1 chain');
  expect(gone).toMatch(/^main: records 1 to 2 are gone by policy, all made before 1970-04-01T00:00:00.000Z/);
  expect(unknown).toBe('main: 1 checkpoint names records that are gone, so nothing could be compared with that');
});

test('how far a verification is does not count what is gone', async () => {
  const at = await expired();
  await removeAll(at);
  await write(at, [[99 * day]], 'other', true);
  const { store } = at;
  const seen: number[] = [];
  const job: { id?: string } = {};
  // Where a chain begins is asked when all of the one before it was read.
  const removal = async (chain: string) => {
    if (job.id !== undefined) seen.push((await verifications.progress(job.id)).done);
    return await store.retention.removal(chain);
  };
  const watched = { ...store, retention: { ...store.retention, removal } };
  const of = { store: watched, logger: quiet, now: () => at.at };
  const verifications = createVerifications({ ...at, ...of, chain: 'main', jobs: createJobs({ ...of, chain: 'main' }) });
  const { id } = await verifications.begin(undefined);
  job.id = id;
  await until('it came to an end', async () => (await verifications.progress(id)).state === 'whole');
  await verifications.close();
  expect(seen.at(-1)).toBeCloseTo(2 / 3);
});

test('one who was stopped in the middle goes on where the chain begins then, and says so again', async () => {
  const at = (of = await aging('10d'));
  let last: Position = start('main');
  for (let i = 0; i < 9; i++) {
    const entries = Array.from({ length: 100 }, () => ({ at: i, body: JSON.stringify({ at: i }) }));
    const { records, seal } = extend(at.key, last, entries);
    await at.store.appendRecords(records, seal);
    last = seal;
  }
  replaceHeads(at.headFile, at.key, [last]);
  await indexAll(at);
  // It asks between the two pages that it looks at, and then after each two groups that it removed.
  let asked = 0;
  let stopped: Promise<void> | undefined;
  const isQuiet = () => {
    if (++asked === 2) stopped = first.close();
    return true;
  };
  const first = await expiring(at, { isQuiet });
  await until('it is stopped', async () => stopped !== undefined);
  await stopped;
  const middle = (await at.store.retention.removal('main'))?.seq ?? 0;
  expect(middle).toBe(200);
  expect(await verify(at)).toMatchObject({ ok: true, records: 901 - middle, chains: [{ removed: { seq: middle } }] });
  await indexAll(at);
  const second = await expiring(at);
  await until('all are', async () => (await seqs(at))[0] === 901);
  await second.close();
  expect(await events(at, 'records_expired')).toMatchObject([
    { after: 0, upTo: 900 },
    { after: middle, upTo: 900 },
  ]);
  expect(await verify(at)).toMatchObject({ ok: true, records: 2 });
});

test('a backup brings back what was left, with the mark; one of before brings back what was there then, and it goes again', async () => {
  const at = await expired();
  const location = (file: string) => ({ kind: 'sqlite' as const, file });
  await backup(location(at.file), join(at.folder, 'before'), { logger: quiet });
  await removeAll(at);
  await backup(location(at.file), join(at.folder, 'after'), { logger: quiet });
  // Into the one in use: its records stay as they are.
  await restore(join(at.folder, 'before'), location(at.file), { logger: quiet });
  expect(await verify(at)).toMatchObject({ ok: true, chains: [{ removed: { seq: 2 } }] });

  for (const [name, removed] of [
    ['after', { seq: 2 }],
    ['before', null],
  ] as const) {
    const file = join(at.folder, `${name}.sqlite`);
    const headFile = join(at.folder, `${name}.head`);
    await restore(join(at.folder, name), location(file), { logger: quiet });
    const store = await openStore(location(file), { logger: quiet });
    await adoptHeads({ store, key: at.key, headFile });
    expect(await verifyAudit({ store, key: at.key, headFile })).toMatchObject({ ok: true, chains: [{ removed }] });
    expect(await store.search.behind()).toBe(removed === null ? 3 : 2);
    const there = { ...at, store, headFile, file };
    await indexAll(there);
    if (removed === null) await removeAll(there);
    expect(await verify(there)).toMatchObject({ ok: true, chains: [{ removed: { seq: 2 } }] });
    await store.close();
  }
});

test('a gateway server whose head is behind, at records that are gone, starts; with a mark that was altered it says that the beginning is missing', async () => {
  const at = await expired();
  const [record] = await at.store.recordsAfter('main', 0, 1);
  await removeAll(at);
  replaceHeads(at.headFile, at.key, [record ?? start('main')]);
  await (await recorderOf(at)).close();
  expect(at.log.filter(({ msg }) => String(msg).includes('beginning'))).toEqual([]);
  tamper(at, (db) => db.exec('update removal set at = at + 1'));
  await (await recorderOf(at)).close();
  expect(at.log.filter(({ msg }) => String(msg).includes('beginning'))).toHaveLength(1);
});
