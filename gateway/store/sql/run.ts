// Reading the rows of records (run.ts) with the texts that they share, which have keys as records have: of their chain and a number that only grows.
// The rule: texts are read anew each time, so that one that was altered shows in every record of it; only who reads a chain from page to page keeps them until its end.
import { sql, type Selectable } from 'kysely';
import { pauses } from '../../slice.ts';
import { piecesOf } from '../apart.ts';
import { wholeCost } from '../search.ts';
import type { ChainedRecord, KeptTexts, SealedRecord } from '../store.ts';
import { latestIn, lined, type Lined, partsOf, recordsIn, type Shelf, shelfAfter } from '../run.ts';
import type { Db, Tables } from '../table.ts';
import { fewLengths, parts } from './part.ts';
import { chainNumberOf, idOf, numberOf, seqOf } from './place.ts';
import type { Apart } from './sheaf.ts';
import { wordsOf } from './word.ts';
import { createApartWords } from './word-apart.ts';
import { apartOf, costOf, type KnownTexts, readKnown, type Room } from './word-text.ts';

type Row = Selectable<Tables['record']>;

/** Beyond it what was kept is read anew: twice what a gateway server takes from one shelf. */
const keptLimit = 16_384;

/** The records of rows of one chain, in the order of the rows. */
export async function recordsOfRows(
  db: Db,
  chain: string,
  rows: readonly Row[],
  texts: KeptTexts = new Map(),
): Promise<readonly SealedRecord[]> {
  const of = await linedRows(db, rows, texts);
  return of.flatMap((row) => recordsIn(chain, row, texts));
}

/** With the texts that they name. */
async function linedRows(db: Db, rows: readonly Row[], texts: KeptTexts): Promise<readonly Lined[]> {
  const of = rows.map(linedRow);
  await readTexts(db, of, texts);
  return of;
}

/** Each named: the rest of a row takes seven times as long. */
function linedRow({ id, at, body, hash, after, mac, count, base }: Row): Lined {
  return lined(chainNumberOf(id), { seq: seqOf(id), at, body, hash, after, mac, count, base });
}

/** Adds those that the rows name. */
async function readTexts(db: Db, rows: readonly Lined[], texts: KeptTexts): Promise<void> {
  if (texts.size > keptLimit) texts.clear();
  const wanted = new Set<number>();
  for (const { lines } of rows)
    for (const { named = [] } of lines) for (const key of named) if (!texts.has(key) && !Number.isNaN(key)) wanted.add(key);
  for (const keys of parts([...wanted]))
    for (const { id, body } of await db.selectFrom('shared_text').selectAll().where('id', 'in', fewLengths(keys)).execute())
      texts.set(id, piecesOf(body));
}

export function unsealed({ chain, seq, at, body, hash }: SealedRecord): ChainedRecord {
  return { chain, seq, at, body, hash };
}

/** Records of a chain after one of them, in order; exactly `limit`, or all that are left. */
export async function recordsFrom(
  db: Db,
  chain: string,
  seq: number,
  limit: number,
  texts?: KeptTexts,
): Promise<readonly SealedRecord[]> {
  return await takenFrom(db, chain, seq, limit, (rows) => recordsOfRows(db, chain, rows, texts));
}

/** The same numbers, with the records that `latestIn` leaves. */
export async function latestFrom(db: Db, chain: string, seq: number, limit: number) {
  const texts: KeptTexts = new Map();
  return await takenFrom(db, chain, seq, limit, async (rows) =>
    (await linedRows(db, rows, texts)).flatMap((row) => latestIn(chain, row, texts)),
  );
}

/** What the index says of a record. `cost`: how long it takes to write that, as `wholeCost` says. */
export interface Worded {
  readonly seq: number;
  readonly at: number;
  readonly cost: number;
  /** A space between two. */
  readonly words: string;
}

/** An entry as SQLite's index has it: by its words, or by the texts that it shares with others (word-text.ts). */
export type Entry = Worded | { readonly seq: number; readonly at: number; readonly cost: number; readonly apart: Apart };

/** The same records as entries. `known`: what is known of shared texts, to which others are added; `room`: for those that are new. */
export async function entriesFrom(
  db: Db,
  chain: string,
  seq: number,
  limit: number,
  known: KnownTexts,
  room: Room,
): Promise<readonly Entry[]> {
  const pause = pauses();
  return await takenFrom(db, chain, seq, limit, async (rows) => {
    const found: Entry[] = [];
    const texts: KeptTexts = new Map();
    const of = rows.map(linedRow);
    await readKnown(
      db,
      of.flatMap(({ lines }) => lines),
      known,
      room,
    );
    for (const row of of) {
      await pause();
      const { count } = row.row;
      const aparts = row.lines.map((line) => {
        const apart = apartOf(line, known);
        const cost = apart && costOf(apart, known, room);
        return apart && cost !== undefined ? { at: apart.at, cost, apart } : undefined;
      });
      const isWhole = aparts.includes(undefined);
      if (isWhole) await readTexts(db, [row], texts);
      const whole = isWhole ? recordsIn(chain, row, texts) : [];
      for (const [i, apart] of aparts.entries()) {
        const record = whole[i];
        if (apart !== undefined) found.push({ seq: row.row.seq - (count ?? 1) + 1 + i, ...apart });
        else if (record !== undefined)
          found.push({ seq: record.seq, at: record.at, cost: wholeCost, words: wordsOf(record.body).join(' ') });
      }
    }
    return found;
  });
}

/** The same records by their words alone. */
export async function wordsFrom(db: Db, chain: string, seq: number, limit: number): Promise<readonly Worded[]> {
  const texts: KeptTexts = new Map();
  const apart = createApartWords();
  const pause = pauses();
  return await takenFrom(db, chain, seq, limit, async (rows) => {
    const worded: Worded[] = [];
    for (const row of await linedRows(db, rows, texts)) {
      await pause();
      for (const [i, record] of recordsIn(chain, row, texts).entries()) {
        const parts = row.lines[i] && partsOf(row.lines[i], texts);
        const words = (parts && apart(parts)) ?? wordsOf(record.body).join(' ');
        worded.push({ seq: record.seq, at: record.at, cost: 1, words });
      }
    }
    return worded;
  });
}

/** What `take` makes of the rows of records after one of them, in order. */
async function takenFrom<Taken extends { readonly seq: number }>(
  db: Db,
  chain: string,
  seq: number,
  limit: number,
  take: (rows: readonly Row[]) => Promise<readonly Taken[]>,
): Promise<readonly Taken[]> {
  const number = await numberOf(db, chain);
  if (number === undefined) return [];
  const end = idOf(number + 1, 0);
  const found: Taken[] = [];
  for (let from = idOf(number, seq); ;) {
    // The rows up to the one that holds the last of them, were all there: where some are gone it goes on from there.
    const last = Math.min(from + limit - found.length, end);
    const rows = await db
      .selectFrom('record')
      .selectAll()
      .where('id', '>', from)
      .where('id', '<=', sql<number>`coalesce((select min(id) from record where id >= ${last} and id < ${end}), ${end})`)
      .orderBy('id')
      .execute();
    // The first row may hold earlier ones too.
    for (const one of await take(rows)) if (one.seq > seq) found.push(one);
    from = rows.at(-1)?.id ?? end;
    if (from < last || from === end || found.length >= limit) return found.slice(0, limit);
  }
}

/** The newest records of a chain, the newest first. */
export async function newestOf(db: Db, chain: string, limit: number): Promise<readonly SealedRecord[]> {
  const number = await numberOf(db, chain);
  if (number === undefined) return [];
  const of = db
    .selectFrom('record')
    .where('id', '>', idOf(number, 0))
    .where('id', '<', idOf(number + 1, 0));
  const last = await of.select('id').orderBy('id', 'desc').limit(1).executeTakeFirst();
  if (last === undefined) return [];
  const rows = await of
    .selectAll()
    .where('id', '>', last.id - limit)
    .orderBy('id')
    .execute();
  return (await recordsOfRows(db, chain, rows)).toReversed().slice(0, limit);
}

/** The records with these keys, by their keys; those that are gone are not there. */
export async function recordsAt(db: Db, keys: readonly number[]): Promise<ReadonlyMap<number, SealedRecord>> {
  const found = new Map<number, SealedRecord>();
  const take = async (rows: readonly Row[]) => {
    for (const [number, of] of Map.groupBy(rows, ({ id }) => chainNumberOf(id))) {
      const chain = await db.selectFrom('chain').select('name').where('number', '=', number).executeTakeFirst();
      if (chain === undefined) continue;
      for (const record of await recordsOfRows(db, chain.name, of)) found.set(idOf(number, record.seq), record);
    }
  };
  for (const ids of parts(keys)) await take(await db.selectFrom('record').selectAll().where('id', 'in', ids).execute());
  // A row has the key of its last record.
  const others = keys.filter((key) => !found.has(key)).map((key) => sql<number>`(select min(id) from record where id >= ${key})`);
  for (const ids of parts(others)) await take(await db.selectFrom('record').selectAll().where('id', 'in', ids).execute());
  return found;
}

/** One on which nothing lies yet. */
export async function freshShelf(db: Db, chain: number): Promise<Shelf> {
  const { last } = await db
    .selectFrom('shared_text')
    .select(sql<unknown>`max(id)`.as('last'))
    .where('id', '>=', idOf(chain, 0))
    .where('id', '<', idOf(chain + 1, 0))
    .executeTakeFirstOrThrow();
  return shelfAfter(last);
}

/** With the records of a chain up to one of them: the texts that only they named. Rows after them count from there or later. */
export async function removeTexts(tx: Db, from: number, to: number): Promise<void> {
  const { base } = await tx
    .selectFrom('record')
    .select(sql<number | null>`max(base)`.as('base'))
    .where('id', '>', from)
    .where('id', '<=', to)
    .executeTakeFirstOrThrow();
  const number = chainNumberOf(to);
  if (base !== null)
    await tx
      .deleteFrom('shared_text')
      .where('id', '>=', idOf(number, 0))
      .where('id', '<', idOf(number, Number(base)))
      .execute();
}
