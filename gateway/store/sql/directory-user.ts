// Which user a person of the directory is. The rule: whoever the policy or a sign-in names is linked by their address and never taken over; only a user who was made
// here for the directory follows it in address and title, and goes with it.
import { sql } from 'kysely';
import { Fault } from '#contract/error.ts';
import { newId, UserId } from '#contract/id.ts';
import type { Tx } from '../table.ts';
import { cutAccess, holdByAddress, holdsOf, putHold } from './hold.ts';
import { freeSlug } from './slug.ts';

/** Of a user's `made_by`: no identity provider can have this name. */
export const madeByDirectory = 'directory (SCIM)';

interface Known {
  readonly email: string;
  readonly displayName: string | null;
  readonly active: boolean;
}

/** The user of this address, or a new one. Rejects with CHOICE_NEEDED where several have it. */
export async function linkUser(tx: Tx, { email, displayName }: Omit<Known, 'active'>, now: number): Promise<UserId> {
  const users = await tx
    .selectFrom('user')
    .select(['id', 'slug'])
    .where(sql`lower(email)`, '=', email.toLowerCase())
    .where('service', 'is', null)
    .execute();
  if (users.length > 1)
    throw new Fault('CHOICE_NEEDED', {
      what: `The address ${email}`,
      choices: users.map(({ slug }) => slug).join(', '),
      hint: 'Leave it to one of them in the policy.',
    });
  if (users[0]) return users[0].id;
  const id = UserId.parse(newId(now));
  const row = { id, slug: await freeSlug(tx, email), title: displayName?.slice(0, 120) || null, email };
  await tx
    .insertInto('user')
    .values({ ...row, made_by: madeByDirectory, service: null, role: null })
    .execute();
  return id;
}

/** Brings a user to how the directory has its person now. */
export async function followPerson(tx: Tx, user: UserId, { email, displayName, active }: Known, now: number): Promise<void> {
  await follow(tx, user, { email, displayName });
  if (active) {
    await releaseHold(tx, user, email);
    return;
  }
  await putHold(tx, { user, email, cause: 'directory', now });
  await cutAccess(tx, user, now);
}

async function follow(tx: Tx, user: UserId, { email, displayName }: Omit<Known, 'active'>): Promise<void> {
  await tx
    .updateTable('user')
    .set({ email, title: displayName?.slice(0, 120) || null })
    .where('id', '=', user)
    .where('made_by', '=', madeByDirectory)
    .execute();
  await holdByAddress(tx, user);
}

/** The directory says that they are there: what it said before ends, also under the address alone. An offboarding stays. */
async function releaseHold(tx: Tx, user: UserId, email: string): Promise<void> {
  await tx.deleteFrom('hold').where('cause', '=', 'directory').where(holdsOf(user, email)).execute();
}

/** Users of an older state who were made for the directory: whom it has no more are gone, and whom it has are as it says now. */
export async function followMade(tx: Tx): Promise<void> {
  const people = tx.selectFrom('directory_person');
  await tx.deleteFrom('user').where('made_by', '=', madeByDirectory).where('id', 'not in', people.select('user_id')).execute();
  const moved = await people
    .innerJoin('user', 'user.id', 'directory_person.user_id')
    .select(['user.id', 'directory_person.email', 'directory_person.display_name'])
    .where('user.made_by', '=', madeByDirectory)
    .whereRef('user.email', '!=', 'directory_person.email')
    .execute();
  for (const { id, email, display_name } of moved) await follow(tx, id, { email, displayName: display_name });
}

/** Whose users the policy replaced or removed are linked anew, and whoever is held stays so under the name that they have now. Their users. */
export async function settleDirectory(tx: Tx, now: number, gone?: UserId): Promise<readonly UserId[]> {
  const users = tx.selectFrom('user').select('id');
  const [of, whom] = gone === undefined ? (['not in', users] as const) : (['=', gone] as const);
  const lost = await tx
    .selectFrom('directory_person')
    .select(['id', 'email', 'display_name', 'active'])
    .where('user_id', of, whom)
    .execute();
  const linkedTo: UserId[] = [];
  for (const { id, email, display_name, active } of lost) {
    const user = await linkUser(tx, { email, displayName: display_name }, now);
    linkedTo.push(user);
    await tx.updateTable('directory_person').set({ user_id: user }).where('id', '=', id).execute();
    if (active === 0) await followPerson(tx, user, { email, displayName: display_name, active: false }, now);
  }
  return linkedTo;
}
