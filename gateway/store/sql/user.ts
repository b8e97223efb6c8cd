// Users one by one and by pages, without reading all of them: the same whether there are ten or a hundred thousand.
import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import type { Slug, UserId } from '#contract/id.ts';
import type { AdministrationStore, StoredUser } from '../administration.ts';
import type { Changes, PersonThere } from '../store.ts';
import type { Db, Tables } from '../table.ts';
import { readAtOnce } from './change.ts';
import { directoryGrants } from './directory-grant.ts';
import { heldAmong, isHeld } from './held.ts';
import { parts } from './part.ts';
import { changesBetween } from './recent-change.ts';

export async function user(db: Db, slug: Slug): Promise<StoredUser | undefined> {
  return await readAtOnce(db, async (tx) => {
    const rows = await tx.selectFrom('user').selectAll().where('slug', '=', slug).execute();
    return (await withTeams(tx, rows))[0];
  });
}

export async function userIdOf(db: Db, slug: Slug, of?: 'anybody'): Promise<UserId | undefined> {
  return await readAtOnce(db, async (tx) => {
    const found = await tx.selectFrom('user').select(['id', 'email']).where('slug', '=', slug).executeTakeFirst();
    return found && (of === 'anybody' || !(await isHeld(tx, found))) ? found.id : undefined;
  });
}

export async function users(
  db: Db,
  { after, limit, search }: Parameters<AdministrationStore['users']>[0],
): Promise<readonly StoredUser[]> {
  return await readAtOnce(db, async (tx) => {
    let wanted = tx.selectFrom('user').selectAll().orderBy('slug').limit(limit);
    if (after !== undefined) wanted = wanted.where(sql<string>`slug`, '>', after);
    if (search !== undefined) {
      const pattern = `%${search.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
      const like = (column: string) => sql<boolean>`lower(${sql.ref(column)}) like ${pattern} escape '\\'`;
      wanted = wanted.where((is) => is.or([like('slug'), like('email'), like('title')]));
    }
    return await withTeams(tx, await wanted.execute());
  });
}

/** In one look: what the changes were about, and the people of it as they are at that revision. */
export async function changesAfter(db: Db, revision: number): Promise<Changes> {
  return await readAtOnce(db, async (tx) => {
    const { revision: now } = await tx.selectFrom('state').select('revision').executeTakeFirstOrThrow();
    const between = await changesBetween(tx, revision, now);
    if (between === undefined) return { revision: now, about: undefined };
    const there = await peopleThere(tx, between.people);
    const people = new Map(between.people.map((id) => [id, there.get(id)]));
    return { revision: now, about: { parts: between.parts, people } };
  });
}

/** Those of these who count as there, as the policy in force has them. */
export async function peopleThere(db: Db, ids: readonly UserId[]): Promise<ReadonlyMap<UserId, PersonThere>> {
  const there = new Map<UserId, PersonThere>();
  for (const some of parts(ids, 200)) {
    const rows = await db.selectFrom('user').selectAll().where('id', 'in', some).execute();
    const held = await heldAmong(db, rows);
    const standing = rows.filter(({ id }) => !held.has(id));
    const users = await withTeams(db, standing);
    for (const [index, { id }] of standing.entries()) {
      const user = users[index];
      if (user === undefined) throw new Error('a user has no teams');
      const { slug, title, role, teams, groupTeams } = user;
      there.set(id, { id, slug, title, role, teams: [...new Set([...teams, ...groupTeams])] });
    }
  }
  return there;
}

/** In the order of the rows. */
async function withTeams(db: Db, rows: readonly Selectable<Tables['user']>[]): Promise<readonly StoredUser[]> {
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return [];
  const named = await db
    .selectFrom('membership')
    .innerJoin('team', 'team.id', 'membership.team_id')
    .select(['membership.user_id', 'team.slug'])
    .where('membership.user_id', 'in', ids)
    .orderBy('membership.position')
    .execute();
  const grouped = await db
    .selectFrom('group_membership')
    .innerJoin('team', 'team.slug', 'group_membership.team_slug')
    .select(['group_membership.user_id', 'team.slug'])
    .where('group_membership.user_id', 'in', ids)
    .orderBy('team.slug')
    .execute();
  const given = await directoryGrants(db, ids);
  const [ofPolicy, ofGroups] = [named, grouped].map((all) => Map.groupBy(all, (row) => row.user_id));
  return rows.map(({ id, slug, title, email, service, role, made_by }) => ({
    slug,
    title: title ?? undefined,
    email: service === null ? email : undefined,
    service: service === null ? undefined : service,
    role: role ?? given.get(id)?.role,
    madeBy: made_by,
    teams: (ofPolicy?.get(id) ?? []).map((row) => row.slug),
    groupTeams: [...new Set([...(ofGroups?.get(id) ?? []).map((row) => row.slug), ...(given.get(id)?.teams ?? [])])],
  }));
}
