// People as a directory says them. The rule: each change is of the version that its asker saw, and brings the user here along in the same transaction.
import type { Selectable } from 'kysely';
import { Fault } from '#contract/error.ts';
import { newId, type Slug, type UserId } from '#contract/id.ts';
import type { DirectoryPerson, DirectoryStore, Found, PersonDraft, Search } from '../directory.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { changed, readAtOnce, unchanged } from './change.ts';
import { peopleCondition } from './directory-match.ts';
import { followPerson, linkUser, madeByDirectory } from './directory-user.ts';
import { cutAccess, holdByAddress, putHold } from './hold.ts';
import { parts } from './part.ts';
import { revokeOrphans } from './replace-policy.ts';
import { changePeople } from './super-admin.ts';
import { touching } from './touched.ts';

export async function addPerson(db: Db, draft: PersonDraft, now: number): Promise<DirectoryPerson> {
  return await changePeople(db, async (tx) => {
    await refuseTaken(tx, draft);
    const touched = await touching(tx, { emails: [draft.email] });
    const id = newId(now);
    const user = await linkUser(tx, draft, now);
    await refuseLinked(tx, user, draft);
    const row = { id, user_id: user, version: 1, created_at: now, modified_at: now, ...columnsOf(draft) };
    await tx.insertInto('directory_person').values(row).execute();
    await putEmails(tx, id, draft);
    await followPerson(tx, user, draft, now);
    const made = await read(tx, id);
    return { ...changed(made, await touched()), target: made.user.slug };
  });
}

export async function person(db: Db, id: string): Promise<DirectoryPerson | undefined> {
  const row = await rows(db).where('directory_person.id', '=', id).executeTakeFirst();
  return row && personOf(row);
}

export async function people(db: Db, { match, sort, descending, offset, limit }: Search): Promise<Found<DirectoryPerson>> {
  return await readAtOnce(db, async (tx) => {
    const counted = tx.selectFrom('directory_person').select((is) => is.fn.countAll<number>().as('count'));
    const ids = tx.selectFrom('directory_person').select('id');
    const where = match && peopleCondition(match);
    const { count } = await (where ? counted.where(where) : counted).executeTakeFirstOrThrow();
    const direction = descending ? 'desc' : 'asc';
    const page = (where ? ids.where(where) : ids).orderBy(sortColumn[sort], direction).orderBy('id', direction);
    const found = limit === 0 ? [] : await page.limit(limit).offset(offset).execute();
    const wanted = found.map((row) => row.id);
    const byId = new Map((wanted.length === 0 ? [] : await rowsOf(tx, wanted)).map((row) => [row.id, personOf(row)]));
    return { total: Number(count), items: wanted.flatMap((id) => byId.get(id) ?? []) };
  });
}

const sortColumn = {
  id: 'id',
  userName: 'user_name_key',
  externalId: 'external_id',
  displayName: 'display_name_key',
  created: 'created_at',
  modified: 'modified_at',
} as const;

export async function changePerson(
  db: Db,
  id: string,
  version: number,
  draft: PersonDraft,
  now: number,
): Promise<DirectoryPerson | undefined> {
  return await changePeople(db, async (tx) => {
    const before = await tx.selectFrom('directory_person').selectAll().where('id', '=', id).executeTakeFirst();
    if (before === undefined || before.version !== version) return unchanged(undefined);
    await refuseTaken(tx, draft, id);
    const touched = await touching(tx, { users: [before.user_id], emails: [before.email_key, draft.email] });
    const user = await userUnder(tx, before, draft, now);
    await tx
      .updateTable('directory_person')
      .set({ ...columnsOf(draft), user_id: user, version: version + 1, modified_at: now })
      .where('id', '=', id)
      .execute();
    await putEmails(tx, id, draft);
    let linked: readonly UserId[] = [];
    if (user !== before.user_id) {
      await removeUser(tx, before.user_id);
      linked = await revokeOrphans(tx, now, before.user_id);
    }
    await followPerson(tx, user, draft, now);
    return changed(await read(tx, id), await touched(linked));
  });
}

/** A user who was made goes along to another address, unless somebody has it already; whoever is linked stays linked. */
async function userUnder(
  tx: Tx,
  before: Selectable<Tables['directory_person']>,
  draft: PersonDraft,
  now: number,
): Promise<UserId> {
  if (draft.email.toLowerCase() === before.email_key) return before.user_id;
  const { made_by } = await tx.selectFrom('user').select('made_by').where('id', '=', before.user_id).executeTakeFirstOrThrow();
  if (made_by !== madeByDirectory) return before.user_id;
  const others = await tx
    .selectFrom('user')
    .select('id')
    .where((is) => is(is.fn('lower', ['email']), '=', draft.email.toLowerCase()))
    .where('id', '!=', before.user_id)
    .execute();
  if (others.length === 0) return before.user_id;
  const heir = await linkUser(tx, draft, now);
  await refuseLinked(tx, heir, draft);
  return heir;
}

export async function removePerson(db: Db, id: string, version: number, now: number): Promise<boolean> {
  return await changePeople(db, async (tx) => {
    const row = await tx.selectFrom('directory_person').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined || row.version !== version) return unchanged(false);
    const touched = await touching(tx, { users: [row.user_id], emails: [row.email_key] });
    await tx.deleteFrom('directory_email').where('person_id', '=', id).execute();
    await tx.deleteFrom('directory_member').where('person_id', '=', id).execute();
    await tx.deleteFrom('directory_person').where('id', '=', id).execute();
    const { made_by, email } = await tx
      .selectFrom('user')
      .select(['made_by', 'email'])
      .where('id', '=', row.user_id)
      .executeTakeFirstOrThrow();
    await cutAccess(tx, row.user_id, now);
    // Also where the user goes: a sign-in must not make them anew.
    await putHold(tx, { user: row.user_id, email, cause: 'directory', now });
    let linked: readonly UserId[] = [];
    if (made_by === madeByDirectory) {
      await removeUser(tx, row.user_id);
      linked = await revokeOrphans(tx, now, row.user_id);
    }
    return changed(true, await touched(linked));
  });
}

async function removeUser(tx: Tx, user: UserId): Promise<void> {
  await holdByAddress(tx, user);
  await tx.deleteFrom('user').where('id', '=', user).where('made_by', '=', madeByDirectory).execute();
}

export async function groupsOf(db: Db, people: readonly string[]): ReturnType<DirectoryStore['groupsOf']> {
  const found = [];
  for (const ids of parts(people))
    found.push(
      ...(await db
        .selectFrom('directory_member')
        .innerJoin('directory_group', 'directory_group.id', 'directory_member.group_id')
        .select(['directory_member.person_id', 'directory_group.id', 'directory_group.display_name as displayName'])
        .where('directory_member.person_id', 'in', ids)
        .orderBy('directory_group.id')
        .execute()),
    );
  return Map.groupBy(found, (row) => row.person_id);
}

async function refuseTaken(tx: Tx, draft: PersonDraft, except = ''): Promise<void> {
  const others = () => tx.selectFrom('directory_person').select('id').where('id', '!=', except);
  const named = await others().where('user_name_key', '=', draft.userName.toLowerCase()).executeTakeFirst();
  if (named) throw new Fault('NAME_TAKEN', { what: 'person with the userName', name: draft.userName });
  const addressed = await others().where('email_key', '=', draft.email.toLowerCase()).executeTakeFirst();
  if (addressed) throw new Fault('NAME_TAKEN', { what: 'person with the e-mail address', name: draft.email });
}

/** A user is one person of the directory at most, also where the addresses went apart since. */
async function refuseLinked(tx: Tx, user: UserId, { email }: PersonDraft): Promise<void> {
  const row = await tx.selectFrom('directory_person').select('id').where('user_id', '=', user).executeTakeFirst();
  if (row) throw new Fault('NAME_TAKEN', { what: 'person who is the user with the e-mail address', name: email });
}

async function putEmails(tx: Tx, id: string, { emails }: PersonDraft): Promise<void> {
  await tx.deleteFrom('directory_email').where('person_id', '=', id).execute();
  for (const [position, { value, type, primary }] of emails.entries())
    await tx
      .insertInto('directory_email')
      .values({
        person_id: id,
        position,
        value_key: value.toLowerCase(),
        type: type?.toLowerCase() ?? null,
        is_primary: primary ? 1 : 0,
      })
      .execute();
}

function columnsOf({ userName, externalId, displayName, email, active, body }: PersonDraft) {
  return {
    user_name: userName,
    user_name_key: userName.toLowerCase(),
    external_id: externalId,
    display_name: displayName,
    display_name_key: displayName?.toLowerCase() ?? null,
    email,
    email_key: email.toLowerCase(),
    active: active ? 1 : 0,
    body,
  };
}

function rows(db: Db) {
  return db
    .selectFrom('directory_person')
    .innerJoin('user', 'user.id', 'directory_person.user_id')
    .selectAll('directory_person')
    .select('user.slug');
}

async function rowsOf(db: Db, ids: readonly string[]) {
  const found = [];
  for (const part of parts(ids)) found.push(...(await rows(db).where('directory_person.id', 'in', part).execute()));
  return found;
}

async function read(tx: Tx, id: string): Promise<DirectoryPerson> {
  return personOf(await rows(tx).where('directory_person.id', '=', id).executeTakeFirstOrThrow());
}

function personOf(row: Selectable<Tables['directory_person']> & { readonly slug: Slug }): DirectoryPerson {
  return {
    id: row.id,
    user: { id: row.user_id, slug: row.slug },
    userName: row.user_name,
    externalId: row.external_id,
    displayName: row.display_name,
    email: row.email,
    active: row.active === 1,
    body: row.body,
    version: row.version,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
  };
}
