// Alerts: one row for each subject, which opens, is counted, and closes.
import { sql, type Selectable, type SqlBool } from 'kysely';
import { AlertId, newId, WorkstationId } from '#contract/id.ts';
import { PostureSummary } from '#contract/posture-summary.ts';
import type { Alert, AlertStore, ChangedPosture, LookedAt, NewHost, Raised, Settled } from '../alert.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { change, changed, unchanged } from './change.ts';

const shownAtMost = 1000;

export async function alertsRead(db: Db, chain: string): Promise<number | undefined> {
  return (await db.selectFrom('alert_cursor').select('seq').where('chain', '=', chain).executeTakeFirst())?.seq;
}

export async function takeAlerts(db: Db, of: Parameters<AlertStore['takeAlerts']>[0]): Promise<void> {
  const { chain, seq, raised, settled, now } = of;
  await db.transaction().execute(async (tx) => {
    for (const one of raised) await raise(tx, one, now);
    for (const one of settled) await settle(tx, one, now);
    await tx
      .insertInto('alert_cursor')
      .values({ chain, seq })
      .onConflict((on) => on.column('chain').doUpdateSet({ seq }))
      .execute();
  });
}

async function raise(tx: Tx, { key, level, words, count, record, at }: Raised, now: number): Promise<void> {
  const said = { level, words, record, at };
  const open = tx.updateTable('alert').where('key', '=', key).where('closed_at', 'is', null);
  const { numUpdatedRows } = await open.set((row) => ({ ...said, count: row('count', '+', count) })).executeTakeFirstOrThrow();
  if (numUpdatedRows > 0n) return;
  const untoldYet = { told_at: null, lease_until: null, closed_at: null };
  const fresh = { id: AlertId.parse(newId(now)), ...said, count, first_at: at, ...untoldYet };
  await tx
    .insertInto('alert')
    .values({ key, ...fresh })
    .onConflict((on) => on.column('key').doUpdateSet(fresh))
    .execute();
}

async function settle(tx: Db, { key, upTo }: Settled, now: number): Promise<number> {
  const over = tx.updateTable('alert').set({ closed_at: now }).where('key', '=', key).where('at', '<=', upTo);
  return Number((await over.where('closed_at', 'is', null).executeTakeFirstOrThrow()).numUpdatedRows);
}

export async function settleAlerts(db: Db, settled: readonly Settled[], now: number): Promise<number> {
  let closed = 0;
  for (const one of settled) closed += await settle(db, one, now);
  return closed;
}

export async function openAlerts(db: Db, prefix: string): Promise<readonly Pick<Alert, 'key' | 'at'>[]> {
  const open = db.selectFrom('alert').select(['key', 'at']).where('closed_at', 'is', null);
  return await open.where((is) => is(is.fn('substr', ['key', is.lit(1), is.lit(prefix.length)]), '=', prefix)).execute();
}

export async function claimUntold(db: Db, now: number, until: number): Promise<readonly Alert[]> {
  const free = db
    .selectFrom('alert')
    .select('key')
    .where('told_at', 'is', null)
    .where('closed_at', 'is', null)
    .where((is) => is.or([is('lease_until', 'is', null), is('lease_until', '<=', now)]))
    .orderBy('first_at')
    .orderBy('id')
    .limit(shownAtMost);
  // Asked again of the row itself: another gateway server may have claimed it meanwhile.
  const claimed = await db
    .updateTable('alert')
    .set({ lease_until: until })
    .where('key', 'in', free)
    .where('told_at', 'is', null)
    .where((is) => is.or([is('lease_until', 'is', null), is('lease_until', '<=', now)]))
    .returningAll()
    .execute();
  return claimed.map(alertOf).toSorted((a, b) => a.firstAt - b.firstAt || (a.id < b.id ? -1 : 1));
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
    return (await open.executeTakeFirstOrThrow()).numUpdatedRows > 0n ? changed(true, 'beside') : unchanged(false);
  });
}

export async function newHosts(db: Db): Promise<readonly NewHost[]> {
  const rows = await db
    .selectFrom('host')
    .selectAll()
    .where('looked', '=', 0)
    .where('first_at', 'is not', null)
    .limit(200)
    .execute();
  return rows.flatMap(({ id, title, first_user: user, first_gateway: gateway, first_at: at }) =>
    user === null || gateway === null || at === null ? [] : [{ id, title, user, gateway, at }],
  );
}

export async function changedPostures(db: Db): Promise<readonly ChangedPosture[]> {
  const rows = await db
    .selectFrom('workstation_posture')
    .innerJoin('workstation', 'workstation.id', 'workstation_posture.workstation_id')
    .select(['workstation_id', 'body', 'changed_at', 'hostname', 'user_slug'])
    .where('looked', '=', 0)
    .limit(200)
    .execute();
  return rows.map(({ workstation_id, body, changed_at, hostname, user_slug }) => {
    const posture = PostureSummary.parse(JSON.parse(body));
    return { workstation: workstation_id, hostname, user: user_slug, posture, at: changed_at };
  });
}

export async function lookedAt(db: Db, what: 'host' | 'posture', looked: readonly LookedAt[], now: number): Promise<void> {
  if (looked.length === 0) return;
  await db.transaction().execute(async (tx) => {
    for (const { id, at, raised } of looked.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      const { numUpdatedRows } =
        what === 'host'
          ? await tx.updateTable('host').set({ looked: 1 }).where('id', '=', id).where('looked', '=', 0).executeTakeFirstOrThrow()
          : await tx
              .updateTable('workstation_posture')
              .set({ looked: 1 })
              .where('workstation_id', '=', WorkstationId.parse(id))
              .where('changed_at', '=', at)
              .where('looked', '=', 0)
              .executeTakeFirstOrThrow();
      if (numUpdatedRows > 0n && raised) await raise(tx, raised, now);
    }
  });
}

export async function settleDevices(db: Db, since: number, now: number): Promise<number> {
  const open = (of: string) => sql<SqlBool>`closed_at is null and substr(alert.key, 1, 7) = 'device:' and ${sql.raw(of)}`;
  const whole = db
    .updateTable('alert')
    .set({ closed_at: now })
    .where(open(`substr(alert.key, 44) = ':posture'`))
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('workstation_posture')
          .select('workstation_id')
          .where('workstation_id', '=', deviceOfKey)
          .where('off_policy', '=', 0)
          .where('changed_at', '<=', since),
      ),
    );
  const gone = db
    .updateTable('alert')
    .set({ closed_at: now })
    .where(open('1 = 1'))
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('workstation').select('id').where('id', '=', deviceOfKey).where('revoked_at', 'is', null))),
    );
  const [first, second] = [await whole.executeTakeFirstOrThrow(), await gone.executeTakeFirstOrThrow()];
  return Number(first.numUpdatedRows + second.numUpdatedRows);
}

/** The id in `device:<workstation>:…`. */
const deviceOfKey = sql<WorkstationId>`substr(alert.key, 8, 36)`;

function alertOf({ first_at: firstAt, closed_at: closedAt, ...row }: Selectable<Tables['alert']>): Alert {
  const { id, key, level, words, count, record, at } = row;
  return { id, key, level, words, count, record, at, firstAt, closedAt };
}
