// The table of docs/features.md: a row for each feature, a column for each pair of eras and kind of server. A cell says that its test passed through the
// gateway, or cites why it can't be; a test that failed, or did not run, makes no table.
import { cellName, type Column, columns, eras } from './cell.ts';
import type { Exemption } from './exempt.ts';
import type { Era } from './host.ts';

const begin = '<!-- the table: written by `npm run features` from a run of test/feature/feature.slow.test.ts -->';
const end = '<!-- end of the table -->';
const revision: Readonly<Record<Era, string>> = { old: '2025-11-25', new: '2026-07-28' };
const pairs = eras.flatMap((host) => eras.map((server) => ({ host, server })));

export const wordOf = { passed: 'works', exempt: 'can not be' } as const;

/** What the cell says: `works`, or the number of its note. */
function wordsOf(feature: string, column: Column, exemptions: readonly Exemption[]): string {
  const at = exemptions.findIndex((one) => one.feature === feature && one.applies(column));
  return at === -1 ? wordOf.passed : `${wordOf.exempt} (${at + 1})`;
}

/** The table as it is once every cell's test passed. */
export function tableOf(features: readonly string[], exemptions: readonly Exemption[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const head = ['feature', ...pairs.map(({ host, server }) => `${revision[host]} host, ${revision[server]} server`)];
  const rows = features.map((feature) => [
    feature,
    ...pairs.map((pair) => {
      const own = columns.filter(({ host, server }) => host === pair.host && server === pair.server);
      return own.map((column) => `${column.kind}: ${wordsOf(feature, column, exemptions)}`).join('<br>');
    }),
  ]);
  const notes = exemptions.map(({ citation }, index) => `${index + 1}. ${citation}`);
  return [row(head), row(head.map(() => '---')), ...rows.map(row), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

/** The cells that a run lacks or that failed in it; `outcomes` by the name of the test. */
export function shortOf(features: readonly string[], outcomes: ReadonlyMap<string, string>): readonly string[] {
  return features.flatMap((feature) =>
    columns.map((column) => cellName(feature, column)).filter((name) => outcomes.get(name) !== 'passed'),
  );
}

/** The document with this table in it. Throws where the document has no place for it. */
export function withTable(markdown: string, table: string): string {
  const [before, rest] = markdown.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error('docs/features.md has lost the marks of its table');
  return `${before}${begin}\n\n${table}\n\n${end}${after}`;
}
