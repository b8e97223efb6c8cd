// The index over the records: SQLite's FTS5 in parts (word-part.ts), or PostgreSQL's GIN over a tsvector, of words that word.ts makes. An entry's number grows over all
// chains, and it keeps the latest time up to it, so that a span of time is a span of numbers. The rule: reading and taking apart happens before the transaction, which only
// writes.
import { setImmediate } from 'node:timers/promises';
import { sql, type RawBuilder } from 'kysely';
import type { DialectName } from '../engine.ts';
import type { FoundRecord, RecordFilter } from '../search.ts';
import type { Db, Tx } from '../table.ts';
import { idOf, numberOf, seqOf } from './place.ts';
import { readAtOnce } from './change.ts';
import { chains } from './record.ts';
import { removal, retention } from './removal.ts';
import { recordsAt, unsealed, type Worded, wordsFrom } from './run.ts';
import { wantedOf, type Wanted } from './word.ts';
import { partFor, partsWithin, type WordPart, wordTable } from './word-part.ts';

/** Rows of one statement: SQLite takes 32,766 values. */
const rowsAtOnce = 500;

interface NewEntry {
  readonly number: number;
  readonly record: number;
  readonly at: number;
  readonly peak: number;
  readonly words: string;
}

export async function indexRecords(db: Db, dialect: DialectName, limit: number): Promise<number> {
  const state = await db.selectFrom('entry_state').selectAll().executeTakeFirstOrThrow();
  const cursors = new Map((await db.selectFrom('entry_cursor').selectAll().execute()).map(({ chain, seq }) => [chain, seq]));
  const pages: { readonly chain: number; readonly name: string; readonly records: readonly Worded[] }[] = [];
  for (const name of await chains(db)) {
    const chain = await numberOf(db, name);
    const records = await wordsFrom(db, name, cursors.get(name) ?? 0, limit);
    if (chain !== undefined && records.length > 0) pages.push({ chain, name, records });
  }
  const entries: NewEntry[] = [];
  const ends = new Map<string, number>();
  let { next, peak, lag } = state;
  for (const { id, name, record } of merged(pages, limit)) {
    peak = Math.max(peak, record.at);
    lag = Math.max(lag, peak - record.at);
    entries.push({ number: next++, record: id, at: record.at, peak, words: record.words });
    ends.set(name, record.seq);
  }
  if (entries.length === 0) return 0;
  const kept = (await retention(db))?.records;
  return await db.transaction().execute(async (tx) => {
    const moved = tx.updateTable('entry_state').set({ next, peak, lag }).where('next', '=', state.next);
    // Somebody else was here first.
    if ((await moved.executeTakeFirstOrThrow()).numUpdatedRows === 0n) return 0;
    const part = dialect === 'sqlite' ? await partFor(tx, { first: state.next, next, at: entries[0]?.peak ?? peak, kept }) : 0;
    for (let i = 0; i < entries.length; i += rowsAtOnce) await add(tx, dialect, entries.slice(i, i + rowsAtOnce), part);
    for (const [chain, seq] of ends)
      await tx
        .insertInto('entry_cursor')
        .values({ chain, seq })
        .onConflict((on) => on.column('chain').doUpdateSet({ seq }))
        .execute();
    return entries.length;
  });
}

/** By time, each chain in its own order. */
function* merged(
  pages: readonly { readonly chain: number; readonly name: string; readonly records: readonly Worded[] }[],
  limit: number,
) {
  const left = pages.map((page) => ({ ...page, taken: 0 }));
  for (let count = 0; count < limit; count++) {
    let first: { readonly from: (typeof left)[number]; readonly record: Worded } | undefined;
    for (const from of left) {
      const record = from.records[from.taken];
      if (record !== undefined && (first === undefined || record.at < first.record.at)) first = { from, record };
    }
    if (first === undefined) return;
    first.from.taken++;
    yield { id: idOf(first.from.chain, first.record.seq), name: first.from.name, record: first.record };
  }
}

async function add(tx: Tx, dialect: DialectName, entries: readonly NewEntry[], part: number): Promise<void> {
  const rows = entries.map(({ number, record, at, peak }) => ({ number, record, at, peak }));
  await tx.insertInto('entry').values(rows).execute();
  const words = sql.join(entries.map((of) => sql`(${of.number}, ${of.words})`));
  if (dialect === 'sqlite') await sql`insert into ${wordTable(part)} (rowid, words) values ${words}`.execute(tx);
  else
    await sql`update entry set words = array_to_tsvector(string_to_array(of.words, ' '))
      from (values ${sql.join(entries.map((of) => sql`(${of.number}::bigint, ${of.words}::text)`))}) as of (number, words)
      where entry.number = of.number`.execute(tx);
}

export async function behind(db: Db): Promise<number> {
  const cursors = new Map((await db.selectFrom('entry_cursor').selectAll().execute()).map(({ chain, seq }) => [chain, seq]));
  let sum = 0;
  for (const name of await chains(db)) {
    const chain = await numberOf(db, name);
    if (chain === undefined) continue;
    const last = await db
      .selectFrom('record')
      .select('id')
      .where('id', '<', idOf(chain + 1, 0))
      .where('id', '>', idOf(chain, 0))
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    const from = Math.max(cursors.get(name) ?? 0, (await removal(db, name))?.seq ?? 0);
    sum += last === undefined ? 0 : Math.max(seqOf(last.id) - from, 0);
  }
  return sum;
}

export async function find(
  db: Db,
  dialect: DialectName,
  filter: RecordFilter,
  { before, limit }: { readonly before?: number | undefined; readonly limit: number },
): Promise<readonly FoundRecord[]> {
  const wanted = wantedOf(filter);
  if (wanted === undefined) return [];
  const { first, last } = await span(db, filter);
  const range = { first, end: Math.min(last + 1, before ?? last + 1) };
  if (dialect === 'postgres' || wanted.length === 0)
    return await readAtOnce(db, (tx) => among(tx, matchingOf(wanted), filter, range, limit));
  const found: FoundRecord[] = [];
  for (const part of await partsWithin(db, range)) {
    found.push(...(await inPart(db, part, wanted, filter, range, limit - found.length)));
    if (found.length >= limit) break;
    // Calls go on between them.
    await setImmediate();
  }
  return found;
}

interface Range {
  readonly first: number;
  readonly end: number;
}

/** Nothing where the part is gone meanwhile. */
async function inPart(db: Db, { part }: WordPart, wanted: readonly Wanted[], filter: RecordFilter, range: Range, limit: number) {
  return await readAtOnce(db, async (tx) => {
    const still = (await partsWithin(tx, range)).some((one) => one.part === part);
    return still ? await among(tx, matchingIn(part, wanted), filter, range, limit) : [];
  });
}

async function among(
  db: Db,
  matching: Matching,
  { from = 0, until = Number.MAX_SAFE_INTEGER }: RecordFilter,
  { first, end }: Range,
  limit: number,
): Promise<readonly FoundRecord[]> {
  const { rows } = await sql<{ number: number; record: number }>`
    select entry.number, entry.record from ${matching.from}
    where ${matching.where} and ${matching.number} >= ${first} and ${matching.number} < ${end}
      and entry.at >= ${from} and entry.at < ${until}
    order by ${matching.number} desc limit ${limit}`.execute(db);
  const records = await recordsAt(
    db,
    rows.map(({ record }) => record),
  );
  return rows.flatMap(({ number, record: key }) => {
    const record = records.get(key);
    return record === undefined ? [] : [{ ...unsealed(record), number }];
  });
}

interface Matching {
  readonly from: RawBuilder<unknown>;
  readonly where: RawBuilder<unknown>;
  readonly number: RawBuilder<unknown>;
}

/** `cross join`: SQLite then goes through the words, newest first, and looks up the rest. */
function matchingIn(part: number, wanted: readonly Wanted[]): Matching {
  const words = wordTable(part);
  const query = wanted.map(({ word, isBeginning }) => `"${word}"${isBeginning ? '*' : ''}`).join(' AND ');
  const number = sql`${words}.rowid`;
  return { from: sql`${words} cross join entry on entry.number = ${number}`, where: sql`${words} match ${query}`, number };
}

/** Of PostgreSQL; without words of both. */
function matchingOf(wanted: readonly Wanted[]): Matching {
  if (wanted.length === 0) return { from: sql`entry`, where: sql`true`, number: sql`entry.number` };
  const query = wanted.map(({ word, isBeginning }) => `'${word}'${isBeginning ? ':*' : ''}`).join(' & ');
  return { from: sql`entry`, where: sql`entry.words @@ ${query}::tsquery`, number: sql`entry.number` };
}

/** A record is at most `lag` older than the latest before it, so none of that time stands outside of these. */
export async function span(
  db: Db,
  { from, until }: Pick<RecordFilter, 'from' | 'until'>,
): Promise<{ first: number; last: number }> {
  const { next, lag } = await db.selectFrom('entry_state').selectAll().executeTakeFirstOrThrow();
  const firstAt = async (peak: number): Promise<number> => {
    const found = db.selectFrom('entry').select('number').where('peak', '>=', peak).orderBy('peak').orderBy('number').limit(1);
    return (await found.executeTakeFirst())?.number ?? next;
  };
  return {
    first: from === undefined ? 0 : await firstAt(from),
    last: (until === undefined ? next : await firstAt(until + lag)) - 1,
  };
}
