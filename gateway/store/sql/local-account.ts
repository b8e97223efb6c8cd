// Accounts of the gateway server's own. The one rule: an attempt is counted before it is looked at, so that many at once are no way around the bound. Whoever does
// not know the password is counted by where they come from, so that they keep nobody else out.
import { sql } from 'kysely';
import type { LocalAccount } from '../sign-in.ts';
import type { Db, Tx } from '../table.ts';
import { change, changed, unchanged } from './change.ts';
import { endSessions } from './hold.ts';

const failuresAtMost = 5;
const lockMs = 900_000;
/**
 * Codes that did not pass, one after the other (NIST SP 800-63B, 5.2.2). No clock has a say in it: two gateway servers whose clocks differ by more than a lock lasts
 * each take the other's for one that is over.
 */
const codesAtMost = 100;
/** How often somebody tried from one network; it expires by itself, as all that a sign-in has under way. */
const attemptModel = 'Attempt';

/** What would last longer was begun by a clock that was ahead, and counts no more. Twice as long, for gateway servers whose clocks differ a little. */
const lastingMs = 2 * lockMs;

export async function putAccount(db: Db, account: LocalAccount): Promise<void> {
  const { email, password, totp, createdAt } = account;
  const row = { email, password, totp, last_step: 0, failures: 0, locked_until: 0, created_at: createdAt };
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto('local_account')
      .values(row)
      .onConflict((on) => on.column('email').doUpdateSet(row))
      .execute();
    await tx.deleteFrom('sign_in_item').where('model', '=', attemptModel).execute();
    await signOut(tx, email);
  });
}

/** Whoever has lost the password, or had it stolen, is signed in nowhere by it. */
async function signOut(tx: Tx, email: string): Promise<void> {
  const people = await tx
    .selectFrom('user')
    .select('id')
    .where(sql`lower("user".email)`, '=', email)
    .execute();
  for (const { id } of people) await endSessions(tx, id);
}

export async function accounts(db: Db): Promise<readonly LocalAccount[]> {
  const rows = await db.selectFrom('local_account').selectAll().orderBy('email').execute();
  return rows.map(({ email, password, totp, created_at }) => ({ email, password, totp, createdAt: created_at }));
}

export async function beginAttempt(db: Db, network: string, now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const found = await tx
      .selectFrom('sign_in_item')
      .select(['body', 'expires_at'])
      .where('model', '=', attemptModel)
      .where('key', '=', network)
      .executeTakeFirst();
    const before = found && found.expires_at > now && found.expires_at <= now + lastingMs ? Number(found.body) : 0;
    if (before >= failuresAtMost) return unchanged(false);
    const none = { family: null, uid: null, connection_id: null, consumed_at: null };
    const row = { ...none, model: attemptModel, key: network, body: String(before + 1), expires_at: now + lockMs };
    await tx
      .insertInto('sign_in_item')
      .values(row)
      .onConflict((on) => on.columns(['model', 'key']).doUpdateSet(row))
      .execute();
    return unchanged(true);
  });
}

export async function beginCode(db: Db, email: string, now: number): Promise<boolean> {
  // In one statement: the code that reaches the bound is the last one, also of many at once.
  const { numUpdatedRows } = await db
    .updateTable('local_account')
    .set((row) => {
      return {
        failures: row('failures', '+', 1),
        locked_until: row
          .case()
          .when(row(row('failures', '%', failuresAtMost), '=', failuresAtMost - 1))
          .then(now + lockMs)
          .else(row.ref('locked_until'))
          .end(),
      };
    })
    .where('email', '=', email)
    .where('failures', '<', codesAtMost)
    .where((is) => is.or([is('locked_until', '<=', now), is('locked_until', '>', now + lastingMs)]))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export async function passAttempt(db: Db, email: string, step: number, network: string): Promise<boolean> {
  return await db.transaction().execute(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('local_account')
      .set({ last_step: step, failures: 0, locked_until: 0 })
      .where('email', '=', email)
      .where('last_step', '<', step)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return false;
    await tx.deleteFrom('sign_in_item').where('model', '=', attemptModel).where('key', '=', network).execute();
    return true;
  });
}

export async function removeAccount(db: Db, email: string): Promise<boolean> {
  return await change(db, async (tx) => {
    const { numDeletedRows } = await tx.deleteFrom('local_account').where('email', '=', email).executeTakeFirstOrThrow();
    if (numDeletedRows > 0n) await signOut(tx, email);
    return numDeletedRows > 0n ? changed(true, 'beside') : unchanged(false);
  });
}
