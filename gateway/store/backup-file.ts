// The file of a backup: gzip over JSON lines, the same for both databases. First a header, then for each table a line that names its columns and one line a row,
// last a trailer with the counts and a SHA-256 over all before it. The one rule: nothing of a file is believed before its trailer was checked.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { OrganizationId } from '#contract/id.ts';
import type { Value } from './engine.ts';

/** Longer than any record can be; a line is held in memory. */
const lineLimit = 64 * 2 ** 20;

export const Header = z.looseObject({
  kind: z.literal('header'),
  product: z.literal('drawbridge'),
  version: z.literal(1),
  /** The newest migration of the database that it was made of. */
  schema: z.string(),
  organization: OrganizationId.nullable(),
  madeAt: z.number().int(),
});
export type Header = z.infer<typeof Header>;

const TableLine = z.looseObject({ kind: z.literal('table'), table: z.string(), columns: z.array(z.string()).min(1) });
const Trailer = z.looseObject({
  kind: z.literal('trailer'),
  counts: z.record(z.string(), z.number().int()),
  sha256: z.string(),
});
const Row = z.array(z.union([z.string(), z.number(), z.null()]));

/** Rows of a table by its name. */
export type Counts = Readonly<Record<string, number>>;

export interface BackupPage {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

/** Writes a whole backup to a new file (0600), which is on disk when this resolves. Whoever calls removes what is left where it rejects. */
export async function writeBackup(file: string, header: Header, pages: AsyncIterable<BackupPage>): Promise<Counts> {
  const counts: Record<string, number> = {};
  await pipeline(textOf(header, pages, counts), createGzip(), createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }));
  return counts;
}

async function* textOf(header: Header, pages: AsyncIterable<BackupPage>, counts: Record<string, number>): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const hashed = (text: string) => {
    hash.update(text);
    return text;
  };
  yield hashed(lineOf(header));
  let table: string | undefined;
  for await (const page of pages) {
    if (page.table !== table) yield hashed(lineOf({ kind: 'table', table: page.table, columns: page.columns }));
    table = page.table;
    counts[table] = (counts[table] ?? 0) + page.rows.length;
    if (page.rows.length > 0) yield hashed(page.rows.map(lineOf).join(''));
  }
  yield lineOf({ kind: 'trailer', counts, sha256: hash.digest('hex') });
}

/** Reads a backup from its beginning. The generator returns only where the trailer fits all that was read, else it throws FILE_UNUSABLE. */
export async function* readBackup(file: string, onHeader: (header: Header) => void): AsyncGenerator<BackupPage, Counts> {
  const hash = createHash('sha256');
  const counts: Record<string, number> = {};
  let isFirst = true;
  let page: { table: string; columns: readonly string[]; rows: Value[][] } | undefined;
  let trailer: z.infer<typeof Trailer> | undefined;
  try {
    for await (const line of linesOf(file)) {
      if (trailer !== undefined) throw new Error('something follows its last line');
      const value: unknown = JSON.parse(line);
      if (isFirst) {
        onHeader(Header.parse(value));
        isFirst = false;
      } else if (Array.isArray(value)) {
        if (page === undefined) throw new Error('a row stands before the first table');
        page.rows.push(rowOf(value, page.columns.length));
        counts[page.table] = (counts[page.table] ?? 0) + 1;
        if (page.rows.length >= 500) {
          yield page;
          page = { ...page, rows: [] };
        }
      } else {
        if (page !== undefined && page.rows.length > 0) yield page;
        const end = Trailer.safeParse(value);
        if (end.success) {
          trailer = end.data;
          continue;
        }
        const { table, columns } = TableLine.parse(value);
        counts[table] ??= 0;
        page = { table, columns, rows: [] };
      }
      hash.update(line).update('\n');
    }
    if (trailer === undefined) throw new Error('its end is missing');
    if (trailer.sha256 !== hash.digest('hex')) throw new Error('its checksum does not fit');
    if (JSON.stringify(Object.entries(trailer.counts).toSorted()) !== JSON.stringify(Object.entries(counts).toSorted()))
      throw new Error('its counts do not fit');
    return counts;
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Fault('FILE_UNUSABLE', { file, reason: 'it is not there. Nothing was changed.' }, { cause: error });
    const reason = `it is not a whole backup (${reasonOf(error)}). Nothing was changed. Take another backup.`;
    throw new Fault('FILE_UNUSABLE', { file, reason }, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return 'a line is not what it should be';
  if (error instanceof SyntaxError) return 'a line is not JSON';
  return error instanceof Error ? error.message : 'it can not be read';
}

const lineOf = (value: unknown) => `${JSON.stringify(value)}\n`;

function rowOf(value: unknown, width: number): Value[] {
  const row = Row.parse(value);
  if (row.length !== width) throw new Error('a row has another number of columns than its table');
  return row;
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const source = createReadStream(file);
  const gunzip = createGunzip();
  const done = pipeline(source, gunzip);
  // The loop below throws the same error.
  done.catch(() => {});
  let rest: Buffer[] = [];
  let size = 0;
  for await (const chunk of gunzip) {
    if (!Buffer.isBuffer(chunk)) throw new Error('the stream is not bytes');
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end)]).toString('utf8');
      rest = [];
      size = 0;
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > lineLimit) throw new Error('a line is too long');
  }
  await done;
  if (rest.length > 0) throw new Error('its last line is cut off');
}
