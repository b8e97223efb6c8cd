// Somebody leaves, or comes back, by the word of an administrator. The rule: the last super admin can't be sent away, and a directory's own word stays.
import { sql } from 'kysely';
import { Fault } from '#contract/error.ts';
import type { UserId } from '#contract/id.ts';
import type { DirectoryStore } from '../directory.ts';
import type { Db, Tx } from '../table.ts';
import { change, changed, unchanged } from './change.ts';
import { cutAccess, holdsOf, putHold } from './hold.ts';
import { changePeople } from './super-admin.ts';
import { touching } from './touched.ts';

export async function holdUser(db: Db, slug: string, now: number): ReturnType<DirectoryStore['hold']> {
  return await changePeople(db, async (tx) => {
    const found = await userOfSlug(tx, slug);
    if (found === undefined) return unchanged(undefined);
    const touched = await touching(tx, { users: [found.id] });
    await putHold(tx, { user: found.id, email: found.email, cause: 'offboarding', now });
    const cut = await cutAccess(tx, found.id, now);
    return changed({ ...cut, user: found.id, email: found.email }, await touched());
  });
}

export async function releaseUser(db: Db, slug: string, now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const found = await userOfSlug(tx, slug);
    if (found === undefined) return unchanged(false);
    const touched = await touching(tx, { users: [found.id], emails: [found.email] });
    const { numDeletedRows } = await tx.deleteFrom('hold').where(holdsOf(found.id, found.email)).executeTakeFirstOrThrow();
    await refuseWhereOthersHold(tx, slug, found);
    if (numDeletedRows === 0n) return unchanged(false);
    const gone = await tx
      .selectFrom('directory_person')
      .select('id')
      .where('user_id', '=', found.id)
      .where('active', '=', 0)
      .executeTakeFirst();
    if (gone) await putHold(tx, { user: found.id, email: found.email, cause: 'directory', now });
    return changed(true, await touched());
  });
}

/** What holds somebody else of the same address holds them too, and who was sent away stays away. */
async function refuseWhereOthersHold(tx: Tx, slug: string, { email }: { readonly email: string }): Promise<void> {
  if (email === '') return;
  const [other] = await tx
    .selectFrom('hold')
    .innerJoin('user', 'user.id', 'hold.user_id')
    .select('user.slug')
    .where('hold.email_key', '=', email.toLowerCase())
    .orderBy('user.slug')
    .execute();
  if (other === undefined) return;
  const reason = `"${other.slug}" is held and has the same address. Take them back first, or give one of the two another address.`;
  throw new Fault('UNCHANGEABLE', { what: 'user', name: slug, reason });
}

export async function heldPeople(db: Db): ReturnType<DirectoryStore['held']> {
  return await db
    .selectFrom('hold')
    .innerJoin('user', (join) =>
      join.on((is) =>
        is.or([
          is('user.id', '=', is.ref('hold.user_id')),
          is.and([is('user.email', '<>', ''), is(sql`lower("user".email)`, '=', is.ref('hold.email_key'))]),
        ]),
      ),
    )
    .select((is) => ['user.slug', 'hold.cause', is.fn.min('hold.since').as('since')])
    .groupBy(['user.slug', 'hold.cause'])
    .orderBy('user.slug')
    .orderBy('hold.cause')
    .execute();
}

async function userOfSlug(tx: Tx, slug: string): Promise<{ readonly id: UserId; readonly email: string } | undefined> {
  return await tx
    .selectFrom('user')
    .select(['id', 'email'])
    .where(sql<string>`slug`, '=', slug)
    .executeTakeFirst();
}
