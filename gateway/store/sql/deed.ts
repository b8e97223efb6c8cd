// Deeds between the transaction of their change and the audit chain. The rule: a deed is forgotten only once it is on record, so whatever ends in between
// leaves it here, and its id tells whether it is on record already.
import { sql } from 'kysely';
import { DeedRecord } from '#contract/audit.ts';
import type { RecordId } from '#contract/id.ts';
import type { Db } from '../table.ts';
import { change, changed } from './change.ts';
import { idOf, numberOf } from './place.ts';
import { chains } from './record.ts';

const lookBackRecords = 20_000;

export async function takeDeeds(
  db: Db,
  now: number,
  until: number,
  limit: number,
): Promise<readonly { readonly deed: DeedRecord; readonly again: boolean }[]> {
  // Asked at every change of the database: where there are none, nobody has to wait for the lock.
  if ((await db.selectFrom('deed').select('id').limit(1).executeTakeFirst()) === undefined) return [];
  return await db.transaction().execute(async (tx) => {
    // Takes the row's lock, so that two gateway servers don't take the same ones.
    await tx
      .updateTable('state')
      .set((row) => ({ revision: row.ref('revision') }))
      .execute();
    const rows = await tx
      .selectFrom('deed')
      .selectAll()
      .where((is) => is.or([is('lease_until', 'is', null), is('lease_until', '<=', now)]))
      .orderBy('id')
      .limit(limit)
      .execute();
    const ids = rows.map(({ id }) => id);
    if (ids.length > 0) await tx.updateTable('deed').set({ lease_until: until }).where('id', 'in', ids).execute();
    return rows.map(({ body, lease_until }) => ({ deed: DeedRecord.parse(JSON.parse(body)), again: lease_until !== null }));
  });
}

export async function deedsOnRecord(db: Db, ids: readonly RecordId[]): Promise<ReadonlySet<RecordId>> {
  const found = new Set<RecordId>();
  for (const chain of await chains(db)) {
    const number = await numberOf(db, chain);
    if (number === undefined || ids.length === 0) continue;
    const { last } = await db
      .selectFrom('record')
      .select(sql<number | null>`max(id)`.as('last'))
      .where('id', '<', idOf(number + 1, 0))
      .executeTakeFirstOrThrow();
    const rows = await db
      .selectFrom('record')
      .select('body')
      .where('id', '>', Math.max(idOf(number, 0), Number(last ?? 0) - lookBackRecords))
      .where('id', '<', idOf(number + 1, 0))
      .where('body', 'like', '%"kind":"deed"%')
      .execute();
    for (const { body } of rows) {
      const parsed = DeedRecord.safeParse(JSON.parse(body));
      if (parsed.success && ids.includes(parsed.data.id)) found.add(parsed.data.id);
    }
  }
  return found;
}

export async function releaseDeeds(db: Db, ids: readonly RecordId[]): Promise<void> {
  if (ids.length > 0) await db.updateTable('deed').set({ lease_until: 0 }).where('id', 'in', ids).execute();
}

export async function forgetDeeds(db: Db, ids: readonly RecordId[]): Promise<void> {
  if (ids.length > 0) await db.deleteFrom('deed').where('id', 'in', ids).execute();
}

export async function noteDeed(db: Db): Promise<void> {
  await change(db, () => Promise.resolve(changed(undefined, 'beside')));
}

export async function deedsWaiting(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('deed')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}
