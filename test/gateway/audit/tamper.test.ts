// What somebody with the database, and with all the files but the audit key, could do to real records in a real database: `audit verify` says what and names the record.
import type Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Break } from '../../../gateway/audit/check.ts';
import { link } from '../../../gateway/audit/link.ts';
import { proves } from '../../requirement.ts';
import { recordOf } from '../../suite/sample.ts';
import { openTampered, place, type Tamper, type Tampered } from './tampered.ts';

let whole: Tampered;
beforeAll(async () => {
  whole = await openTampered((seq) => {
    const record = recordOf(seq);
    return { at: record.at, body: JSON.stringify(record) };
  });
});
afterAll(() => whole.close());

const swap = (db: Database.Database, one: number, two: number) => {
  db.prepare('update record set id = 1 where id = ?').run(place(one));
  db.prepare('update record set id = ? where id = ?').run(place(one), place(two));
  db.prepare('update record set id = ? where id = 1').run(place(two));
};
/** All hashes from a record on, as somebody would compute them who knows how. */
const rehash = (db: Database.Database, from: number) => {
  for (let seq = from; seq <= 12; seq++) {
    const before = db
      .prepare('select hash from record where id = ?')
      .pluck()
      .get(place(seq - 1));
    const body = db.prepare('select body from record where id = ?').pluck().get(place(seq));
    if (typeof before !== 'string' || typeof body !== 'string') throw new Error('no such record');
    db.prepare('update record set hash = ? where id = ?').run(link(before, body), place(seq));
  }
};

const tamperings: readonly (readonly [string, Break, number, Tamper])[] = [
  [
    'a word in a record altered',
    'altered',
    6,
    (db) => db.prepare(`update record set body = replace(body, '"version":1', '"version":2') where id = ?`).run(place(6)),
  ],
  [
    'the time beside a record altered',
    'altered',
    6,
    (db) => db.prepare('update record set at = at + 1 where id = ?').run(place(6)),
  ],
  [
    'a hash altered',
    'altered',
    6,
    (db) => db.prepare(`update record set hash = replace(hash, substr(hash, 1, 8), '00000000') where id = ?`).run(place(6)),
  ],
  [
    'a word altered and every hash after it computed anew',
    'seal-forged',
    5,
    (db) => {
      db.prepare(`update record set body = replace(body, '"at":', '"at" :') where id = ?`).run(place(6));
      rehash(db, 6);
    },
  ],
  ['the first record deleted', 'missing', 1, (db) => db.prepare('delete from record where id = ?').run(place(1))],
  ['a record in the middle deleted', 'missing', 7, (db) => db.prepare('delete from record where id = ?').run(place(7))],
  [
    'a whole group deleted',
    'missing',
    5,
    (db) => db.prepare('delete from record where id between ? and ?').run(place(5), place(8)),
  ],
  [
    'a record deleted and the later ones moved up',
    'altered',
    7,
    (db) => {
      db.prepare('delete from record where id = ?').run(place(7));
      for (let seq = 8; seq <= 12; seq++) db.prepare('update record set id = ? where id = ?').run(place(seq - 1), place(seq));
    },
  ],
  [
    'a record added',
    'altered',
    13,
    (db) =>
      db
        .prepare(`insert into record (id, at, body, hash) select ?, at, body, hash from record where id = ?`)
        .run(place(13), place(12)),
  ],
  ['two records in the place of each other', 'altered', 6, (db) => swap(db, 6, 7)],
  ['two groups in the place of each other', 'altered', 1, (db) => [1, 2, 3, 4].forEach((seq) => swap(db, seq, seq + 4))],
  ['the last record cut off', 'truncated', 12, (db) => db.prepare('delete from record where id = ?').run(place(12))],
  ['the last group cut off', 'truncated', 9, (db) => db.prepare('delete from record where id >= ?').run(place(9))],
  ['all of them gone', 'truncated', 1, (db) => db.prepare('delete from record').run()],
  ['the chain itself gone', 'truncated', 1, (db) => db.exec('delete from record; delete from chain')],
  [
    'a seal removed',
    'seal-missing',
    5,
    (db) => db.prepare('update record set mac = null, "after" = null where id = ?').run(place(8)),
  ],
  [
    'a seal forged',
    'seal-forged',
    5,
    (db) => db.prepare(`update record set mac = hex(randomblob(32)) where id = ?`).run(place(8)),
  ],
  ['the last seal removed', 'seal-missing', 9, (db) => db.prepare('update record set mac = null where id = ?').run(place(12))],
];

describe('records in a database', () => {
  test('are whole as they were written', async () => {
    expect(await whole.verifyAfter(() => {})).toMatchObject({ ok: true, records: 12, chains: [{ chain: 'main', seals: 3 }] });
  });

  test.each(tamperings)('with %s are %s at record %i', async (_, what, seq, tamper) => {
    proves('audit.names-record', {
      file: 'gateway/audit/check.ts',
      find: 'const expected = last.seq + 1;',
      replace: 'const expected = record.seq;',
    });
    const verdict = await whole.verifyAfter(tamper);
    expect(verdict).toMatchObject({ ok: false, chain: 'main', what, seq });
  });
});
