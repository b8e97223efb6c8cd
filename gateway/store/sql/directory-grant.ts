// What the groups of a directory give people here, by the mapping of the policy as it is now. The rule: it is worked out at each look and kept nowhere, so that a
// changed mapping, name or membership counts at once.
import { PolicyDirectory } from '#contract/policy.ts';
import type { Slug, UserId } from '#contract/id.ts';
import type { Db } from '../table.ts';

export interface DirectoryGrant {
  readonly teams: readonly Slug[];
  readonly role: Slug | undefined;
}

/** By user; of these where some are named, a few hundred at most. Whoever gets nothing is left out. */
export async function directoryGrants(db: Db, users?: readonly UserId[]): Promise<ReadonlyMap<UserId, DirectoryGrant>> {
  if (users?.length === 0) return new Map();
  const setting = await db.selectFrom('policy_setting').select('value').where('name', '=', 'directory').executeTakeFirst();
  const mapped = setting === undefined ? [] : Object.entries(PolicyDirectory.parse(JSON.parse(setting.value)).groups);
  if (mapped.length === 0) return new Map();
  const names = new Set(mapped.map(([name]) => name));
  const all = await db.selectFrom('directory_group').select(['id', 'display_name']).execute();
  const named = new Map(all.filter((group) => names.has(group.display_name)).map((group) => [group.id, group.display_name]));
  if (named.size === 0) return new Map();
  const from = db
    .selectFrom('directory_member')
    .innerJoin('directory_person', 'directory_person.id', 'directory_member.person_id')
    .select(['directory_member.group_id', 'directory_person.user_id']);
  const rows = await (users === undefined ? from : from.where('directory_person.user_id', 'in', users)).execute();
  const groupsOf = Map.groupBy(
    rows.filter((row) => named.has(row.group_id)),
    (row) => row.user_id,
  );
  return new Map(
    [...groupsOf].map(([id, groups]) => {
      const theirs = new Set(groups.map((row) => named.get(row.group_id)));
      const given = mapped.filter(([name]) => theirs.has(name)).map(([, group]) => group);
      const teams = [...new Set(given.flatMap((group) => group.teams))];
      return [id, { teams, role: given.find(({ role }) => role !== undefined)?.role }];
    }),
  );
}
