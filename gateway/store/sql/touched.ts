// Whom a change of people is about: besides those whom it names whoever shares an address with them, as somebody is held also by their address. The rule: it looks before the
// change and after it, so that neither who came nor who went is missed.
import { sql } from 'kysely';
import type { UserId } from '#contract/id.ts';
import type { Tx } from '../table.ts';
import { parts } from './part.ts';

interface Named {
  readonly users?: Iterable<UserId>;
  readonly emails?: Iterable<string>;
}

/** Looks now; the returned function looks again, and says all. */
export async function touching(
  tx: Tx,
  { users = [], emails = [] }: Named,
): Promise<(more?: Iterable<UserId>) => Promise<{ readonly people: ReadonlySet<UserId> }>> {
  const ids = new Set(users);
  const keys = new Set([...emails].map((email) => email.toLowerCase()));
  await look();
  return async (more = []) => {
    for (const id of more) ids.add(id);
    await look();
    return { people: ids };
  };

  async function look(): Promise<void> {
    for (const some of parts([...keys])) {
      const holds = await tx.selectFrom('hold').select(['user_id', 'email_key']).where('email_key', 'in', some).execute();
      for (const { user_id } of holds) ids.add(user_id);
    }
    for (const some of parts([...ids])) {
      const holds = await tx.selectFrom('hold').select('email_key').where('user_id', 'in', some).execute();
      const people = await tx.selectFrom('directory_person').select('email_key').where('user_id', 'in', some).execute();
      const found = await tx.selectFrom('user').select('email').where('id', 'in', some).execute();
      for (const { email_key } of [...holds, ...people]) keys.add(email_key);
      for (const { email } of found) keys.add(email.toLowerCase());
    }
    // A service account has no address.
    keys.delete('');
    for (const some of parts([...keys])) {
      const found = await tx
        .selectFrom('user')
        .select('id')
        .where(sql<string>`lower(email)`, 'in', some)
        .execute();
      for (const { id } of found) ids.add(id);
    }
  }
}
