// Groups as a directory says them, and who is in them. The rule: members go in and out one by one, so that a group of any size costs what changes of it.
import type { Selectable } from 'kysely';
import { Fault } from '#contract/error.ts';
import { newId, type UserId } from '#contract/id.ts';
import type { DirectoryGroup, DirectoryStore, Found, GroupDraft, MemberChange, Search } from '../directory.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { changed, readAtOnce, unchanged } from './change.ts';
import { groupsCondition } from './directory-match.ts';
import { parts } from './part.ts';
import { changePeople } from './super-admin.ts';

export async function addGroup(db: Db, draft: GroupDraft, now: number): Promise<DirectoryGroup> {
  return await changePeople(db, async (tx) => {
    await refuseTaken(tx, draft);
    const row = { id: newId(now), version: 1, created_at: now, modified_at: now, ...columnsOf(draft) };
    await tx.insertInto('directory_group').values(row).execute();
    const people = draft.members ? await putMembers(tx, row.id, draft.members) : [];
    return { ...changed(groupOf(row), { people: await usersOf(tx, people) }), target: row.id };
  });
}

export async function group(db: Db, id: string): Promise<DirectoryGroup | undefined> {
  const row = await db.selectFrom('directory_group').selectAll().where('id', '=', id).executeTakeFirst();
  return row && groupOf(row);
}

export async function groups(db: Db, { match, sort, descending, offset, limit }: Search): Promise<Found<DirectoryGroup>> {
  return await readAtOnce(db, async (tx) => {
    const counted = tx.selectFrom('directory_group').select((is) => is.fn.countAll<number>().as('count'));
    const all = tx.selectFrom('directory_group').selectAll();
    const where = match && groupsCondition(match);
    const { count } = await (where ? counted.where(where) : counted).executeTakeFirstOrThrow();
    const direction = descending ? 'desc' : 'asc';
    const page = (where ? all.where(where) : all).orderBy(sortColumn[sort], direction).orderBy('id', direction);
    const found = limit === 0 ? [] : await page.limit(limit).offset(offset).execute();
    return { total: Number(count), items: found.map(groupOf) };
  });
}

const sortColumn = {
  id: 'id',
  userName: 'display_name_key',
  externalId: 'external_id',
  displayName: 'display_name_key',
  created: 'created_at',
  modified: 'modified_at',
} as const;

export async function memberCount(db: Db, ids: readonly string[]): Promise<number> {
  let sum = 0;
  for (const some of parts(ids)) {
    const counted = db.selectFrom('directory_member').select((is) => is.fn.countAll<number>().as('count'));
    sum += Number((await counted.where('group_id', 'in', some).executeTakeFirstOrThrow()).count);
  }
  return sum;
}

export async function membersAmong(db: Db, group: string, people: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const some of parts([...new Set(people)])) {
    const rows = db.selectFrom('directory_member').select('person_id').where('group_id', '=', group);
    for (const { person_id } of await rows.where('person_id', 'in', some).execute()) found.add(person_id);
  }
  return found;
}

export async function membersOf(db: Db, ids: readonly string[]): ReturnType<DirectoryStore['membersOf']> {
  const found = [];
  for (const some of parts(ids))
    found.push(
      ...(await db
        .selectFrom('directory_member')
        .innerJoin('directory_person', 'directory_person.id', 'directory_member.person_id')
        .select(['directory_member.group_id', 'directory_person.id', 'directory_person.user_name as name'])
        .where('directory_member.group_id', 'in', some)
        .orderBy('directory_person.id')
        .execute()),
    );
  return Map.groupBy(found, (row) => row.group_id);
}

export async function changeGroup(
  db: Db,
  id: string,
  version: number,
  draft: GroupDraft,
  now: number,
): Promise<DirectoryGroup | undefined> {
  return await changePeople(db, async (tx) => {
    const before = await tx.selectFrom('directory_group').selectAll().where('id', '=', id).executeTakeFirst();
    if (before === undefined || before.version !== version) return unchanged(undefined);
    await refuseTaken(tx, draft, id);
    const row = { ...before, ...columnsOf(draft), version: version + 1, modified_at: now };
    await tx.updateTable('directory_group').set(row).where('id', '=', id).execute();
    const people = draft.members ? await putMembers(tx, id, draft.members) : [];
    // Under another name it gives all of its members something else.
    const isNamed = row.display_name === before.display_name;
    return changed(groupOf(row), isNamed ? { people: await usersOf(tx, people) } : 'everything');
  });
}

export async function removeGroup(db: Db, id: string, version: number): Promise<boolean> {
  return await changePeople(db, async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom('directory_group')
      .where('id', '=', id)
      .where('version', '=', version)
      .executeTakeFirstOrThrow();
    if (numDeletedRows === 0n) return unchanged(false);
    await tx.deleteFrom('directory_member').where('group_id', '=', id).execute();
    return changed(true);
  });
}

/** Who may have come or gone. */
async function putMembers(tx: Tx, group_id: string, change: MemberChange): Promise<readonly string[]> {
  let [come, gone] = change.kind === 'set' ? [change.people, []] : [change.add, change.remove];
  await refuseUnknown(tx, come);
  if (change.kind === 'set') {
    const wanted = new Set(change.people);
    const rows = await tx.selectFrom('directory_member').select('person_id').where('group_id', '=', group_id).execute();
    const now = new Set(rows.map((row) => row.person_id));
    gone = [...now].filter((id) => !wanted.has(id));
    come = [...wanted].filter((id) => !now.has(id));
  }
  await remove(gone);
  const rows = [...new Set(come)].map((person_id) => ({ group_id, person_id }));
  for (const values of parts(rows))
    await tx
      .insertInto('directory_member')
      .values(values)
      .onConflict((on) => on.doNothing())
      .execute();
  return [...come, ...gone];

  async function remove(people: readonly string[]): Promise<void> {
    for (const ids of parts(people))
      await tx.deleteFrom('directory_member').where('group_id', '=', group_id).where('person_id', 'in', ids).execute();
  }
}

async function usersOf(tx: Tx, people: readonly string[]): Promise<ReadonlySet<UserId>> {
  const users = new Set<UserId>();
  for (const ids of parts(people)) {
    const found = await tx.selectFrom('directory_person').select('user_id').where('id', 'in', ids).execute();
    for (const { user_id } of found) users.add(user_id);
  }
  return users;
}

async function refuseUnknown(tx: Tx, people: readonly string[]): Promise<void> {
  for (const ids of parts([...new Set(people)])) {
    const found = await tx.selectFrom('directory_person').select('id').where('id', 'in', ids).execute();
    const known = new Set(found.map((row) => row.id));
    const unknown = ids.find((id) => !known.has(id));
    if (unknown !== undefined)
      throw new Fault('NAME_UNKNOWN', { what: 'person', name: unknown, hint: 'A member is the id of a User.' });
  }
}

async function refuseTaken(tx: Tx, { displayName }: GroupDraft, except = ''): Promise<void> {
  const other = await tx
    .selectFrom('directory_group')
    .select('id')
    .where('display_name_key', '=', displayName.toLowerCase())
    .where('id', '!=', except)
    .executeTakeFirst();
  if (other) throw new Fault('NAME_TAKEN', { what: 'group with the displayName', name: displayName });
}

function columnsOf({ displayName, externalId }: GroupDraft) {
  return { display_name: displayName, display_name_key: displayName.toLowerCase(), external_id: externalId };
}

function groupOf(row: Selectable<Tables['directory_group']>): DirectoryGroup {
  return {
    id: row.id,
    displayName: row.display_name,
    externalId: row.external_id,
    version: row.version,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
  };
}
