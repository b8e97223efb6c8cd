// Requests that are to be done once, by the key of who asked. The rule: one caller begins, whoever comes meanwhile or within a day finds that; and whether something was
// changed by it is written by whatever changes it (change.ts).
import type { Db } from '../table.ts';
import type { AdministrationStore } from '../administration.ts';

const keptMs = 86_400_000;

export async function beginOnce(
  db: Db,
  ...[key, request, now]: Parameters<AdministrationStore['beginOnce']>
): ReturnType<AdministrationStore['beginOnce']> {
  return await db.transaction().execute(async (tx) => {
    await tx
      .deleteFrom('idempotency')
      .where('at', '<=', now - keptMs)
      .execute();
    const added = await tx
      .insertInto('idempotency')
      .values({ key, request, answer: null, at: now, done: 0 })
      .onConflict((on) => on.column('key').doNothing())
      .executeTakeFirstOrThrow();
    if ((added.numInsertedOrUpdatedRows ?? 0n) > 0n) return 'begun';
    const row = await tx.selectFrom('idempotency').selectAll().where('key', '=', key).executeTakeFirstOrThrow();
    return { request: row.request, answer: row.answer, at: row.at, isDone: row.done === 1 };
  });
}

export async function endOnce(db: Db, key: string, answer: string): Promise<void> {
  await db.updateTable('idempotency').set({ answer }).where('key', '=', key).execute();
}

export async function forgetOnce(db: Db, key: string): Promise<void> {
  await db.deleteFrom('idempotency').where('key', '=', key).where('done', '=', 0).execute();
}

export async function retakeOnce(db: Db, key: string, at: number, now: number): Promise<boolean> {
  const same = db.updateTable('idempotency').set({ at: now }).where('key', '=', key).where('at', '=', at);
  const { numUpdatedRows } = await same.where('done', '=', 0).where('answer', 'is', null).executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}
