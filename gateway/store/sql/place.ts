// Where a record stands: its key is made of the number of its chain and its own number in it, so that records are only ever added at the end of one tree.
// The rule: a chain has its number for good, from its first record on.
import type { Db } from '../table.ts';

/** Records that a chain may have: at 10,000 a second it lasts for three years, and 8,000 chains fit into a number of JavaScript's. */
const recordLimit = 2 ** 40;

/** The key of a chain's record. Number 0 is before the first. */
export function idOf(chain: number, seq: number): number {
  return chain * recordLimit + seq;
}

export function seqOf(id: number): number {
  return id % recordLimit;
}

/** The number of a record's chain. */
export function chainNumberOf(id: number): number {
  return Math.floor(id / recordLimit);
}

/** A chain's number; undefined where it has no records yet. */
export async function numberOf(db: Db, chain: string): Promise<number | undefined> {
  const found = await db.selectFrom('chain').select('number').where('name', '=', chain).executeTakeFirst();
  return found?.number;
}
