// The index over the records: SQLite's FTS5 in parts (word-part.ts), or PostgreSQL's GIN over a tsvector, of words that word.ts makes. An entry's number grows over all
// chains, and it keeps the latest time up to it, so that a span of time is a span of numbers. The rule: reading and taking apart happens before the transaction, which only
// writes.
import { setImmediate } from 'node:timers/promises';
import { sql, type RawBuilder } from 'kysely';
import type { DialectName } from '../engine.ts';
import { type FoundRecord, type RecordFilter, wholeCost } from '../search.ts';
import type { Db, Tx } from '../table.ts';
import { idOf, numberOf, seqOf } from './place.ts';
import { readAtOnce } from './change.ts';
import { chains } from './record.ts';
import { removal, retention } from './removal.ts';
import { entriesFrom, type Entry, recordsAt, unsealed, wordsFrom } from './run.ts';
import { parts } from './part.ts';
import { addToSheaves, type ApartEntry, sheafAt } from './sheaf.ts';
import { findInSheaves, type Place } from './sheaf-search.ts';
import { wantedOf, type Wanted } from './word.ts';
import { isThere, partFor, partsWithin, type WordPart, wordTable } from './word-part.ts';
import { type KnownTexts, type Room, roomIn, sayIn } from './word-text.ts';

export async function indexRecords(db: Db, dialect: DialectName, limit: number): Promise<number> {
  const state = await db.selectFrom('entry_state').selectAll().executeTakeFirstOrThrow();
  const cursors = new Map((await db.selectFrom('entry_cursor').selectAll().execute()).map(({ chain, seq }) => [chain, seq]));
  const known: KnownTexts = new Map();
  const room = dialect === 'sqlite' ? await roomIn(db, state.next) : undefined;
  const pages: Page[] = [];
  for (const name of await chains(db)) {
    const chain = await numberOf(db, name);
    const from = cursors.get(name) ?? 0;
    const page =
      room === undefined
        ? { entries: await wordsFrom(db, name, from, limit), isCut: false }
        : await affordable(db, { chain: name, seq: from, limit }, known, room);
    if (chain !== undefined && page.entries.length > 0) pages.push({ chain, name, ...page });
  }
  const wholes: Whole[] = [];
  const aparts: ApartEntry[] = [];
  const ends = new Map<string, number>();
  let { next, peak, lag } = state;
  let since: number | undefined;
  for (const { id, name, entry } of merged(pages, limit)) {
    peak = Math.max(peak, entry.at);
    lag = Math.max(lag, peak - entry.at);
    since ??= peak;
    const number = next++;
    if ('apart' in entry) aparts.push({ number, record: id, peak, apart: entry.apart });
    else wholes.push({ number, record: id, at: entry.at, peak, words: entry.words });
    ends.set(name, entry.seq);
  }
  if (since === undefined) return 0;
  const of = { first: state.next, next, at: since };
  const kept = (await retention(db))?.records;
  return await db.transaction().execute(async (tx) => {
    const moved = tx.updateTable('entry_state').set({ next, peak, lag }).where('next', '=', state.next);
    // Somebody else was here first.
    if ((await moved.executeTakeFirstOrThrow()).numUpdatedRows === 0n) return 0;
    const part = dialect === 'sqlite' ? await partFor(tx, { ...of, kept }) : undefined;
    for (const some of parts(wholes)) await add(tx, some, part);
    if (part !== undefined && aparts.length > 0) {
      await sayIn(tx, part, known, aparts);
      await addToSheaves(tx, part.part, aparts);
    }
    for (const [chain, seq] of ends)
      await tx
        .insertInto('entry_cursor')
        .values({ chain, seq })
        .onConflict((on) => on.column('chain').doUpdateSet({ seq }))
        .execute();
    return next - state.next;
  });
}

/** Entries after one of a chain, about as many as are worth `limit`: of what is read beyond it the words would be found in vain. */
async function affordable(
  db: Db,
  { chain, seq, limit }: { readonly chain: string; readonly seq: number; readonly limit: number },
  known: KnownTexts,
  room: Room,
): Promise<Pick<Page, 'entries' | 'isCut'>> {
  const least = Math.ceil(limit / wholeCost);
  const entries = await entriesFrom(db, chain, seq, least, known, room);
  const last = entries.at(-1);
  const cost = entries.reduce((sum, one) => sum + one.cost, 0);
  const more = Math.floor(((limit - cost) * entries.length) / cost);
  // Not for a few.
  if (last === undefined || entries.length < least || more < least / 2) return { entries, isCut: entries.length === least };
  const others = await entriesFrom(db, chain, last.seq, more, known, room);
  return { entries: [...entries, ...others], isCut: others.length === more };
}

interface Page {
  readonly chain: number;
  readonly name: string;
  readonly entries: readonly Entry[];
  /** Others come after them. */
  readonly isCut: boolean;
}

/** By time, each chain in its own order; up to where it is not known of one what comes next. */
function* merged(pages: readonly Page[], limit: number) {
  const left = pages.map((page) => ({ ...page, taken: 0 }));
  for (let cost = 0; cost < limit;) {
    let first: { readonly from: (typeof left)[number]; readonly entry: Entry } | undefined;
    for (const from of left) {
      const entry = from.entries[from.taken];
      if (entry !== undefined && (first === undefined || entry.at < first.entry.at)) first = { from, entry };
    }
    if (first === undefined) return;
    first.from.taken++;
    cost += first.entry.cost;
    yield { id: idOf(first.from.chain, first.entry.seq), name: first.from.name, entry: first.entry };
    if (first.from.isCut && first.from.taken === first.from.entries.length) return;
  }
}

interface Whole {
  readonly number: number;
  readonly record: number;
  readonly at: number;
  readonly peak: number;
  readonly words: string;
}

/** `part`: of SQLite. */
async function add(tx: Tx, entries: readonly Whole[], part: WordPart | undefined): Promise<void> {
  const rows = entries.map(({ number, record, at, peak }) => ({ number, record, at, peak }));
  await tx.insertInto('entry').values(rows).execute();
  const words = sql.join(entries.map((of) => sql`(${of.number}, ${of.words})`));
  if (part !== undefined) await sql`insert into ${wordTable(part.part)} (rowid, words) values ${words}`.execute(tx);
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
  const { first, last } = await span(db, dialect, filter);
  const range = { first, end: Math.min(last + 1, before ?? last + 1) };
  if (dialect === 'postgres')
    return await readAtOnce(db, async (tx) => recordsAtPlaces(tx, await among(tx, matchingOf(wanted), filter, range, limit)));
  const found: FoundRecord[] = [];
  for (const part of await partsWithin(db, range)) {
    for (let end = Math.min(range.end, part.next); found.length < limit;) {
      const asked = limit - found.length;
      const places = await inPart(db, part, wanted, filter, { first: Math.max(first, part.first), end }, asked);
      found.push(...(await readAtOnce(db, (tx) => recordsAtPlaces(tx, places))));
      const lowest = places.at(-1);
      // Where some went meanwhile others are before them.
      if (lowest === undefined || places.length < asked) break;
      end = lowest.number;
    }
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

/** Of entries that lie by themselves and of those in sheaves, the newest first. Nothing where the part is gone meanwhile. */
async function inPart(db: Db, part: WordPart, wanted: readonly Wanted[], filter: RecordFilter, range: Range, limit: number) {
  const alone = await readAtOnce(db, async (tx) =>
    (await isThere(tx, part.part)) ? await among(tx, matchingIn(part.part, wanted), filter, range, limit) : [],
  );
  const together = await findInSheaves(db, part, wanted, filter, range, limit);
  return [...alone, ...together].toSorted((a, b) => b.number - a.number).slice(0, limit);
}

async function among(
  db: Db,
  matching: Matching,
  { from = 0, until = Number.MAX_SAFE_INTEGER }: RecordFilter,
  { first, end }: Range,
  limit: number,
): Promise<readonly Place[]> {
  const { rows } = await sql<Place>`
    select entry.number, entry.record from ${matching.from}
    where ${matching.where} and ${matching.number} >= ${first} and ${matching.number} < ${end}
      and entry.at >= ${from} and entry.at < ${until}
    order by ${matching.number} desc limit ${limit}`.execute(db);
  return rows;
}

/** In their order; without those that are gone. */
async function recordsAtPlaces(db: Db, places: readonly Place[]): Promise<readonly FoundRecord[]> {
  const records = await recordsAt(
    db,
    places.map(({ record }) => record),
  );
  return places.flatMap(({ number, record: key }) => {
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
  if (wanted.length === 0) return matchingOf(wanted);
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
  dialect: DialectName,
  { from, until }: Pick<RecordFilter, 'from' | 'until'>,
): Promise<{ first: number; last: number }> {
  const { next, lag } = await db.selectFrom('entry_state').selectAll().executeTakeFirstOrThrow();
  /** Of the first entry with that peak or a later one: its number, or between which numbers it is. */
  const firstAt = async (peak: number): Promise<{ from: number; to: number }> => {
    const alone = db.selectFrom('entry').select('number').where('peak', '>=', peak).orderBy('peak').orderBy('number').limit(1);
    const number = (await alone.executeTakeFirst())?.number ?? next;
    const sheaf = dialect === 'sqlite' ? await sheafAt(db, peak) : undefined;
    return { from: Math.min(number, sheaf?.first ?? next), to: Math.min(number, sheaf?.next ?? next) };
  };
  return {
    first: from === undefined ? 0 : (await firstAt(from)).from,
    last: (until === undefined ? next : (await firstAt(until + lag)).to) - 1,
  };
}
