// Somebody has to be able to do everything. The rule: whatever makes, changes or removes people goes through here, and the last super admin stays.
import { superAdmin } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import { Slug, type UserId } from '#contract/id.ts';
import type { Db, Tx } from '../table.ts';
import { change, type Changed } from './change.ts';
import { usersGiven } from './directory-grant.ts';
import { isHeld } from './held.ts';
import { parts } from './part.ts';

/** As `change`; rejects with LAST_SUPER_ADMIN, changing nothing, where there was one before and there would be none after. */
export async function changePeople<T>(db: Db, work: (tx: Tx, revision: number) => Promise<Changed<T>>): Promise<T> {
  return await change(db, (tx, revision) => keepingOne(tx, () => work(tx, revision)));
}

/** As changePeople, and rolled back where it would have been done. */
export async function tryPeople(db: Db, work: (tx: Tx) => Promise<Changed<unknown>>): Promise<void> {
  const undone = new Error('it was only tried');
  const tried = change(db, async (tx) => {
    await keepingOne(tx, () => work(tx));
    throw undone;
  });
  await tried.catch((error: unknown) => {
    if (error !== undone) throw error;
  });
}

async function keepingOne<T>(tx: Tx, work: () => Promise<Changed<T>>): Promise<Changed<T>> {
  const had = await hasSuperAdmin(tx);
  const result = await work();
  if (had && result.changed && !(await hasSuperAdmin(tx))) throw new Fault('LAST_SUPER_ADMIN');
  return result;
}

/** A person who counts as there: a service account is nobody's. Whoever has the role by the policy is looked for first. */
async function hasSuperAdmin(tx: Tx): Promise<boolean> {
  const role = Slug.parse(superAdmin);
  const people = tx.selectFrom('user').select(['id', 'email']).where('service', 'is', null);
  if (await isAnyThere(tx, await people.where('role', '=', role).execute())) return true;
  for (const ids of parts(await usersGiven(tx, role)))
    if (await isAnyThere(tx, await people.where('role', 'is', null).where('id', 'in', ids).execute())) return true;
  return false;
}

async function isAnyThere(tx: Tx, users: readonly { readonly id: UserId; readonly email: string }[]): Promise<boolean> {
  for (const user of users) if (!(await isHeld(tx, user))) return true;
  return false;
}
