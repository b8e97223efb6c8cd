// Who counts as not there. The rule: a user is held by their id, and as whoever has the address that was held, so that another name in the policy changes nothing.
import type { UserId } from '#contract/id.ts';
import type { Db } from '../table.ts';

/** Whether a user is held: by their id, or as whoever has that address. */
export async function heldUsers(db: Db): Promise<(user: { readonly id: UserId; readonly email: string }) => boolean> {
  const rows = await db.selectFrom('hold').select(['user_id', 'email_key']).execute();
  const ids = new Set<string>(rows.map((row) => row.user_id));
  const emails = new Set(rows.map((row) => row.email_key));
  return ({ id, email }) => ids.has(id) || (email !== '' && emails.has(email.toLowerCase()));
}

/** The same of one. */
export async function isHeld(db: Db, { id, email }: { readonly id: UserId; readonly email: string }): Promise<boolean> {
  const row = await db
    .selectFrom('hold')
    .select('cause')
    .where((is) => is.or([is('user_id', '=', id), ...(email === '' ? [] : [is('email_key', '=', email.toLowerCase())])]))
    .executeTakeFirst();
  return row !== undefined;
}
