// Who tells of alerts that opened and that closed. The rule: of several gateway servers one at a time has one to tell of, and what another one has just under its hands is
// left for the next look instead of being waited for.
import type { Selectable } from 'kysely';
import { newId, RecordId, type AlertId } from '#contract/id.ts';
import type { Alert, ClosedAlert } from '../alert.ts';
import type { DialectName } from '../engine.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { parts } from './part.ts';

const claimedAtMost = 1000;

export async function claimUntold(db: Db, dialect: DialectName, now: number, until: number): Promise<readonly Alert[]> {
  return await db.transaction().execute(async (tx) => {
    const free = tx
      .selectFrom('alert')
      .select('key')
      .where('told_at', 'is', null)
      .where('closed_at', 'is', null)
      .where((is) => is.or([is('lease_until', 'is', null), is('lease_until', '<=', now)]))
      .orderBy('first_at')
      .orderBy('id')
      .limit(claimedAtMost);
    const keys = (await (dialect === 'postgres' ? free.forUpdate().skipLocked() : free).execute()).map(({ key }) => key);
    const claimed: Alert[] = [];
    for (const some of parts(keys)) {
      const of = tx.updateTable('alert').set({ lease_until: until }).where('key', 'in', some);
      claimed.push(...(await of.returningAll().execute()).map(alertOfRow));
    }
    return claimed.toSorted((a, b) => a.firstAt - b.firstAt || (a.id < b.id ? -1 : 1));
  });
}

/** `until`: as it was claimed. Its closing waits for no longer, and who claimed that since then keeps it. */
export async function told(db: Db, id: AlertId, now: number, until: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.updateTable('alert').set({ told_at: now }).where('id', '=', id).execute();
    const waiting = tx.updateTable('alert_closing').set({ lease_until: null }).where('alert_id', '=', id);
    await waiting.where('lease_until', '=', until).execute();
  });
}

/**
 * Rows that were just closed. Whoever was never told of one need not be told that it is over. Where somebody has begun to tell that it opened, that comes first: nobody tells that
 * it closed until they have, or their time is over.
 */
export async function noteClosed(tx: Tx, rows: readonly Selectable<Tables['alert']>[], now: number): Promise<void> {
  const closed = rows
    .filter(({ told_at, lease_until }) => told_at !== null || lease_until !== null)
    .map(({ id: alert_id, key, level, words, record, told_at, lease_until }) => {
      const id = RecordId.parse(newId(now));
      return { id, alert_id, key, level, words, record, lease_until: told_at === null ? lease_until : null };
    });
  for (const some of parts(closed))
    await tx
      .insertInto('alert_closing')
      .values(some.map((row) => ({ ...row, closed_at: now })))
      .execute();
}

export async function claimClosed(db: Db, dialect: DialectName, now: number, until: number): Promise<readonly ClosedAlert[]> {
  return await db.transaction().execute(async (tx) => {
    const free = tx
      .selectFrom('alert_closing')
      .select('id')
      .where((is) => is.or([is('lease_until', 'is', null), is('lease_until', '<=', now)]))
      .orderBy('id')
      .limit(claimedAtMost);
    const ids = (await (dialect === 'postgres' ? free.forUpdate().skipLocked() : free).execute()).map(({ id }) => id);
    const claimed: ClosedAlert[] = [];
    for (const some of parts(ids)) {
      const of = tx.updateTable('alert_closing').set({ lease_until: until }).where('id', 'in', some);
      for (const { id: telling, alert_id: id, key, level, words, record, closed_at: closedAt } of await of
        .returningAll()
        .execute())
        claimed.push({ telling, id, key, level, words, record, closedAt });
    }
    return claimed.toSorted((a, b) => (a.telling < b.telling ? -1 : 1));
  });
}

export async function toldClosed(db: Db, telling: RecordId): Promise<void> {
  await db.deleteFrom('alert_closing').where('id', '=', telling).execute();
}

export function alertOfRow({ first_at: firstAt, closed_at: closedAt, ...row }: Selectable<Tables['alert']>): Alert {
  const { id, key, level, words, count, record, at } = row;
  return { id, key, level, words, count, record, at, firstAt, closedAt };
}
