// The import table as ARCHITECTURE.md shows it. Run by `npm run generate`, it writes the table there anew; the architecture test compares.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { doors } from './door.ts';
import { layers } from './table.ts';

const begin = '<!-- the import table: written by `npm run generate` from test/architecture/table.ts -->';
const end = '<!-- end of the import table -->';

type Row = readonly string[];

/** The rows that the document should show: folder, ours, packages, Node's modules. */
export function tableRows(): readonly Row[] {
  const rows = layers.map((layer) => [
    code(layer.at),
    layer.ours.map((at) => code(shorten(at, layer.at))).join(', ') || 'nothing of ours',
    layer.packages.map((name) => code(name) + doorNote(layer.at, name)).join(', ') || 'none',
    layer.node === 'all' ? 'yes' : layer.node.map(code).join(', ') || 'no',
  ]);
  return [['folder', 'may import (ours)', 'npm packages', '`node:`'], ...rows];
}

/** The rows that a document shows; formatting aside. Undefined where its marks are missing. */
export function readTable(markdown: string): readonly Row[] | undefined {
  const [, inside] = markdown.split(begin);
  if (inside === undefined || !inside.includes(end)) return undefined;
  return (inside.split(end)[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^[|\s:-]+$/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const code = (text: string) => `\`${text}\``;

/** Within one program the program's name goes without saying. */
function shorten(at: string, from: string): string {
  const program = from.slice(0, from.indexOf('/') + 1);
  return at.startsWith(program) && at !== program ? at.slice(program.length) : at;
}

function doorNote(at: string, name: string): string {
  const files = doors[name]?.filter((file) => file !== at && file.startsWith(at)) ?? [];
  return files.length > 0 ? ` (only ${files.map((file) => code(file.slice(at.length))).join(', ')})` : '';
}

function rendered(): string {
  const [head = [], ...rows] = tableRows();
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '../../ARCHITECTURE.md');
  const [before, rest] = (await readFile(file, 'utf8')).split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`ARCHITECTURE.md has lost the marks of its import table: ${begin} … ${end}`);
  await writeFile(file, `${before}${begin}\n\n${rendered()}\n\n${end}${after}`);
}
