// Alerts: one row for each subject, which opens, is counted, and closes.
import type { Selectable } from 'kysely';
import { AlertId, newId } from '#contract/id.ts';
import type { Alert, AlertStore } from '../alert.ts';
import type { Db, Tables } from '../table.ts';
import { change, changed, unchanged } from './change.ts';

const shownAtMost = 1000;

export async function alertsRead(db: Db, chain: string): Promise<number | undefined> {
  return (await db.selectFrom('alert_cursor').select('seq').where('chain', '=', chain).executeTakeFirst())?.seq;
}

export async function takeAlerts(db: Db, of: Parameters<AlertStore['takeAlerts']>[0]): Promise<void> {
  const { chain, seq, raised, settled, now } = of;
  await db.transaction().execute(async (tx) => {
    for (const { key, level, words, count, record, at } of raised) {
      const said = { level, words, record, at };
      const open = tx.updateTable('alert').where('key', '=', key).where('closed_at', 'is', null);
      const { numUpdatedRows } = await open
        .set((row) => ({ ...said, count: row('count', '+', count) }))
        .executeTakeFirstOrThrow();
      if (numUpdatedRows > 0n) continue;
      const fresh = { id: AlertId.parse(newId(now)), ...said, count, first_at: at, told_at: null, closed_at: null };
      await tx
        .insertInto('alert')
        .values({ key, ...fresh })
        .onConflict((on) => on.column('key').doUpdateSet(fresh))
        .execute();
    }
    for (const { key, upTo } of settled) {
      const over = tx.updateTable('alert').set({ closed_at: now }).where('key', '=', key).where('at', '<=', upTo);
      await over.where('closed_at', 'is', null).execute();
    }
    await tx
      .insertInto('alert_cursor')
      .values({ chain, seq })
      .onConflict((on) => on.column('chain').doUpdateSet({ seq }))
      .execute();
  });
}

export async function untold(db: Db): Promise<readonly Alert[]> {
  const rows = db.selectFrom('alert').selectAll().where('told_at', 'is', null).where('closed_at', 'is', null);
  return (await rows.orderBy('first_at').orderBy('id').limit(shownAtMost).execute()).map(alertOf);
}

export async function told(db: Db, id: AlertId, now: number): Promise<void> {
  await db.updateTable('alert').set({ told_at: now }).where('id', '=', id).execute();
}

export async function alerts(db: Db): Promise<readonly Alert[]> {
  const rows = db
    .selectFrom('alert')
    .selectAll()
    .orderBy((of) => of.case().when('closed_at', 'is', null).then(0).else(1).end());
  return (await rows.orderBy('at', 'desc').orderBy('id').limit(shownAtMost).execute()).map(alertOf);
}

export async function closeAlert(db: Db, id: AlertId, now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const open = tx.updateTable('alert').set({ closed_at: now }).where('id', '=', id).where('closed_at', 'is', null);
    return (await open.executeTakeFirstOrThrow()).numUpdatedRows > 0n ? changed(true) : unchanged(false);
  });
}

export async function newHosts(db: Db, after: number): ReturnType<AlertStore['newHosts']> {
  const rows = await db.selectFrom('host').selectAll().where('first_at', '>', after).orderBy('first_at').limit(200).execute();
  return rows.flatMap(({ id, title, first_user: user, first_gateway: gateway, first_at: at }) =>
    user === null || gateway === null || at === null ? [] : [{ id, title, user, gateway, at }],
  );
}

function alertOf({ first_at: firstAt, closed_at: closedAt, ...row }: Selectable<Tables['alert']>): Alert {
  const { id, key, level, words, count, record, at } = row;
  return { id, key, level, words, count, record, at, firstAt, closedAt };
}
