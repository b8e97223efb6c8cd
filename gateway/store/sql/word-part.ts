// The words of SQLite's index in parts, each a table of its own that spans some time and goes as a whole. FTS5 rewrites a table of which words are taken away again and
// again, and is at it for seconds. The rule: a part goes once none of its entries is there.
import { sql, type RawBuilder } from 'kysely';
import type { Db, Tables, Tx } from '../table.ts';

const dayMs = 86_400_000;
/** What is removed by policy leaves its words for that share of its time at most. */
const partsOfTime = 16;
/** Where records are kept for good. */
const longestDays = 60;
/** FTS5 puts together what it has in a table, which takes the longer the more that is; to drop that many takes some 20 ms. */
const entriesAtMost = 250_000;

export type WordPart = Tables['entry_part'];

/** A part is known by its first entry; the one of before there were parts by 0. */
export function wordTable(part: number): RawBuilder<unknown> {
  return sql.table(nameOf(part));
}

const nameOf = (part: number): string => (part === 0 ? 'entry_word' : `entry_word_${part}`);

/** Where the words go of entries from `first` on, of which `next` is the one after the last. `at`: the latest time up to the first of them, ms since 1970; `kept`: as the policy says. */
export async function partFor(
  tx: Tx,
  of: { readonly first: number; readonly next: number; readonly at: number; readonly kept: string | undefined },
): Promise<number> {
  const { first, next, at, kept } = of;
  const newest = await tx.selectFrom('entry_part').selectAll().orderBy('part', 'desc').limit(1).executeTakeFirst();
  const spanMs = (kept === undefined ? longestDays : Number.parseInt(kept, 10) / partsOfTime) * dayMs;
  if (newest !== undefined && at - newest.since < spanMs && first - newest.first < entriesAtMost) {
    await tx.updateTable('entry_part').set({ next }).where('part', '=', newest.part).execute();
    return newest.part;
  }
  const part = first;
  await sql`create virtual table ${wordTable(part)} using fts5 (words, content = '', detail = none, tokenize = 'ascii')`.execute(
    tx,
  );
  await tx.insertInto('entry_part').values({ part, first, next, since: at }).execute();
  return part;
}

/** Those that hold some of these entries, the newest first. */
export async function partsWithin(db: Db, range: { readonly first: number; readonly end: number }): Promise<readonly WordPart[]> {
  const parts = db.selectFrom('entry_part').selectAll().where('first', '<', range.end);
  return await parts
    .where('next', '>', Math.max(range.first, await oldest(db)))
    .orderBy('part', 'desc')
    .execute();
}

/** Takes the oldest part away, where all of its entries are gone. */
export async function removeWords(tx: Tx): Promise<void> {
  const over = await tx
    .selectFrom('entry_part')
    .select('part')
    .where('next', '<=', await oldest(tx))
    .orderBy('part')
    .limit(1)
    .executeTakeFirst();
  if (over === undefined) return;
  await sql`drop table ${wordTable(over.part)}`.execute(tx);
  await tx.deleteFrom('entry_part').where('part', '=', over.part).execute();
}

/** The number of the first entry that is there; where there is none, of the next one. */
async function oldest(db: Db): Promise<number> {
  const entry = await db.selectFrom('entry').select('number').orderBy('number').limit(1).executeTakeFirst();
  return entry?.number ?? (await db.selectFrom('entry_state').select('next').executeTakeFirstOrThrow()).next;
}
