// After records were removed by policy: whatever somebody with the database does to what is left, or to the mark that stands for what is gone, is found and named.
import { createSecretKey, randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extend, start, type Position } from '../../../gateway/audit/chain.ts';
import type { Break } from '../../../gateway/audit/check.ts';
import { replaceHeads } from '../../../gateway/audit/head.ts';
import { makeRemoval } from '../../../gateway/audit/removal.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import { openStore } from '../../../gateway/store/open.ts';
import type { Removal } from '../../../gateway/store/retention.ts';
import type { ChainedRecord, Seal } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { recordsIn, type RecordList } from '../../suite/record-list.ts';
import { quiet } from '../../suite/sample.ts';
import { aging, day, end, indexAll, tamper, write, type Aging } from './aging.ts';

/** Records 1 to 16 in groups of 4, of which 1 to 4, and then 5 to 8 were removed. */
let of: Aging;
let headText: Buffer;
let marks: readonly Removal[];
const groups = [50, 60, 98, 99].map((at) => [1, 2, 3, 4].map((i) => at * day + i));

beforeAll(async () => {
  of = await aging('10d');
  await write(of, groups, 'main', true);
  await indexAll(of);
  headText = readFileSync(of.headFile);
  // As it was before, to take from.
  await of.store.close();
  copyFileSync(of.file, join(of.folder, 'before.sqlite'));
  of.store = await openStore({ kind: 'sqlite', file: of.file }, { logger: quiet });
  const made: Removal[] = [];
  for (const [seal] of [await of.store.sealsAfter('main', 0, 1), await of.store.sealsAfter('main', 4, 1)]) {
    const mark = makeRemoval(of.key, { chain: 'main', seq: seal?.seq ?? 0, hash: seal?.hash ?? '', at: of.at, before: 90 * day });
    if ((await of.store.retention.remove(mark, made.at(-1)?.seq ?? 0)) === undefined) throw new Error('nothing was removed');
    made.push(mark);
  }
  marks = made;
  await of.store.close();
});
afterAll(() => end(of));

async function verifyAfter(work: (db: Database.Database, place: (seq: number) => number) => unknown) {
  const file = join(of.folder, 'tampered.sqlite');
  const headFile = join(of.folder, 'tampered.head');
  copyFileSync(of.file, file);
  writeFileSync(headFile, headText);
  tamper({ file }, work);
  const store = await openStore({ kind: 'sqlite', file }, { logger: quiet });
  try {
    return await verifyAudit({ store, key: of.key, headFile });
  } finally {
    await store.close();
  }
}

const put = (db: Database.Database, mark: Removal | undefined) =>
  db
    .prepare(
      'insert or replace into removal (chain, seq, hash, at, before, mac) values (@chain, @seq, @hash, @at, @before, @mac)',
    )
    .run(mark);
/** Records that were removed, as a copy of the database from before has them. */
const bringBack = (db: Database.Database, from: number, to: number) => {
  db.prepare('attach ? as old').run(join(of.folder, 'before.sqlite'));
  db.prepare('insert into record select * from old.record where id between ? and ?').run(from, to);
};
const another = createSecretKey(randomBytes(32));

const tamperings: readonly (readonly [string, Break, number, Parameters<typeof verifyAfter>[0]])[] = [
  ['the number in the mark altered', 'removal-forged', 1, (db) => db.exec('update removal set seq = 12')],
  ['the hash in the mark altered', 'removal-forged', 1, (db) => db.exec(`update removal set hash = 'no'`)],
  ['the time in the mark altered', 'removal-forged', 1, (db) => db.exec('update removal set at = at + 1')],
  ['the span in the mark altered', 'removal-forged', 1, (db) => db.exec('update removal set before = before - 1')],
  [
    'the mark of another chain',
    'removal-forged',
    1,
    (db) => put(db, { ...makeRemoval(of.key, { ...last(), chain: 'other' }), chain: 'main' }),
  ],
  ['a mark made with another key', 'removal-forged', 1, (db) => put(db, makeRemoval(another, last()))],
  ['the mark gone', 'missing', 1, (db) => db.exec('delete from removal')],
  ['an earlier mark put back', 'missing', 5, (db) => put(db, marks[0])],
  ['more removed than the mark says', 'missing', 9, (db, at) => db.prepare('delete from record where id <= ?').run(at(12))],
  ['one more removed', 'missing', 9, (db, at) => db.prepare('delete from record where id = ?').run(at(9))],
  ['removed records back', 'removal-untrue', 5, (db, at) => bringBack(db, at(5), at(8))],
  ['one removed record back', 'removal-untrue', 2, (db, at) => bringBack(db, at(2), at(2))],
  ['all that is left gone', 'truncated', 9, (db) => db.exec('delete from record')],
  ['the last group gone', 'truncated', 13, (db, at) => db.prepare('delete from record where id > ?').run(at(12))],
  ['a word altered', 'altered', 10, (db, at) => db.prepare(`update record set body = body || ' ' where id = ?`).run(at(10))],
  ['the first time altered', 'altered', 9, (db, at) => db.prepare('update record set at = 1 where id = ?').run(at(9))],
  [
    'the first seal gone',
    'seal-missing',
    9,
    (db, at) => db.prepare('update record set mac = null, "after" = null where id = ?').run(at(12)),
  ],
  [
    'the first seal as if nothing were gone',
    'seal-forged',
    9,
    (db, at) => db.prepare('update record set "after" = 0 where id = ?').run(at(12)),
  ],
];
const last = (): Removal => {
  const mark = marks.at(-1);
  if (mark === undefined) throw new Error('nothing was removed');
  return mark;
};

describe('a chain whose former records were removed', () => {
  test('is whole, and says what is gone, since when, and how old it was', async () => {
    expect(await verifyAfter(() => {})).toMatchObject({
      ok: true,
      records: 8,
      chains: [{ seq: 16, records: 8, seals: 2, removed: { seq: 8, at: of.at, before: 90 * day } }],
    });
  });

  test.each(tamperings)('with %s is %s at record %i', async (_, what, seq, work) => {
    proves('audit.retention-mark', {
      file: 'gateway/audit/removal.ts',
      find: 'if (!isGenuineRemoval(key, mark)) return',
      replace: 'if (mark.seq < 0) return',
    });
    expect(await verifyAfter(work)).toMatchObject({ ok: false, chain: 'main', what, seq });
  });

  test('is read again from where it begins then, where records are removed while it is read', async () => {
    const list: { records: ChainedRecord[]; seals: Seal[] } = { records: [], seals: [] };
    let at: Position = start('main');
    for (let i = 0; i < 500; i++) {
      const { records, seal } = extend(
        of.key,
        at,
        Array.from({ length: 6 }, () => ({ at: i, body: `{"at":${i}}` })),
      );
      list.records.push(...records);
      list.seals.push(seal);
      at = seal;
    }
    const headFile = join(of.folder, 'growing.head');
    replaceHeads(headFile, of.key, [at]);
    const seal = list.seals[400];
    const mark = makeRemoval(of.key, { chain: 'main', seq: seal?.seq ?? 0, hash: seal?.hash ?? '', at: 1, before: 1 });
    const rest: RecordList = { ...list, records: list.records.filter(({ seq }) => seq > mark.seq), removals: [mark] };
    let read = 0;
    const store = recordsIn(() => (read < 1 ? list : rest));
    const counting = {
      ...store,
      sealedAfter: (...of: Parameters<typeof store.sealedAfter>) => store.sealedAfter(...of).finally(() => read++),
    };
    const verdict = await verifyAudit({ store: counting, key: of.key, headFile });
    expect(verdict).toMatchObject({ ok: true, records: 3000 - mark.seq, chains: [{ removed: { seq: mark.seq } }] });
    expect(read).toBeGreaterThan(2);
  });
});
