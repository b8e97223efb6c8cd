// At which gateway server an export runs: its file lies there, and there alone.
import type { SearchStore } from '../search.ts';
import type { Db } from '../table.ts';

export async function exportBegun(db: Db, of: Parameters<SearchStore['exportBegun']>[0], now: number): Promise<void> {
  const { id, chain, expiresAt: expires_at } = of;
  await db.deleteFrom('export_job').where('expires_at', '<=', now).execute();
  await db.insertInto('export_job').values({ id, chain, expires_at }).execute();
}

export async function exportAt(db: Db, id: string): Promise<string | undefined> {
  return (await db.selectFrom('export_job').select('chain').where('id', '=', id).executeTakeFirst())?.chain;
}

export async function exportsGone(db: Db, chain: string, id: string | undefined): Promise<void> {
  const gone = db.deleteFrom('export_job').where('chain', '=', chain);
  await (id === undefined ? gone : gone.where('id', '=', id)).execute();
}
