// Reading the rows of records (run.ts) with the texts that they share, which have keys as records have: of their chain and a number that only grows.
// The rule: texts are read anew each time, so that one that was altered shows in every record of it.
import { sql, type Selectable } from 'kysely';
import { piecesOf } from '../apart.ts';
import type { ChainedRecord, SealedRecord } from '../store.ts';
import { placesIn, recordsIn, type RecordRow, type Shelf, shelfAfter, type Texts } from '../run.ts';
import type { Db, Tables } from '../table.ts';
import { parts } from './part.ts';
import { chainNumberOf, idOf, numberOf, seqOf } from './place.ts';

type Row = Selectable<Tables['record']>;

/** The records of rows of one chain, in the order of the rows. */
export async function recordsOfRows(db: Db, chain: string, rows: readonly Row[]): Promise<readonly SealedRecord[]> {
  const of = rows.map(({ id, ...row }): RecordRow => ({ ...row, seq: seqOf(id) }));
  const [first] = rows;
  const texts = first === undefined ? new Map<number, readonly string[]>() : await textsOf(db, chainNumberOf(first.id), of);
  return of.flatMap((row) => recordsIn(chain, row, texts));
}

async function textsOf(db: Db, chain: number, rows: readonly RecordRow[]): Promise<Texts> {
  const wanted = new Set<number>();
  for (const row of rows) for (const place of placesIn(row)) if (Number.isSafeInteger(place)) wanted.add(place);
  const texts = new Map<number, readonly string[]>();
  for (const ids of parts([...wanted].map((place) => idOf(chain, place))))
    for (const { id, body } of await db.selectFrom('shared_text').selectAll().where('id', 'in', ids).execute())
      texts.set(seqOf(id), piecesOf(body));
  return texts;
}

export function unsealed({ chain, seq, at, body, hash }: SealedRecord): ChainedRecord {
  return { chain, seq, at, body, hash };
}

/** Rows of which it is not known how many records they hold are read a few first. */
const firstRows = 32;

/** Records of a chain after one of them, in order; exactly `limit`, or all that are left. */
export async function recordsFrom(db: Db, chain: string, seq: number, limit: number): Promise<readonly SealedRecord[]> {
  const number = await numberOf(db, chain);
  if (number === undefined) return [];
  const found: SealedRecord[] = [];
  let from = idOf(number, seq);
  let read = 0;
  for (let next = Math.min(limit, firstRows); ;) {
    const rows = await db
      .selectFrom('record')
      .selectAll()
      .where('id', '>', from)
      .where('id', '<', idOf(number + 1, 0))
      .orderBy('id')
      .limit(next)
      .execute();
    // The first row may hold earlier ones too.
    for (const record of await recordsOfRows(db, chain, rows)) if (record.seq > seq) found.push(record);
    read += rows.length;
    from = rows.at(-1)?.id ?? from;
    if (rows.length < next || found.length >= limit) return found.slice(0, limit);
    next = Math.ceil(((limit - found.length) * read) / Math.max(found.length, 1));
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
