// Records as files: JSONL, each line the record as it was written down with its place in the chain, or CSV for spreadsheets. One page is held at a time.
// The rule: a cell never becomes a formula, and rows are exactly the records that the search finds up to the moment it began.
import type { RecordFilter } from '../store/search.ts';
import type { ChainedRecord, Store } from '../store/store.ts';

export const exportFormats = ['csv', 'jsonl'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportProgress {
  readonly rows: number;
  /** 0 to 1: how much of the time asked for was looked through. */
  readonly done: number;
}

const pageRecords = 500;

/** Newest first, in pieces of whole lines, beginning with the header of a CSV. */
export async function* exportRecords(of: {
  readonly store: { readonly search: Pick<Store['search'], 'find' | 'span'> };
  readonly filter: RecordFilter;
  readonly format: ExportFormat;
  readonly onProgress?: (progress: ExportProgress) => void;
  readonly signal?: AbortSignal;
}): AsyncGenerator<string> {
  const { store, filter, format, onProgress, signal } = of;
  const line = format === 'csv' ? csvLine : jsonLine;
  const { first, last } = await store.search.span(filter);
  let rows = 0;
  if (format === 'csv') yield `${columns.map(([name]) => name).join(',')}\r\n`;
  for (let before = last + 1; ;) {
    signal?.throwIfAborted();
    const page = await store.search.find(filter, { before, limit: pageRecords });
    const end = page.at(-1);
    rows += page.length;
    if (page.length > 0) yield page.map(line).join('');
    const isDone = end === undefined || page.length < pageRecords;
    onProgress?.({ rows, done: isDone ? 1 : (last + 1 - end.number) / Math.max(last + 1 - first, 1) });
    if (isDone) return;
    before = end.number;
  }
}

/** The text stays as it was hashed: chain, number and hash stand before it. */
function jsonLine({ chain, seq, hash, body }: ChainedRecord): string {
  return `{"chain":${JSON.stringify(chain)},"seq":${seq},"hash":${JSON.stringify(hash)},"record":${body}}\n`;
}

type Fields = Readonly<Record<string, unknown>>;

const columns: readonly (readonly [string, (record: Fields, of: ChainedRecord) => unknown])[] = [
  ['time', (_, { at }) => new Date(at).toISOString()],
  ['kind', ({ kind }) => kind],
  ['what', ({ method, event, operation }) => method ?? event ?? operation],
  [
    'user',
    ({ user, actor }) => nameOf(user) ?? nameOf(fieldsOf(actor)['user']) ?? fieldsOf(actor)['osUser'] ?? fieldsOf(actor)['part'],
  ],
  ['host', ({ host }) => host],
  ['gateway', ({ gateway }) => nameOf(gateway)],
  ['server', ({ server }) => nameOf(server)],
  ['item', ({ tool, item, target }) => tool ?? nameOf(item) ?? target],
  ['decision', ({ decision }) => decision],
  ['code', ({ code }) => code],
  ['workstation', ({ workstation }) => workstation],
  ['requestBytes', ({ requestBytes }) => requestBytes],
  ['responseBytes', ({ responseBytes }) => responseBytes],
  ['id', ({ id }) => id],
  ['chain', (_, { chain }) => chain],
  ['seq', (_, { seq }) => seq],
  ['hash', (_, { hash }) => hash],
  ['record', (_, { body }) => body],
];

function csvLine(of: ChainedRecord): string {
  const record = parse(of.body);
  return `${columns.map(([, read]) => cell(read(record, of))).join(',')}\r\n`;
}

/** RFC 4180. What a spreadsheet would take for a formula gets an apostrophe before it. */
export function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' && value >= 0) return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = /^[\s\0]*[=+\-@]|^[\t\r\n]/.test(text.normalize('NFKC')) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function nameOf(value: unknown): unknown {
  return fieldsOf(value)['name'];
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function parse(body: string): Fields {
  try {
    return fieldsOf(JSON.parse(body));
  } catch {
    return {};
  }
}
