// How records become rows (pure): a text as it is has a row of its own; records that are taken apart lie together, up to 64 that follow each other in one row, each a line
// of its shared texts' numbers and its values. The rule: what is read is what was hashed, and a row that was altered yields the records before the altered one as they were.
import { type Apart, type SharedText, wholeText } from './apart.ts';
import { seqOf } from './sql/place.ts';
import type { NewRecord, Seal, SealedRecord } from './store.ts';

/** A row of the table, by the number of its last record. `count`: how many records, and `base`: what their shared texts are counted from; both null where the text stands as it is. */
export interface RecordRow {
  readonly seq: number;
  /** Of the last record. */
  readonly at: number;
  readonly body: string;
  /** Of all of them, one after the other. */
  readonly hash: string;
  readonly after: number | null;
  readonly mac: string | null;
  readonly count: number | null;
  readonly base: number | null;
}

/** The shared texts that a chain's rows may name from now on, numbered on from `base`. */
export interface Shelf {
  readonly base: number;
  readonly places: Map<SharedText, number>;
}

/** So that a row is a page or two, and whoever reads one record of it reads little in vain. */
const runRecords = 64;
/** Beyond it a new shelf is begun, so that texts nobody names any more can go with the records that did. */
const shelfLimit = 8192;
const hashLength = 64;

/** What is named from there on was never named before. `last`: the key of the chain's last text, null where it has none. */
export function shelfAfter(last: unknown): Shelf {
  return { base: last === null ? 1 : seqOf(Number(last)) + 1, places: new Map() };
}

export function isFull({ places }: Shelf): boolean {
  return places.size > shelfLimit;
}

export function isApart({ body }: Pick<NewRecord, 'body'>): boolean {
  return typeof body !== 'string';
}

/** The rows of a group, in order, and the texts that are new on the shelf, which counts them from then on. */
export function rowsOf(records: readonly NewRecord[], seal: Seal, shelf: Shelf | undefined) {
  const rows: RecordRow[] = [];
  const fresh: { readonly place: number; readonly text: string }[] = [];
  let lines = '';
  let hashes = '';
  let count = 0;
  const add = ({ seq, at }: NewRecord, row: Pick<RecordRow, 'body' | 'hash' | 'count' | 'base'>) => {
    const isLast = seq === seal.seq;
    rows.push({ seq, at, ...row, after: isLast ? seal.after : null, mac: isLast ? seal.mac : null });
  };
  for (const [index, record] of records.entries()) {
    const { body, hash } = record;
    if (typeof body === 'string') {
      add(record, { body, hash, count: null, base: null });
      continue;
    }
    if (shelf === undefined) throw new Error('there is no shelf');
    const line = lineOf(body, shelf, fresh);
    lines = count === 0 ? line : `${lines}\n${line}`;
    hashes = count === 0 ? hash : hashes + hash;
    count += 1;
    const next = records[index + 1];
    if (count < runRecords && next !== undefined && isApart(next)) continue;
    add(record, { body: lines, hash: hashes, count, base: shelf.base });
    count = 0;
  }
  return { rows, fresh };
}

function lineOf({ shared, values }: Apart, { base, places }: Shelf, fresh: { place: number; text: string }[]): string {
  let line = '';
  for (const one of shared) {
    let place = places.get(one);
    if (place === undefined) {
      place = places.size;
      places.set(one, place);
      fresh.push({ place: base + place, text: one.text });
    }
    line = line === '' ? `${place}` : `${line},${place}`;
  }
  return `${line}\t${values}`;
}

/** The numbers of the shared texts that a row names. */
export function placesIn({ body, count, base }: RecordRow): readonly number[] {
  if (count === null || base === null) return [];
  return linesIn(body, count).flatMap((line) => placesOf(line, base));
}

/** Shared texts by their numbers, as their pieces. */
export type Texts = ReadonlyMap<number, readonly string[]>;

/** The records of a row. What can't be put together again is its line as it stands there, which is not what was hashed. */
export function recordsIn(chain: string, row: RecordRow, texts: Texts): readonly SealedRecord[] {
  const { seq, at, body, hash, after, mac, count, base } = row;
  const seal = after === null || mac === null ? undefined : { after, mac };
  if (count === null || base === null) return [{ chain, seq, at, body, hash, seal }];
  const lines = linesIn(body, count);
  return lines.map((line, index) => {
    const text = textOf(line, base, texts) ?? line;
    const isLast = index === count - 1;
    const from = index * hashLength;
    return {
      chain,
      seq: seq - count + 1 + index,
      at: isLast ? at : timeIn(text),
      body: text,
      hash: isLast ? hash.slice(from) : hash.slice(from, from + hashLength),
      seal: isLast ? seal : undefined,
    };
  });
}

/** The hash of a row's last record. */
export function lastHash({ hash, count }: Pick<RecordRow, 'hash' | 'count'>): string {
  return count === null ? hash : hash.slice((count - 1) * hashLength);
}

/** As many as the row says, at most; what is too much belongs to the last. */
function linesIn(body: string, count: number): readonly string[] {
  const lines = body.split('\n');
  return lines.length <= count ? lines : [...lines.slice(0, count - 1), lines.slice(count - 1).join('\n')];
}

function placesOf(line: string, base: number): readonly number[] {
  const end = line.indexOf('\t');
  return (end < 0 ? line : line.slice(0, end)).split(',').map((place) => base + Number(place));
}

function textOf(line: string, base: number, texts: Texts): string | undefined {
  const shared: (readonly string[])[] = [];
  for (const place of placesOf(line, base)) {
    const text = texts.get(place);
    if (text === undefined) return undefined;
    shared.push(text);
  }
  return wholeText(shared, line.slice(line.indexOf('\t') + 1));
}

const timeOf = /"at":(\d{1,16})[,}]/;

function timeIn(text: string): number {
  return Number(timeOf.exec(text)?.[1] ?? 0);
}
