// How records become rows (pure): a text as it is has a row of its own; records that are taken apart lie together, up to 64 that follow each other in one row, each a line
// of its shared texts' numbers and its values. The rule: what is read is what was hashed, and a row that was altered yields the records before the altered one as they were.
import { type Apart, type SharedText, wholeText } from './apart.ts';
import { idOf, seqOf } from './sql/place.ts';
import { mostBytes, writeNumber, writeValue } from './value.ts';
import type { NewRecord, Seal, SealedRecord } from './store.ts';
import type { TrailTables } from './trail-table.ts';

/**
 * A row of the table, by the number of its last record in its chain. `hash`: of all of them, one after the other. `count`: how many records, and `base`: what their shared
 * texts are counted from; both null where the text stands as it is.
 */
export interface RecordRow extends Omit<TrailTables['record'], 'id'> {
  readonly seq: number;
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
/** The number of a shared text and the sign beside it, far more than they ever take. */
const placeBytes = 17;
const tab = 9;
const newLine = 10;
const comma = 44;
const zero = 48;

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
  let end = 0;
  let hashes = '';
  let count = 0;
  const add = ({ seq, at }: NewRecord, row: Pick<RecordRow, 'body' | 'hash' | 'count' | 'base'>) => {
    const isLast = seq === seal.seq;
    rows.push({ seq, at, ...row, after: isLast ? seal.after : null, mac: isLast ? seal.mac : null });
  };
  // Counted here and below: `for … of` made 500 bytes of iterators a record, as functions of this size are compiled.
  for (let index = 0; index < records.length; index++) {
    const record = records[index];
    if (record === undefined) continue;
    const { body, hash } = record;
    if (typeof body === 'string') {
      add(record, { body, hash, count: null, base: null });
      continue;
    }
    if (shelf === undefined) throw new Error('there is no shelf');
    makeRoom(end, body);
    if (count > 0) room[end++] = newLine;
    end = writeLine(end, body, shelf, fresh);
    hashes = count === 0 ? hash : hashes + hash;
    count += 1;
    const next = records[index + 1];
    if (count < runRecords && next !== undefined && isApart(next)) continue;
    add(record, { body: room.toString('utf8', 0, end), hash: hashes, count, base: shelf.base });
    count = 0;
    end = 0;
  }
  return { rows, fresh };
}

/** Where rows are written, one at a time: as bytes, because a string that is put together piece by piece is copied once more for each use. */
let room = Buffer.alloc(2 ** 16);

/** For a line, with the sign before it. */
function makeRoom(end: number, { shared, values }: Apart): void {
  let most = 1 + shared.length * placeBytes;
  for (let i = 0; i < values.length; i++) most += 1 + mostBytes(values[i] ?? 0);
  if (end + most <= room.length) return;
  const larger = Buffer.alloc((end + most) * 2);
  room.copy(larger, 0, 0, end);
  room = larger;
}

/** Returns where it ends. */
function writeLine(
  from: number,
  { shared, values }: Apart,
  { base, places }: Shelf,
  fresh: { place: number; text: string }[],
): number {
  const to = room;
  let at = from;
  for (let i = 0; i < shared.length; i++) {
    const one = shared[i];
    if (one === undefined) continue;
    let place = places.get(one);
    if (place === undefined) {
      place = places.size;
      places.set(one, place);
      fresh.push({ place: base + place, text: one.text });
    }
    if (at > from) to[at++] = comma;
    at = writeNumber(to, at, place);
  }
  for (let i = 0; i < values.length; i++) {
    to[at++] = tab;
    at = writeValue(to, at, values[i] ?? '');
  }
  return at;
}

/** A record as it stands in a row: its text, or what it is put together from. */
export interface Line {
  readonly text: string;
  /** The keys of its shared texts, NaN for what is none; undefined where the text stands as it is. */
  readonly named: readonly number[] | undefined;
}

/** A row, taken into its records' lines. */
export interface Lined {
  readonly row: RecordRow;
  readonly lines: readonly Line[];
}

/** `chain`: the number of the row's chain. */
export function lined(chain: number, row: RecordRow): Lined {
  const { body, count, base } = row;
  if (count === null || base === null) return { row, lines: [{ text: body, named: undefined }] };
  return { row, lines: linesIn(body, count).map((text) => ({ text, named: namedIn(text, chain, base) })) };
}

/** Shared texts by their keys, as their pieces. */
export type Texts = ReadonlyMap<number, readonly string[]>;

/** The records of a row. What can't be put together again is its line as it stands there, which is not what was hashed. */
export function recordsIn(chain: string, of: Lined, texts: Texts): readonly SealedRecord[] {
  return of.lines.map((line, index) => recordIn(chain, of.row, line, index, texts));
}

/** As above, undefined for each that is the same call as one beside it: of those that follow each other and share all their texts only the latest is there. */
export function latestIn(
  chain: string,
  of: Lined,
  texts: Texts,
): readonly { readonly seq: number; readonly record?: SealedRecord }[] {
  const { row, lines } = of;
  const first = row.seq - lines.length + 1;
  const found: { seq: number; record?: SealedRecord }[] = lines.map((_, index) => ({ seq: first + index }));
  let latest: { readonly shared: string; readonly index: number; readonly at: number } | undefined;
  const keep = (index: number) => {
    const [line, one] = [lines[index], found[index]];
    if (line && one) one.record = recordIn(chain, row, line, index, texts);
  };
  for (const [index, { text, named }] of lines.entries()) {
    const at = named && timeOf(text, named, texts);
    const shared = text.slice(0, endOf(text));
    if (latest !== undefined && (at === undefined || shared !== latest.shared)) {
      keep(latest.index);
      latest = undefined;
    }
    if (at === undefined) keep(index);
    else if (latest === undefined || at >= latest.at) latest = { shared, index, at };
  }
  if (latest !== undefined) keep(latest.index);
  return found;
}

function recordIn(chain: string, row: RecordRow, { text, named }: Line, index: number, texts: Texts): SealedRecord {
  const { seq, at, hash, after, mac, count } = row;
  const seal = after === null || mac === null ? undefined : { after, mac };
  if (count === null || named === undefined) return { chain, seq, at, body: text, hash, seal };
  const body = textOf(text, named, texts) ?? text;
  const isLast = index === count - 1;
  const from = index * hashLength;
  return {
    chain,
    seq: seq - count + 1 + index,
    at: isLast ? at : timeIn(body),
    body,
    hash: isLast ? hash.slice(from) : hash.slice(from, from + hashLength),
    seal: isLast ? seal : undefined,
  };
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

function namedIn(line: string, chain: number, base: number): readonly number[] {
  const named: number[] = [];
  const end = endOf(line);
  let place = Number.NaN;
  for (let i = 0; i < end; i++) {
    const code = line.charCodeAt(i);
    if (code === comma) {
      named.push(keyOf(chain, base + place));
      place = Number.NaN;
    } else {
      const digit = code - zero;
      place = digit < 0 || digit > 9 ? Infinity : (Number.isNaN(place) ? 0 : place * 10) + digit;
    }
  }
  named.push(keyOf(chain, base + place));
  return named;
}

/** Of a number that no text of a chain has, none: it would be the key of another chain's. */
function keyOf(chain: number, place: number): number {
  const key = idOf(chain, place);
  return Number.isSafeInteger(place) && seqOf(key) === place ? key : Number.NaN;
}

function textOf(line: string, named: readonly number[], texts: Texts): string | undefined {
  const shared = sharedOf(named, texts);
  return shared && wholeText(shared, line.slice(endOf(line) + 1));
}

function sharedOf(named: readonly number[], texts: Texts): readonly (readonly string[])[] | undefined {
  const shared: (readonly string[])[] = [];
  for (const key of named) {
    const text = texts.get(key);
    if (text === undefined) return undefined;
    shared.push(text);
  }
  return shared;
}

/** Its shared texts as their pieces, and the values between them. */
export interface Parts {
  readonly shared: readonly (readonly string[])[];
  readonly values: readonly string[];
}

/** What a line is put together from; undefined where it stands as it is, or can't be put together. */
export function partsOf({ text, named }: Line, texts: Texts): Parts | undefined {
  const shared = named && sharedOf(named, texts);
  return shared && { shared, values: text.slice(endOf(text) + 1).split('\t') };
}

/** Where the numbers of a line end and its values begin. */
export function endOf(line: string): number {
  const end = line.indexOf('\t');
  return end < 0 ? line.length : end;
}

const timeSign = '"at":';
const timeInText = /"at":(\d{1,16})[,}]/;

function timeIn(text: string): number {
  return Number(timeInText.exec(text)?.[1] ?? 0);
}

/** The time in a line, without putting it together; undefined where its first text does not say which of its values that is. */
function timeOf(line: string, named: readonly number[], texts: Texts): number | undefined {
  const pieces = texts.get(named[0] ?? Number.NaN) ?? [];
  const place = pieces.findIndex((piece) => piece.endsWith(timeSign));
  if (place < 0 || place === pieces.length - 1 || named.some((key) => !texts.has(key))) return undefined;
  let from = endOf(line) + 1;
  for (let passed = 0; passed < place && from > 0; passed++) from = line.indexOf('\t', from) + 1;
  const to = line.indexOf('\t', from);
  const at = from > 0 && to > from ? Number(line.slice(from, to)) : Number.NaN;
  return Number.isSafeInteger(at) ? at : undefined;
}
