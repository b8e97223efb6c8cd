// Records that lie several in a row, taken apart, and what somebody with the database could do to such a row, and to the texts that records share: `audit verify` says what
// and names the record.
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Break } from '../../../gateway/audit/check.ts';
import { createTexts } from '../../../gateway/audit/text.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { proves } from '../../requirement.ts';
import { callRecord, quiet } from '../../suite/sample.ts';
import { openTampered, place, type Tamper, type Tampered } from './tampered.ts';

let whole: Tampered;
const legs = { gatewayToHost: 4, hostToGateway: 1, gatewayToServer: 2, serverToGateway: 3 };
/** Each group is a row with the key of its last; record n calls the tool `tool-n`. */
beforeAll(async () => {
  const textOf = createTexts();
  whole = await openTampered((seq) => {
    const call = callRecord(null, { at: seq, tool: `tool-${seq}`, legs });
    return { at: call.at, body: textOf(call) };
  });
});
afterAll(() => whole.close());

interface Lines {
  lines: string[];
  hashes: string[];
}
/** Changes lines and hashes of the row of the records 5 to 8; the index of record 6 is 1. */
function inRow(db: Database.Database, work: (of: Lines) => void): void {
  const read = (column: string) => String(db.prepare(`select ${column} from record where id = ?`).pluck().get(place(8)));
  const of = { lines: read('body').split('\n'), hashes: read('hash').match(/.{64}/g) ?? [] };
  expect([of.lines.length, of.hashes.length]).toEqual([4, 4]);
  work(of);
  const set = db.prepare('update record set body = ?, hash = ? where id = ?');
  set.run(of.lines.join('\n'), of.hashes.join(''), place(8));
}
const swap = <T>(list: T[], one: number, two: number) => {
  const [a, b] = [list[one], list[two]];
  if (a === undefined || b === undefined) throw new Error('there is none');
  list[one] = b;
  list[two] = a;
};
const changeLine = (of: Lines, index: number, change: (line: string) => string) => {
  const before = of.lines[index] ?? '';
  const after = change(before);
  if (after === before) throw new Error('nothing was changed');
  of.lines[index] = after;
};
const run = (db: Database.Database, statement: string, ...values: readonly unknown[]) => {
  if (db.prepare(statement).run(...values).changes === 0) throw new Error('nothing was changed');
};

const tamperings: readonly (readonly [string, Break, number, Tamper])[] = [
  ['a value altered', 'altered', 6, (db) => inRow(db, (of) => changeLine(of, 1, (line) => line.replace(/\d+$/, '77')))],
  [
    'a value of the last altered',
    'altered',
    8,
    (db) => inRow(db, (of) => changeLine(of, 3, (line) => line.replace(/\d+$/, '77'))),
  ],
  ['a value more', 'altered', 6, (db) => inRow(db, (of) => changeLine(of, 1, (line) => `${line}\t1`))],
  ['a value less', 'altered', 6, (db) => inRow(db, (of) => changeLine(of, 1, (line) => line.replace(/\t\d+$/, '')))],
  ['another tool named', 'altered', 6, (db) => inRow(db, (of) => changeLine(of, 1, (line) => line.replace(/,(\d+),/, ',1,')))],
  [
    'a text named that is not there',
    'altered',
    6,
    (db) => inRow(db, (of) => changeLine(of, 1, (line) => line.replace(/^\d+/, '999'))),
  ],
  ['no text named', 'altered', 6, (db) => inRow(db, (of) => changeLine(of, 1, (line) => line.replace(/^[^\t]*/, '')))],
  ['words for numbers', 'altered', 6, (db) => inRow(db, (of) => changeLine(of, 1, (line) => line.replace(/^[^\t]*/, 'a,b,c')))],
  [
    'a number written in another way',
    'altered',
    6,
    (db) => inRow(db, (of) => changeLine(of, 1, (line) => line.replace(/^\d+/, '$&e0'))),
  ],
  [
    'a number that is beyond a chain’s',
    'altered',
    6,
    (db) => inRow(db, (of) => changeLine(of, 1, (line) => line.replace(/^\d+/, `${2 ** 40}`))),
  ],
  ['a line emptied', 'altered', 6, (db) => inRow(db, (of) => changeLine(of, 1, () => ''))],
  ['a hash altered', 'altered', 6, (db) => inRow(db, (of) => (of.hashes[1] = '0'.repeat(64)))],
  ['a hash added', 'altered', 8, (db) => inRow(db, (of) => of.hashes.push(of.hashes[0] ?? ''))],
  ['a line taken out', 'altered', 6, (db) => inRow(db, (of) => of.lines.splice(1, 1))],
  ['a record taken out', 'altered', 6, (db) => inRow(db, (of) => (of.lines.splice(1, 1), of.hashes.splice(1, 1)))],
  ['the last record of a row taken out', 'missing', 8, (db) => inRow(db, (of) => (of.lines.pop(), of.hashes.pop()))],
  [
    'a record there twice',
    'altered',
    7,
    (db) => inRow(db, ({ lines, hashes }) => (lines.splice(2, 0, lines[1] ?? ''), hashes.splice(2, 0, hashes[1] ?? ''))),
  ],
  [
    'two records in each other’s place',
    'altered',
    6,
    (db) => inRow(db, ({ lines, hashes }) => (swap(lines, 1, 2), swap(hashes, 1, 2))),
  ],
  ['a line added', 'altered', 8, (db) => inRow(db, ({ lines }) => lines.push(lines[0] ?? ''))],
  [
    'a record added',
    'altered',
    8,
    (db) => inRow(db, ({ lines, hashes }) => (lines.push(lines[0] ?? ''), hashes.push(hashes[0] ?? ''))),
  ],
  ['the time beside a row altered', 'altered', 8, (db) => run(db, 'update record set at = at + 1 where id = ?', place(8))],
  ['fewer records said', 'missing', 5, (db) => run(db, 'update record set count = 3 where id = ?', place(8))],
  ['more records said', 'missing', 5, (db) => run(db, 'update record set count = 5 where id = ?', place(8))],
  ['a number of records that can’t be', 'missing', 5, (db) => run(db, 'update record set count = -1 where id = ?', place(8))],
  ['no record said', 'missing', 5, (db) => run(db, 'update record set count = 0 where id = ?', place(8))],
  ['said to be one', 'missing', 5, (db) => run(db, 'update record set count = null where id = ?', place(8))],
  ['texts counted from elsewhere', 'altered', 5, (db) => run(db, 'update record set base = base + 1 where id = ?', place(8))],
  ['texts counted from nowhere', 'missing', 5, (db) => run(db, 'update record set base = null where id = ?', place(8))],
  [
    'a shared text altered',
    'altered',
    7,
    (db) => run(db, `update shared_text set body = replace(body, 'tool-7"', 'tool-6"') where body like '%tool-7"%'`),
  ],
  ['a shared text taken away', 'altered', 7, (db) => run(db, `delete from shared_text where body like '%tool-7"%'`)],
  [
    'a value’s place taken away',
    'altered',
    1,
    (db) => run(db, `update shared_text set body = replace(body, char(9), '') where body like '%"requestBytes":%'`),
  ],
  ['all shared texts gone', 'altered', 1, (db) => run(db, 'delete from shared_text')],
  ['a row deleted', 'missing', 5, (db) => run(db, 'delete from record where id = ?', place(8))],
  ['a row moved', 'missing', 5, (db) => run(db, 'update record set id = id - 1 where id = ?', place(8))],
  ['the last row cut off', 'truncated', 9, (db) => run(db, 'delete from record where id = ?', place(12))],
  ['a seal removed', 'seal-missing', 5, (db) => run(db, 'update record set mac = null, "after" = null where id = ?', place(8))],
  ['a seal forged', 'seal-forged', 5, (db) => run(db, 'update record set mac = hex(randomblob(32)) where id = ?', place(8))],
];

describe('records that are taken apart', () => {
  test('are whole as they were written, a group in a row', async () => {
    const verdict = await whole.verifyAfter((db) =>
      expect(db.prepare('select count(*) from record where count = 4').pluck().get()).toBe(3),
    );
    expect(verdict).toMatchObject({ ok: true, records: 12, chains: [{ chain: 'main', seals: 3 }] });
  });

  test('are read anew each time: what is altered after one verification is found by the next', async () => {
    proves('audit.apart-anew', {
      file: 'gateway/audit/verify.ts',
      find: '  const texts: KeptTexts = new Map();',
      replace: '  const texts: KeptTexts = ((globalThis as { kept?: KeptTexts }).kept ??= new Map());',
    });
    const { key } = whole;
    const { file, headFile } = await whole.copy('anew');
    const store = await openStore({ kind: 'sqlite', file }, { logger: quiet });
    try {
      expect(await verifyAudit({ store, key, headFile })).toMatchObject({ ok: true, records: 12 });
      const db = new Database(file);
      run(db, `update shared_text set body = replace(body, 'tool-7"', 'tool-6"') where body like '%tool-7"%'`);
      db.close();
      expect(await verifyAudit({ store, key, headFile })).toMatchObject({ ok: false, what: 'altered', seq: 7 });
    } finally {
      await store.close();
    }
  });

  test.each(tamperings)('with %s are %s at record %i', async (_, what, seq, tamper) => {
    proves('audit.apart-altered', {
      file: 'gateway/store/run.ts',
      find: 'seq: seq - count + 1 + index,',
      replace: 'seq: seq - lines.length + 1 + index,',
    });
    expect(await whole.verifyAfter(tamper)).toMatchObject({ ok: false, chain: 'main', what, seq });
  });
});
