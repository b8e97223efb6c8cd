// Who counts as not there. The rule: a user is held by their id, and as whoever has the address that was held or that the directory calls not active, so that another
// name in the policy or a first sign-in changes nothing.
import type { UserId } from '#contract/id.ts';
import type { Db } from '../table.ts';

/** Whether a user is held. */
export async function heldUsers(db: Db): Promise<(user: { readonly id: UserId; readonly email: string }) => boolean> {
  const rows = await db.selectFrom('hold').select(['user_id', 'email_key']).execute();
  const ids = new Set<string>(rows.map((row) => row.user_id));
  const inactive = await db.selectFrom('directory_person').select('email_key').where('active', '=', 0).execute();
  const emails = new Set([...rows, ...inactive].map((row) => row.email_key));
  return ({ id, email }) => ids.has(id) || (email !== '' && emails.has(email.toLowerCase()));
}

/** The same of one. */
export async function isHeld(db: Db, { id, email }: { readonly id: UserId; readonly email: string }): Promise<boolean> {
  const email_key = email.toLowerCase();
  const row = await db
    .selectFrom('hold')
    .select('cause')
    .where((is) => is.or([is('user_id', '=', id), ...(email === '' ? [] : [is('email_key', '=', email_key)])]))
    .executeTakeFirst();
  if (row !== undefined || email === '') return row !== undefined;
  const person = db.selectFrom('directory_person').select('id').where('email_key', '=', email_key).where('active', '=', 0);
  return (await person.executeTakeFirst()) !== undefined;
}
