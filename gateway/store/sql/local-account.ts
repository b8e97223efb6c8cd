// Accounts of the gateway server's own. The one rule: an attempt is counted before it is looked at, so that many at once are no way around the bound.
import type { LocalAccount } from '../sign-in.ts';
import type { Db } from '../table.ts';

const failuresAtMost = 5;
const lockMs = 900_000;

export async function putAccount(db: Db, account: LocalAccount): Promise<void> {
  const { email, password, totp, createdAt } = account;
  const row = { email, password, totp, last_step: 0, failures: 0, locked_until: 0, created_at: createdAt };
  await db
    .insertInto('local_account')
    .values(row)
    .onConflict((on) => on.column('email').doUpdateSet(row))
    .execute();
}

export async function accounts(db: Db): Promise<readonly LocalAccount[]> {
  const rows = await db.selectFrom('local_account').selectAll().orderBy('email').execute();
  return rows.map(({ email, password, totp, created_at }) => ({ email, password, totp, createdAt: created_at }));
}

export async function beginAttempt(db: Db, email: string, now: number): Promise<LocalAccount | 'locked' | undefined> {
  // In one statement: the attempt that reaches the bound is the last one, also of many at once.
  const counted = await db
    .updateTable('local_account')
    .set((row) => {
      const isLast = row('failures', '>=', failuresAtMost - 1);
      return {
        failures: row
          .case()
          .when(isLast)
          .then(0)
          .else(row('failures', '+', 1))
          .end(),
        locked_until: row
          .case()
          .when(isLast)
          .then(now + lockMs)
          .else(row.ref('locked_until'))
          .end(),
      };
    })
    .where('email', '=', email)
    .where('locked_until', '<=', now)
    .returningAll()
    .executeTakeFirst();
  if (counted === undefined) {
    const known = await db.selectFrom('local_account').select('email').where('email', '=', email).executeTakeFirst();
    return known === undefined ? undefined : 'locked';
  }
  return { email, password: counted.password, totp: counted.totp, createdAt: counted.created_at };
}

export async function passAttempt(db: Db, email: string, step: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('local_account')
    .set({ last_step: step, failures: 0, locked_until: 0 })
    .where('email', '=', email)
    .where('last_step', '<', step)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export async function removeAccount(db: Db, email: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('local_account').where('email', '=', email).executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}
