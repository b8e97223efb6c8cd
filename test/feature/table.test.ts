// The table of docs/features.md is of the features and exemptions that there are; that its cells are true is for feature.slow.test.ts.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cellName, columns } from './cell.ts';
import { type Exemption, exemptions } from './exempt.ts';
import { features } from './feature.ts';
import { shortOf, tableOf, withTable } from './table.ts';

const names = features.map(({ name }) => name);
const citing: Exemption = {
  feature: 'tools',
  applies: ({ host, kind }) => host === 'new' && kind === 'remote',
  error: /no/,
  citation: '2026-07-28, somewhere: not possible',
};

test('the document shows the table of a run of what is there now', async () => {
  const document = await readFile(join(import.meta.dirname, '../../docs/features.md'), 'utf8');
  expect(withTable(document, tableOf(names, exemptions)), 'stale: run npm run features').toBe(document);
});

test('a cell that can not be shows its citation, and only that cell', () => {
  const table = tableOf(['tools', 'roots'], [citing]);
  expect(table.split('can not be (1)').length - 1).toBe(2);
  expect(table).toContain('1. 2026-07-28, somewhere: not possible');
  expect(table.split(': works').length - 1).toBe(columns.length * 2 - 2);
});

test('a run that lacks one cell makes no table', () => {
  const all = new Map(names.flatMap((name) => columns.map((column) => [cellName(name, column), 'passed'] as const)));
  expect(shortOf(names, all)).toEqual([]);
  const [first = ''] = all.keys();
  expect(shortOf(names, new Map([...all, [first, 'failed']]))).toEqual([first]);
  all.delete(first);
  expect(shortOf(names, all)).toEqual([first]);
});
