// Records as files, read back as a spreadsheet or a program reads them: each row is a record of the query, and no cell is a formula.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRecord } from '#contract/audit.ts';
import { cell, exportRecords, type ExportFormat } from '../../../gateway/audit/export.ts';
import type { RecordFilter } from '../../../gateway/store/search.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { proves } from '../../requirement.ts';
import { freshFolder } from '../../suite/ground.ts';
import { callRecord, group, quiet, userId } from '../../suite/sample.ts';

const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1', '=HYPERLINK("http://x","y")'];
const count = 1200;
let folder: string;
let store: Store;
beforeAll(async () => {
  folder = await freshFolder();
  store = await openStore({ kind: 'sqlite', file: join(folder, 'gateway.sqlite') }, { logger: quiet });
  const ada = userId();
  const record = (number: number): AuditRecord =>
    callRecord(ada, {
      at: 1000 + number,
      tool: formulas[number % formulas.length] ?? '',
      host: number % 3 === 0 ? 'a "b",\r\nc' : 'codex',
    });
  const [rows, seal] = group('main', 0, count);
  await store.appendRecords(
    rows.map((row) => ({ ...row, at: 1000 + row.seq, body: JSON.stringify(record(row.seq)) })),
    seal,
  );
  while ((await store.search.index(500)) > 0);
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function exported(format: ExportFormat, filter: RecordFilter) {
  const progress: number[] = [];
  const pieces: string[] = [];
  for await (const piece of exportRecords({ store, filter, format, onProgress: ({ done }) => progress.push(done) }))
    pieces.push(piece);
  return { text: pieces.join(''), pieces, progress };
}

/** RFC 4180, as it is written there. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '\r\n') rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

describe('records in a file', () => {
  test('have a row for each record that the query finds, and their text as it was hashed', async () => {
    proves('audit.export-rows', {
      file: 'gateway/audit/export.ts',
      find: 'before = end.number;',
      replace: 'before = end.number - 1;',
    });
    const queries: readonly (readonly [RecordFilter, number])[] = [
      [{}, count],
      [{ host: 'codex' }, 800],
      [{ from: 1101, until: 1201 }, 100],
      [{ user: 'nobody' }, 0],
    ];
    for (const [filter, expected] of queries) {
      const json = await exported('jsonl', filter);
      const lines = json.text.split('\n').slice(0, -1);
      expect(lines).toHaveLength(expected);
      expect(new Set(lines.map((line) => JSON.parse(line).seq)).size).toBe(expected);
      expect(readCsv((await exported('csv', filter)).text)).toHaveLength(expected + 1);
      expect(json.progress.at(-1)).toBe(1);
      expect(json.progress).toEqual(json.progress.toSorted((a, b) => a - b));
    }
    const [line = ''] = (await exported('jsonl', {})).text.split('\n');
    const [stored] = await store.recordsAfter('main', count - 1, 1);
    expect(line).toContain(`"record":${stored?.body}}`);
  });

  test('come page by page', async () => {
    const { pieces } = await exported('jsonl', {});
    expect(Math.max(...pieces.map((piece) => piece.split('\n').length - 1))).toBeLessThanOrEqual(500);
  });

  test('have no cell that a spreadsheet takes for a formula, and keep what stands in it', async () => {
    proves('audit.export-formula', {
      file: 'gateway/audit/export.ts',
      find: "? `'${text}` : text;",
      replace: '? text : text;',
    });
    const [header = [], ...rows] = readCsv((await exported('csv', {})).text);
    const item = header.indexOf('item');
    expect(new Set(rows.map((row) => row[item]))).toEqual(new Set(formulas.map((one) => `'${one}`)));
    for (const value of rows.flat()) expect(value.normalize('NFKC')).not.toMatch(/^[\s\0]*[=+\-@]/);
    expect(new Set(rows.map((row) => row[header.indexOf('host')]))).toEqual(new Set(['codex', 'a "b",\r\nc']));
    expect(cell(-5)).toBe("'-5");
  });
});
