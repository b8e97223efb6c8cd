// Entries of the index (SQLite) whose records lie taken apart, many in a row of their own: by the texts that each shares with others, whose words stand once in the index
// (word-text.ts), and by the id that is its own. Numbers lie in the machine's own order, as nothing of it leaves the database. The rule: sheaves follow each other, and none
// is in two parts of the index; it goes once all of its records are gone, and until then whoever reads one asks where their chains begin.
import type { Db, Tx } from '../table.ts';
import { chainNumberOf, seqOf } from './place.ts';

/** So that to write one anew with a few entries more costs little. */
const entriesAtMost = 1024;
/** Shared texts of an entry; a record of more is found by its whole text. */
export const namesAtMost = 3;
/** Where an entry names fewer. */
export const noName = entriesAtMost * namesAtMost;
export const ownBytes = 16;
/** Of an entry: its number, its record and its time. */
const restSize = 3;
const dash = 45;
const nine = 57;

/** A record by the texts that it shares with others, and by the id that it has of its own, a UUID. */
export interface Apart {
  readonly at: number;
  readonly named: readonly number[];
  readonly own: string;
}

export interface ApartEntry {
  readonly number: number;
  readonly record: number;
  readonly peak: number;
  readonly apart: Apart;
}

interface Open {
  readonly first: number;
  readonly texts: number[];
  readonly names: Uint16Array;
  readonly own: Buffer;
  readonly rest: Float64Array;
  count: number;
}

/** Adds entries to the last sheaf of a part, and to new ones. They come after all that are there. */
export async function addToSheaves(tx: Tx, part: number, entries: readonly ApartEntry[]): Promise<void> {
  let open = entries.length === 0 ? undefined : await lastOf(tx, part);
  for (let from = 0; from < entries.length;) {
    const first = entries[from]?.number ?? 0;
    if (open === undefined || open.count >= entriesAtMost) open = emptyFrom(first);
    const some = entries.slice(from, from + entriesAtMost - open.count);
    put(open, some);
    from += some.length;
    const last = some.at(-1);
    const row = {
      next: (last?.number ?? 0) + 1,
      peak: last?.peak ?? 0,
      texts: bytesOf(Float64Array.from(open.texts)),
      names: bytesOf(open.names.subarray(0, open.count * namesAtMost)),
      own: open.own.subarray(0, open.count * ownBytes),
      rest: bytesOf(open.rest.subarray(0, open.count * restSize)),
    };
    await tx
      .insertInto('entry_sheaf')
      .values({ first: open.first, part, ...row })
      .onConflict((on) => on.column('first').doUpdateSet(row))
      .execute();
  }
}

async function lastOf(tx: Tx, part: number): Promise<Open | undefined> {
  const last = tx.selectFrom('entry_sheaf').selectAll().where('first', '>=', part).orderBy('first', 'desc').limit(1);
  const row = await last.executeTakeFirst();
  if (row === undefined || row.part !== part) return undefined;
  const open = emptyFrom(row.first);
  open.texts.push(...floatsIn(row.texts));
  open.names.set(shortsIn(row.names));
  open.own.set(row.own);
  open.rest.set(floatsIn(row.rest));
  open.count = row.own.length / ownBytes;
  return open;
}

function emptyFrom(first: number): Open {
  return {
    first,
    texts: [],
    names: new Uint16Array(entriesAtMost * namesAtMost),
    own: Buffer.alloc(entriesAtMost * ownBytes),
    rest: new Float64Array(entriesAtMost * restSize),
    count: 0,
  };
}

function put(open: Open, entries: readonly ApartEntry[]): void {
  const places = new Map(open.texts.map((text, place) => [text, place]));
  for (const { number, record, apart } of entries) {
    const { at, named, own } = apart;
    for (let i = 0; i < namesAtMost; i++) {
      const text = named[i];
      let place = text === undefined ? noName : places.get(text);
      if (place === undefined && text !== undefined) {
        place = open.texts.length;
        places.set(text, place);
        open.texts.push(text);
      }
      open.names[open.count * namesAtMost + i] = place ?? noName;
    }
    writeId(own, open.own, open.count * ownBytes);
    const from = open.count * restSize;
    open.rest[from] = number;
    open.rest[from + 1] = record;
    open.rest[from + 2] = at;
    open.count++;
  }
}

/** Digit by digit: to make a text of its digits alone takes ten times as long. */
function writeId(id: string, to: Uint8Array, from: number): void {
  let digits = 0;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code === dash) continue;
    const digit = code <= nine ? code & 15 : (code & 15) + 9;
    const at = from + (digits >> 1);
    to[at] = digits % 2 === 0 ? digit << 4 : (to[at] ?? 0) | digit;
    digits++;
  }
}

/** The number, the record and the time of an entry. */
export function restAt(
  rest: Float64Array,
  entry: number,
): { readonly number: number; readonly record: number; readonly at: number } {
  const from = entry * restSize;
  return { number: rest[from] ?? 0, record: rest[from + 1] ?? 0, at: rest[from + 2] ?? 0 };
}

/** Says of a record whether it is gone, by where its chain begins now. */
export async function goneIn(db: Db): Promise<(record: number) => boolean> {
  const begins = db
    .selectFrom('removal')
    .innerJoin('chain', 'chain.name', 'removal.chain')
    .select(['chain.number', 'removal.seq']);
  const seqs = new Map((await begins.execute()).map(({ number, seq }) => [number, seq]));
  return (record) => seqOf(record) <= (seqs.get(chainNumberOf(record)) ?? 0);
}

/** Takes away those at the beginning of which no record is there any more. */
export async function removeSheaves(tx: Tx): Promise<void> {
  const isGone = await goneIn(tx);
  for (;;) {
    const oldest = tx.selectFrom('entry_sheaf').select(['first', 'rest']).orderBy('first').limit(1);
    const found = await oldest.executeTakeFirst();
    if (found === undefined) return;
    const rest = floatsIn(found.rest);
    for (let entry = rest.length / restSize - 1; entry >= 0; entry--) if (!isGone(restAt(rest, entry).record)) return;
    await tx.deleteFrom('entry_sheaf').where('first', '=', found.first).execute();
  }
}

export async function firstOfSheaves(db: Db): Promise<number | undefined> {
  const oldest = await db.selectFrom('entry_sheaf').select('first').orderBy('first').limit(1).executeTakeFirst();
  return oldest?.first;
}

/** The first that has an entry with that peak or a later one. */
export async function sheafAt(db: Db, peak: number): Promise<{ readonly first: number; readonly next: number } | undefined> {
  const found = db.selectFrom('entry_sheaf').select(['first', 'next']).where('peak', '>=', peak);
  return await found.orderBy('peak').orderBy('first').limit(1).executeTakeFirst();
}

function bytesOf(numbers: Float64Array | Uint16Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** Of a copy: what the database gives may begin anywhere. */
export function floatsIn(bytes: Uint8Array): Float64Array {
  return new Float64Array(new Uint8Array(bytes).buffer);
}

export function shortsIn(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(new Uint8Array(bytes).buffer);
}
