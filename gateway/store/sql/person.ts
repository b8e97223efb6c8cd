// People as identity providers know them: users whom a sign-in made, and the teams that their groups give them. The policy file stays as it was applied.
import { sql } from 'kysely';
import { isBuiltIn, member } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import { newId, type Slug, UserId } from '#contract/id.ts';
import type { MadePerson, SignInStore, Whose } from '../sign-in.ts';
import type { Db, Tx } from '../table.ts';
import { bind, whose } from './account.ts';
import { changed, unchanged } from './change.ts';
import { directoryGrants } from './directory-grant.ts';
import { revokeOrphans } from './replace-policy.ts';
import { madeByDirectory } from './directory-user.ts';
import { holdByAddress } from './hold.ts';
import { freeSlug } from './slug.ts';
import { changePeople } from './super-admin.ts';
import { touching } from './touched.ts';

export async function arrive(db: Db, of: Parameters<SignInStore['arrive']>[0]): Promise<Whose> {
  const { issuer, subject, email, provider, makes, gives, title, teams, ofGroups, at } = of;
  return await changePeople(db, async (tx) => {
    const came = await whose(tx, of);
    if (came.kind === 'several' || came.kind === 'elsewhere' || (came.kind === 'nobody' && !makes)) return unchanged(came);
    const touched = await touching(tx, { users: 'user' in came ? [came.user] : [], emails: [email] });
    const id = 'user' in came ? came.user : await make(tx);
    if (came.kind !== 'bound') await bind(tx, { issuer, subject, email, user: id, at });
    const isMoved = came.kind === 'bound' && (await move(tx, id, email));
    const before = await tx.selectFrom('arrival').select('at').where('user_id', '=', id).executeTakeFirst();
    // Somebody of whom a provider said more before: that ends here, and from now on it is this sign-in that tokens are renewed by.
    if (!gives && before === undefined) return isMoved ? changed(came, await touched()) : unchanged(came);
    const { made_by } = await tx.selectFrom('user').select('made_by').where('id', '=', id).executeTakeFirstOrThrow();
    // Also where that is none: what another provider said, or this one under other settings, counts no more.
    const isSame = await setTeams(tx, id, [...(made_by === provider ? teams : []), ...(ofGroups ?? [])]);
    const row = { user_id: id, provider, at };
    await tx
      .insertInto('arrival')
      .values(row)
      .onConflict((on) => on.column('user_id').doUpdateSet(row))
      .execute();
    return came.kind === 'nobody' || isMoved || !isSame ? changed(came, await touched([id])) : unchanged(came);
  });

  async function make(tx: Tx): Promise<UserId> {
    const user = { id: UserId.parse(newId(at)), made_by: provider, service: null, role: null };
    await tx
      .insertInto('user')
      .values({ ...user, slug: await freeSlug(tx, email), title: title?.slice(0, 120) || null, email })
      .execute();
    return user.id;
  }
}

/** A user whom a sign-in made goes with their account where its address changes; whoever the policy file names has the address that it says. */
async function move(tx: Tx, id: UserId, email: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('user')
    .set({ email })
    .where('id', '=', id)
    .where('made_by', 'is not', null)
    .where('email', '!=', email)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  await tx.updateTable('account').set({ email }).where('user_id', '=', id).execute();
  await holdByAddress(tx, id);
  return true;
}

/** Whether they were these already. */
async function setTeams(tx: Tx, user: UserId, teams: readonly Slug[]): Promise<boolean> {
  const wanted = new Set(teams);
  const before = await tx.selectFrom('group_membership').select('team_slug').where('user_id', '=', user).execute();
  if (before.length === wanted.size && before.every(({ team_slug }) => wanted.has(team_slug))) return true;
  await tx.deleteFrom('group_membership').where('user_id', '=', user).execute();
  for (const team_slug of wanted) await tx.insertInto('group_membership').values({ user_id: user, team_slug }).execute();
  return false;
}

export async function lastArrival(db: Db, user: UserId): Promise<{ provider: string; at: number } | undefined> {
  return await db.selectFrom('arrival').select(['provider', 'at']).where('user_id', '=', user).executeTakeFirst();
}

export async function madePeople(db: Db): Promise<readonly MadePerson[]> {
  const rows = await db
    .selectFrom('user')
    .leftJoin('arrival', 'arrival.user_id', 'user.id')
    .select(['user.slug', 'user.email', 'user.made_by', 'arrival.at'])
    .where('user.made_by', 'is not', null)
    .orderBy('user.slug')
    .execute();
  return rows.map(({ slug, email, made_by, at }) => ({ slug, email, provider: made_by ?? '', lastAt: at }));
}

export async function removePerson(db: Db, slug: string, now: number): Promise<boolean> {
  return await changePeople(db, async (tx) => {
    const found = await tx
      .selectFrom('user')
      .select('id')
      .where('made_by', 'is not', null)
      .where('made_by', '!=', madeByDirectory)
      .where(sql<string>`slug`, '=', slug)
      .executeTakeFirst();
    if (found === undefined) return unchanged(false);
    const touched = await touching(tx, { users: [found.id] });
    await holdByAddress(tx, found.id);
    await tx.deleteFrom('user').where('id', '=', found.id).execute();
    return changed(true, await touched(await revokeOrphans(tx, now)));
  });
}

export async function setPersonRole(db: Db, user: Slug, role: Slug, from: Slug): Promise<boolean> {
  return await changePeople(db, async (tx) => {
    const known = await tx.selectFrom('role').select('slug').where('slug', '=', role).executeTakeFirst();
    if (known === undefined && !isBuiltIn(role))
      throw new Fault('NAME_UNKNOWN', { what: 'role', name: role, hint: 'Name one of the policy that is in force.' });
    const found = await tx
      .selectFrom('user')
      .select(['id', 'role'])
      .where('slug', '=', user)
      .where('made_by', 'is not', null)
      .executeTakeFirst();
    if (found === undefined) return unchanged(false);
    const has = found.role ?? (await directoryGrants(tx, [found.id])).get(found.id)?.role ?? member;
    // Whoever may change the one role need not be one who may change the other.
    if (has !== from) throw new Fault('CHANGED_MEANWHILE');
    const set = role === member ? null : role;
    if (found.role === set) return unchanged(false);
    await tx.updateTable('user').set({ role: set }).where('id', '=', found.id).execute();
    return changed(true, { people: new Set([found.id]) });
  });
}
