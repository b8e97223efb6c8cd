// What the groups of a directory give people here, by the mapping of the policy as it is now. The rule: it is worked out at each look and kept nowhere, so that a
// changed mapping, name or membership counts at once.
import { groupsInOrder } from '#contract/grant.ts';
import { PolicyDirectory } from '#contract/policy.ts';
import type { Slug, UserId } from '#contract/id.ts';
import type { Db } from '../table.ts';
import { parts } from './part.ts';

export interface DirectoryGrant {
  readonly teams: readonly Slug[];
  readonly role: Slug | undefined;
}

/** By user; of these where some are named, a few hundred at most. Whoever gets nothing is left out. */
export async function directoryGrants(db: Db, users?: readonly UserId[]): Promise<ReadonlyMap<UserId, DirectoryGrant>> {
  if (users?.length === 0) return new Map();
  const mapped = await mapping(db);
  const named = await groupsNamed(
    db,
    mapped.map(([name]) => name),
  );
  if (named.size === 0) return new Map();
  const rows =
    users === undefined
      ? await members(db, [...named.keys()])
          .select(['directory_member.group_id', 'directory_person.user_id'])
          .execute()
      : (await membershipsOf(db, users)).filter((row) => named.has(row.group_id));
  const groupsOf = Map.groupBy(rows, (row) => row.user_id);
  return new Map(
    [...groupsOf].map(([id, groups]) => {
      const theirs = new Set(groups.map((row) => named.get(row.group_id)));
      const given = mapped.filter(([name]) => theirs.has(name)).map(([, group]) => group);
      const teams = [...new Set(given.flatMap((group) => group.teams))];
      return [id, { teams, role: given.find(({ role }) => role !== undefined)?.role }];
    }),
  );
}

/** Who has this role by their groups: the few of those groups are looked at, whoever else there is. */
export async function usersGiven(db: Db, role: Slug): Promise<readonly UserId[]> {
  const names = (await mapping(db)).flatMap(([name, group]) => (group.role === role ? [name] : []));
  const named = await groupsNamed(db, names);
  if (named.size === 0) return [];
  const rows = await members(db, [...named.keys()])
    .select('directory_person.user_id')
    .distinct()
    .execute();
  const found = [];
  for (const ids of parts(rows.map((row) => row.user_id)))
    found.push(...[...(await directoryGrants(db, ids))].filter(([, grant]) => grant.role === role).map(([id]) => id));
  return found;
}

async function mapping(db: Db) {
  const setting = await db.selectFrom('policy_setting').select('value').where('name', '=', 'directory').executeTakeFirst();
  return setting === undefined ? [] : groupsInOrder({ directory: PolicyDirectory.parse(JSON.parse(setting.value)) });
}

/** Their names by their ids. By the exact name: the directory has no two that differ only in case. */
async function groupsNamed(db: Db, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = [];
  for (const some of parts(names))
    found.push(
      ...(await db.selectFrom('directory_group').select(['id', 'display_name']).where('display_name', 'in', some).execute()),
    );
  return new Map(found.map((group) => [group.id, group.display_name]));
}

/** By the people: a group may have a hundred thousand others. */
async function membershipsOf(db: Db, users: readonly UserId[]) {
  const people = await db.selectFrom('directory_person').select(['id', 'user_id']).where('user_id', 'in', users).execute();
  if (people.length === 0) return [];
  const userOf = new Map(people.map(({ id, user_id }) => [id, user_id]));
  const of = db
    .selectFrom('directory_member')
    .select(['group_id', 'person_id'])
    .where('person_id', 'in', [...userOf.keys()]);
  return (await of.execute()).flatMap(({ group_id, person_id }) => {
    const user_id = userOf.get(person_id);
    return user_id === undefined ? [] : [{ group_id, user_id }];
  });
}

function members(db: Db, groups: readonly string[]) {
  return db
    .selectFrom('directory_member')
    .innerJoin('directory_person', 'directory_person.id', 'directory_member.person_id')
    .where('directory_member.group_id', 'in', groups);
}
