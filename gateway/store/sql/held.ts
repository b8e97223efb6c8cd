// Who counts as not there. The rule: a user is held by their id, and as whoever has the address that was held or that the directory calls not active, so that another
// name in the policy or a first sign-in changes nothing.
import type { UserId } from '#contract/id.ts';
import type { Db } from '../table.ts';
import { parts } from './part.ts';

/** Whether a user is held. */
export async function heldUsers(db: Db): Promise<(user: { readonly id: UserId; readonly email: string }) => boolean> {
  const rows = await db.selectFrom('hold').select(['user_id', 'email_key']).execute();
  const ids = new Set<string>(rows.map((row) => row.user_id));
  const inactive = await db.selectFrom('directory_person').select('email_key').where('active', '=', 0).execute();
  const emails = new Set([...rows, ...inactive].map((row) => row.email_key));
  return ({ id, email }) => ids.has(id) || (email !== '' && emails.has(email.toLowerCase()));
}

/** Which of these are held: the same, without looking at all others. */
export async function heldAmong(
  db: Db,
  users: readonly { readonly id: UserId; readonly email: string }[],
): Promise<ReadonlySet<UserId>> {
  const held = new Set<UserId>();
  for (const some of parts(users, 200)) {
    const ids = some.map(({ id }) => id);
    const keys = some.flatMap(({ email }) => (email === '' ? [] : [email.toLowerCase()]));
    const by = db.selectFrom('hold').select(['user_id', 'email_key']);
    const holds = await by
      .where((is) => is.or([is('user_id', 'in', ids), ...(keys.length > 0 ? [is('email_key', 'in', keys)] : [])]))
      .execute();
    const people = db.selectFrom('directory_person').select('email_key').where('active', '=', 0);
    const inactive = keys.length === 0 ? [] : await people.where('email_key', 'in', keys).execute();
    const heldIds = new Set(holds.map((row) => row.user_id));
    const heldKeys = new Set([...holds, ...inactive].map((row) => row.email_key));
    for (const { id, email } of some) if (heldIds.has(id) || (email !== '' && heldKeys.has(email.toLowerCase()))) held.add(id);
  }
  return held;
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
