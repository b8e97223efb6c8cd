// Alerts: one row for each subject, which opens, is counted, and closes.
import { sql, type SqlBool } from 'kysely';
import { AlertId, newId, WorkstationId } from '#contract/id.ts';
import { PostureSummary } from '#contract/posture-summary.ts';
import type { Alert, AlertStore, ChangedPosture, LookedAt, NewHost, Raised, Settled } from '../alert.ts';
import type { DialectName, Engine } from '../engine.ts';
import { guarded } from '../failure.ts';
import type { Db, Tx } from '../table.ts';
import { alertOfRow, claimClosed, claimUntold, noteClosed, told, toldClosed } from './alert-telling.ts';
import { change, changed, readAtOnce, unchanged } from './change.ts';
import { parts } from './part.ts';
import { latestFrom, unsealed } from './run.ts';

const shownAtMost = 1000;

export function alertOf({ db, dialect }: Pick<Engine, 'db' | 'dialect'>): AlertStore {
  return {
    alertsRead: guarded((chain) => alertsRead(db, chain)),
    toLookAt: guarded((chain, seq, limit) => toLookAt(db, chain, seq, limit)),
    takeAlerts: guarded((of) => takeAlerts(db, of)),
    settleAlerts: guarded((settled, now) => settleAlerts(db, settled, now)),
    openAlerts: guarded((prefix) => openAlerts(db, prefix)),
    claimUntold: guarded((now, until) => claimUntold(db, dialect, now, until)),
    told: guarded((id, now, until) => told(db, id, now, until)),
    claimClosed: guarded((now, until) => claimClosed(db, dialect, now, until)),
    toldClosed: guarded((telling) => toldClosed(db, telling)),
    alerts: guarded(() => alerts(db)),
    closeAlert: guarded((id, now) => closeAlert(db, id, now)),
    newHosts: guarded(() => newHosts(db)),
    changedPostures: guarded(() => changedPostures(db)),
    lookedAt: guarded((what, looked, now) => lookedAt(db, what, looked, now)),
    settleDevices: guarded((since, now) => settleDevices(db, dialect, since, now)),
  };
}

async function alertsRead(db: Db, chain: string): Promise<number | undefined> {
  return (await db.selectFrom('alert_cursor').select('seq').where('chain', '=', chain).executeTakeFirst())?.seq;
}

async function toLookAt(db: Db, chain: string, seq: number, limit: number) {
  const found = await readAtOnce(db, async (tx) => await latestFrom(tx, chain, seq, limit));
  const records = found.flatMap(({ record }) => record ?? []).map(unsealed);
  return { records, upTo: found.at(-1)?.seq ?? seq };
}

async function takeAlerts(db: Db, of: Parameters<AlertStore['takeAlerts']>[0]): Promise<void> {
  const { chain, seq, raised, settled, now } = of;
  // In the order of their keys, as everybody takes them: two that wait for each other would both be undone.
  const inOrder = [...raised, ...settled].toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  await db.transaction().execute(async (tx) => {
    for (const one of inOrder) await ('upTo' in one ? settle(tx, one, now) : raise(tx, one, now));
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

async function settle(tx: Tx, { key, upTo }: Settled, now: number): Promise<number> {
  const over = tx.updateTable('alert').set({ closed_at: now }).where('key', '=', key).where('at', '<=', upTo);
  const closed = await over.where('closed_at', 'is', null).returningAll().execute();
  await noteClosed(tx, closed, now);
  return closed.length;
}

async function settleAlerts(db: Db, settled: readonly Settled[], now: number): Promise<number> {
  let closed = 0;
  for (const one of settled) closed += await db.transaction().execute((tx) => settle(tx, one, now));
  return closed;
}

async function openAlerts(db: Db, prefix: string): Promise<readonly Pick<Alert, 'key' | 'at'>[]> {
  const open = db.selectFrom('alert').select(['key', 'at']).where('closed_at', 'is', null);
  return await open.where((is) => is(is.fn('substr', ['key', is.lit(1), is.lit(prefix.length)]), '=', prefix)).execute();
}

async function alerts(db: Db): Promise<readonly Alert[]> {
  const rows = db
    .selectFrom('alert')
    .selectAll()
    .orderBy((of) => of.case().when('closed_at', 'is', null).then(0).else(1).end());
  return (await rows.orderBy('at', 'desc').orderBy('id').limit(shownAtMost).execute()).map(alertOfRow);
}

async function closeAlert(db: Db, id: AlertId, now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const open = tx.updateTable('alert').set({ closed_at: now }).where('id', '=', id).where('closed_at', 'is', null);
    const closed = await open.returningAll().execute();
    await noteClosed(tx, closed, now);
    return closed.length > 0 ? changed(true, 'beside') : unchanged(false);
  });
}

async function newHosts(db: Db): Promise<readonly NewHost[]> {
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

async function changedPostures(db: Db): Promise<readonly ChangedPosture[]> {
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

async function lookedAt(db: Db, what: 'host' | 'posture', looked: readonly LookedAt[], now: number): Promise<void> {
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

async function settleDevices(db: Db, dialect: DialectName, since: number, now: number): Promise<number> {
  return await db.transaction().execute(async (tx) => {
    const of = tx.selectFrom('alert').select('key').where('closed_at', 'is', null).where(deviceKey);
    const over = of.where(({ or, and, not, exists, selectFrom }) =>
      or([
        and([
          sql<SqlBool>`substr(alert.key, 44) = ':posture'`,
          exists(
            selectFrom('workstation_posture')
              .select('workstation_id')
              .where('workstation_id', '=', deviceOfKey)
              .where('off_policy', '=', 0)
              .where('changed_at', '<=', since),
          ),
        ]),
        not(exists(selectFrom('workstation').select('id').where('id', '=', deviceOfKey).where('revoked_at', 'is', null))),
      ]),
    );
    // One that is being raised at this moment is looked at again the next time.
    const keys = (await (dialect === 'postgres' ? over.forUpdate().skipLocked() : over).execute()).map(({ key }) => key);
    for (const some of parts(keys)) {
      const closed = tx.updateTable('alert').set({ closed_at: now }).where('key', 'in', some);
      await noteClosed(tx, await closed.returningAll().execute(), now);
    }
    return keys.length;
  });
}

const deviceKey = sql<SqlBool>`substr(alert.key, 1, 7) = 'device:'`;
/** The id in `device:<workstation>:…`. */
const deviceOfKey = sql<WorkstationId>`substr(alert.key, 8, 36)`;
