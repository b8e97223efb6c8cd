// The words of SQLite's index in parts, each with tables of its own (of the words of whole records, and of those of texts that records share), which spans some time and
// goes as a whole. FTS5 rewrites a table of which words are taken away again and again, and is at it for seconds. The rule: a part goes once none of its entries is there.
import { sql, type RawBuilder, type Selectable } from 'kysely';
import type { Db, Tables, Tx } from '../table.ts';
import { firstOfSheaves } from './sheaf.ts';

const dayMs = 86_400_000;
/** What is removed by policy leaves its words for that share of its time at most. */
const partsOfTime = 16;
/** Where records are kept for good. */
const longestDays = 60;
/** FTS5 puts together what it has in a table, which takes the longer the more that is; to drop that many takes some 20 ms. */
const entriesAtMost = 250_000;

export type WordPart = Selectable<Tables['entry_part']>;

/** A part is known by its first entry; the one of before there were parts by 0. */
export function wordTable(part: number): RawBuilder<unknown> {
  return sql.table(nameOf(part));
}

/** Of texts, by their keys. */
export function saidTable(part: number): RawBuilder<unknown> {
  return sql.table(`entry_said_${part}`);
}

const nameOf = (part: number): string => (part === 0 ? 'entry_word' : `entry_word_${part}`);

/** Where the words go of entries from `first` on, of which `next` is the one after the last. `at`: the latest time up to the first of them, ms since 1970; `kept`: as the policy says. */
export async function partFor(
  tx: Tx,
  of: { readonly first: number; readonly next: number; readonly at: number; readonly kept: string | undefined },
): Promise<WordPart> {
  const { first, next, at, kept } = of;
  const newest = await newestPart(tx);
  const spanMs = (kept === undefined ? longestDays : Number.parseInt(kept, 10) / partsOfTime) * dayMs;
  if (newest !== undefined && at - newest.since < spanMs && first - newest.first < entriesAtMost) {
    await tx.updateTable('entry_part').set({ next }).where('part', '=', newest.part).execute();
    return newest;
  }
  const part = { part: first, first, next, since: at, said: 0 };
  await make(tx, wordTable(first));
  await tx.insertInto('entry_part').values(part).execute();
  return part;
}

export async function newestPart(db: Db): Promise<WordPart | undefined> {
  return await db.selectFrom('entry_part').selectAll().orderBy('part', 'desc').limit(1).executeTakeFirst();
}

/** Makes the one of a part's texts, where there is none. */
export async function tableForTexts(tx: Tx, { part, said }: WordPart): Promise<void> {
  if (said === 1) return;
  await make(tx, saidTable(part));
  await tx.updateTable('entry_part').set({ said: 1 }).where('part', '=', part).execute();
}

async function make(tx: Tx, table: RawBuilder<unknown>): Promise<void> {
  await sql`create virtual table ${table} using fts5 (words, content = '', columnsize = 0, detail = none, tokenize = 'ascii')`.execute(
    tx,
  );
}

/** Those that hold some of these entries, the newest first. */
export async function partsWithin(db: Db, range: { readonly first: number; readonly end: number }): Promise<readonly WordPart[]> {
  const parts = db.selectFrom('entry_part').selectAll().where('first', '<', range.end);
  return await parts
    .where('next', '>', Math.max(range.first, await oldest(db)))
    .orderBy('part', 'desc')
    .execute();
}

export async function isThere(db: Db, part: number): Promise<boolean> {
  return (await db.selectFrom('entry_part').select('part').where('part', '=', part).executeTakeFirst()) !== undefined;
}

/** Takes the oldest part away, where all of its entries are gone. */
export async function removeWords(tx: Tx): Promise<void> {
  const over = await tx
    .selectFrom('entry_part')
    .select(['part', 'said'])
    .where('next', '<=', await oldest(tx))
    .orderBy('part')
    .limit(1)
    .executeTakeFirst();
  if (over === undefined) return;
  await sql`drop table ${wordTable(over.part)}`.execute(tx);
  if (over.said === 1) await sql`drop table ${saidTable(over.part)}`.execute(tx);
  await tx.deleteFrom('entry_text').where('part', '=', over.part).execute();
  await tx.deleteFrom('entry_part').where('part', '=', over.part).execute();
}

/** The number of the first entry that is there; where there is none, of the next one. */
async function oldest(db: Db): Promise<number> {
  const entry = await db.selectFrom('entry').select('number').orderBy('number').limit(1).executeTakeFirst();
  const first = Math.min(entry?.number ?? Infinity, (await firstOfSheaves(db)) ?? Infinity);
  return Number.isFinite(first) ? first : (await db.selectFrom('entry_state').select('next').executeTakeFirstOrThrow()).next;
}
