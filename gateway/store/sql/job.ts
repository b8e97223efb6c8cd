// At which gateway server a job runs, an export or a verification: what it made lies there, and there alone.
import type { SearchStore } from '../search.ts';
import type { Db } from '../table.ts';

export async function jobBegun(db: Db, of: Parameters<SearchStore['jobBegun']>[0], now: number): Promise<void> {
  const { id, chain, expiresAt: expires_at } = of;
  await db.deleteFrom('export_job').where('expires_at', '<=', now).execute();
  await db.insertInto('export_job').values({ id, chain, expires_at }).execute();
}

export async function jobAt(db: Db, id: string, now: number): Promise<string | undefined> {
  const found = db.selectFrom('export_job').select('chain').where('id', '=', id).where('expires_at', '>', now);
  return (await found.executeTakeFirst())?.chain;
}

export async function jobsGone(db: Db, chain: string, id: string | undefined): Promise<void> {
  const gone = db.deleteFrom('export_job').where('chain', '=', chain);
  await (id === undefined ? gone : gone.where('id', '=', id)).execute();
}
