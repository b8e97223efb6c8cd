// Requests that are to be done once, by the key of who asked. The rule: one caller begins, whoever comes meanwhile or within a day finds that.
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
      .values({ key, request, answer: null, at: now })
      .onConflict((on) => on.column('key').doNothing())
      .executeTakeFirstOrThrow();
    if ((added.numInsertedOrUpdatedRows ?? 0n) > 0n) return 'begun';
    return await tx
      .selectFrom('idempotency')
      .select(['request', 'answer', 'at'])
      .where('key', '=', key)
      .executeTakeFirstOrThrow();
  });
}

export async function endOnce(db: Db, key: string, answer: string): Promise<void> {
  await db.updateTable('idempotency').set({ answer }).where('key', '=', key).execute();
}

export async function forgetOnce(db: Db, key: string): Promise<void> {
  await db.deleteFrom('idempotency').where('key', '=', key).execute();
}
