// Reading the audit records: by chain in order, and the newest over all chains. Writing them is the engine's (engine.ts).
import type { ChainedRecord, Seal } from '../store.ts';
import type { Db } from '../table.ts';
import { readAtOnce } from './change.ts';

export async function chainHead(db: Db, chain: string): Promise<{ record: ChainedRecord; seal: Seal } | undefined> {
  return await readAtOnce(db, async (tx) => {
    const record = await tx
      .selectFrom('record')
      .selectAll()
      .where('chain', '=', chain)
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    const seal = await tx
      .selectFrom('seal')
      .selectAll()
      .where('chain', '=', chain)
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    return record === undefined || seal === undefined ? undefined : { record, seal };
  });
}

/** Hops from chain to chain by the key, because counting distinct names would read every record. A chain of which only seals are left counts too. */
export async function chains(db: Db): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const table of ['record', 'seal'] as const) {
    for (let last = ''; ;) {
      const next = await db
        .selectFrom(table)
        .select('chain')
        .where('chain', '>', last)
        .orderBy('chain')
        .limit(1)
        .executeTakeFirst();
      if (next === undefined) break;
      last = next.chain;
      names.add(last);
    }
  }
  return [...names].toSorted();
}

export async function recordsAfter(db: Db, chain: string, seq: number, limit: number): Promise<readonly ChainedRecord[]> {
  return await db
    .selectFrom('record')
    .selectAll()
    .where('chain', '=', chain)
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(limit)
    .execute();
}

export async function sealsAfter(db: Db, chain: string, seq: number, limit: number): Promise<readonly Seal[]> {
  return await db
    .selectFrom('seal')
    .selectAll()
    .where('chain', '=', chain)
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(limit)
    .execute();
}

export async function newestRecords(db: Db, limit: number): Promise<readonly ChainedRecord[]> {
  const newest: ChainedRecord[] = [];
  for (const chain of await chains(db))
    newest.push(
      ...(await db.selectFrom('record').selectAll().where('chain', '=', chain).orderBy('seq', 'desc').limit(limit).execute()),
    );
  return newest.toSorted((a, b) => b.at - a.at || b.seq - a.seq).slice(0, limit);
}
