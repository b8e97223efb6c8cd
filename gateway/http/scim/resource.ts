// Users and Groups as resources: list, create, read, replace, patch, remove. The rule: a change is of the version that was read, and is a deed on record; one that
// changes nothing leaves nothing.
import { Fault } from '#contract/error.ts';
import { type Acting, doing } from '../../admin/context.ts';
import type { DirectoryGroup, DirectoryPerson, GroupDraft, PersonDraft, Search } from '../../store/directory.ts';
import type { Store } from '../../store/store.ts';
import { isMeant, namesAsked } from './answer.ts';
import { groupDraft, patchedGroup, shownGroup, toldGroup } from './group.ts';
import { type Attributes, PatchBody, stepsOf } from './patch.ts';
import { isSamePerson, patchedPerson, personDraft, shownPerson, toldPerson } from './person.ts';

export interface Shown {
  /** Undefined: it is not shown. */
  readonly resource: object | undefined;
  readonly version: number;
  readonly location: string;
}
export interface Resource {
  list(search: Search, url: string | undefined): Promise<{ readonly total: number; readonly resources: readonly object[] }>;
  create(body: Attributes): Promise<Shown>;
  read(id: string, url: string | undefined): Promise<Shown>;
  replace(id: string, body: Attributes, ifMatch: string | undefined): Promise<Shown>;
  patch(id: string, body: Attributes, ifMatch: string | undefined, url: string | undefined): Promise<Shown>;
  remove(id: string, ifMatch: string | undefined): Promise<void>;
}
type ScimActing = Acting & { readonly now: () => number; readonly base: string };

/** In one answer. */
const membersAtMost = 100_000;
/** A larger group is not shown anew to whoever changed it. */
const shownAfterPatch = 1000;
/** Somebody else may change the same in between, which is looked at again. */
const tries = 5;

export function userResource(acting: ScimActing): Resource {
  const { store, now, base } = acting;
  const { directory } = store;
  const show = async (person: DirectoryPerson): Promise<Shown> => {
    const groups = (await directory.groupsOf([person.id])).get(person.id) ?? [];
    return { resource: shownPerson(person, groups, base), version: person.version, location: `${base}/Users/${person.id}` };
  };
  const change = (id: string, ifMatch: string | undefined, draftOf: (person: DirectoryPerson) => PersonDraft) =>
    again(async () => {
      const person = meant(await directory.person(id), ifMatch);
      const draft = draftOf(person);
      if (isSamePerson(person, draft)) return person;
      const at = now();
      const told = { before: toldPerson(person), after: toldPerson(draft) };
      const to = doing(acting, at, { operation: 'directory.change-user', target: person.user.slug, ...told });
      return await to.directory.changePerson(id, person.version, draft, at);
    });
  return {
    async list(search) {
      const { total, items } = await directory.people(search);
      const groups = await directory.groupsOf(items.map(({ id }) => id));
      return { total, resources: items.map((person) => shownPerson(person, groups.get(person.id) ?? [], base)) };
    },
    async create(body) {
      const at = now();
      const draft = personDraft(body);
      const to = doing(acting, at, {
        operation: 'directory.add-user',
        // The store says which user that is.
        target: null,
        before: null,
        after: toldPerson(draft),
      });
      return show(await to.directory.addPerson(draft, at));
    },
    read: async (id) => show(meant(await directory.person(id), undefined)),
    replace: async (id, body, ifMatch) => {
      return show(await change(id, ifMatch, ({ active }) => personDraft(body, active)));
    },
    patch: async (id, body, ifMatch) => {
      const steps = stepsIn(body);
      return show(await change(id, ifMatch, (person) => patchedPerson(person, steps)));
    },
    async remove(id, ifMatch) {
      await again(async () => {
        const person = meant(await directory.person(id), ifMatch);
        const at = now();
        const told = { before: toldPerson(person), after: null };
        const to = doing(acting, at, { operation: 'directory.remove-user', target: person.user.slug, ...told });
        return (await to.directory.removePerson(id, person.version, at)) || undefined;
      });
    },
  };
}

export function groupResource(acting: ScimActing): Resource {
  const { store, now, base } = acting;
  const { directory } = store;
  const show = async (group: DirectoryGroup, url?: string): Promise<Shown> => {
    const members = (await membersOf([group], url))?.get(group.id) ?? (wantsMembers(url) ? [] : undefined);
    return { resource: shownGroup(group, members, base), version: group.version, location: `${base}/Groups/${group.id}` };
  };
  /** Undefined where they are not asked for. Throws DIRECTORY_INVALID where they are more than one answer holds. */
  async function membersOf(groups: readonly DirectoryGroup[], url: string | undefined) {
    if (!wantsMembers(url)) return undefined;
    const ids = groups.map(({ id }) => id);
    const count = await directory.memberCount(ids);
    if (count > membersAtMost) {
      const reason = `They have ${count} members, and an answer has ${membersAtMost} at most: ask with excludedAttributes=members.`;
      throw new Fault('DIRECTORY_INVALID', { scimType: 'tooMany', reason });
    }
    return directory.membersOf(ids);
  }
  const change = (id: string, ifMatch: string | undefined, draftOf: (group: DirectoryGroup) => GroupDraft) =>
    again(async () => {
      const group = meant(await directory.group(id), ifMatch);
      const draft = draftOf(group);
      const isNamed = draft.displayName === group.displayName && draft.externalId === group.externalId;
      if (isNamed && (await isSameMembers(store, id, draft))) return group;
      const at = now();
      const told = {
        before: toldGroup({ displayName: group.displayName, externalId: group.externalId }),
        after: toldGroup(draft),
      };
      const to = doing(acting, at, { operation: 'directory.change-group', target: id, ...told });
      return await to.directory.changeGroup(id, group.version, draft, at).catch(asMember);
    });
  return {
    async list(search, url) {
      const { total, items } = await directory.groups(search);
      const members = await membersOf(items, url);
      return { total, resources: items.map((group) => shownGroup(group, members && (members.get(group.id) ?? []), base)) };
    },
    async create(body) {
      const at = now();
      const draft = groupDraft(body);
      const to = doing(acting, at, {
        operation: 'directory.add-group',
        target: null,
        before: null,
        after: toldGroup(draft),
      });
      return show(await to.directory.addGroup(draft, at).catch(asMember));
    },
    read: async (id, url) => show(meant(await directory.group(id), undefined), url),
    replace: async (id, body, ifMatch) => {
      const draft = groupDraft(body);
      return show(await change(id, ifMatch, () => draft));
    },
    patch: async (id, body, ifMatch, url) => {
      const steps = stepsIn(body);
      const group = await change(id, ifMatch, (before) => patchedGroup(before, steps));
      const isAsked = namesAsked(url, 'attributes') !== undefined;
      // RFC 7644, section 3.5.2: whoever asks for nothing need not be sent a hundred thousand members for one that came.
      if (!isAsked && wantsMembers(url) && (await directory.memberCount([id])) > shownAfterPatch)
        return { resource: undefined, version: group.version, location: `${base}/Groups/${id}` };
      return show(group, url);
    },
    async remove(id, ifMatch) {
      await again(async () => {
        const group = meant(await directory.group(id), ifMatch);
        const told = { before: toldGroup({ displayName: group.displayName, externalId: group.externalId }), after: null };
        const to = doing(acting, now(), { operation: 'directory.remove-group', target: id, ...told });
        return (await to.directory.removeGroup(id, group.version)) || undefined;
      });
    },
  };
}

async function isSameMembers({ directory }: Store, id: string, { members }: GroupDraft): Promise<boolean> {
  if (members === undefined) return true;
  const asked = members.kind === 'set' ? members.people : [...members.add, ...members.remove];
  const now = await directory.membersAmong(id, asked);
  if (members.kind === 'set') return new Set(asked).size === now.size && (await directory.memberCount([id])) === now.size;
  return members.add.every((one) => now.has(one)) && !members.remove.some((one) => now.has(one));
}

function wantsMembers(url: string | undefined): boolean {
  const wanted = namesAsked(url, 'attributes');
  return wanted ? wanted.has('members') : namesAsked(url, 'excludedAttributes')?.has('members') !== true;
}

function stepsIn(body: Attributes): ReturnType<typeof stepsOf> {
  const read = PatchBody.safeParse(body);
  if (read.success) return stepsOf(read.data);
  const [issue] = read.error.issues;
  const reason = `${issue?.path.join('.') || 'The body'}: ${issue?.message ?? 'it is not valid'}`;
  throw new Fault('DIRECTORY_INVALID', { scimType: 'invalidSyntax', reason });
}

/** Throws NOT_FOUND, and CHANGED_MEANWHILE where it is not as its asker has it. */
function meant<T extends { readonly version: number }>(found: T | undefined, ifMatch: string | undefined): T {
  if (!found) throw new Fault('NOT_FOUND');
  if (!isMeant(found.version, ifMatch)) throw new Fault('CHANGED_MEANWHILE');
  return found;
}

async function again<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let count = 0; count < tries; count++) {
    const done = await attempt();
    if (done !== undefined) return done;
  }
  throw new Fault('BUSY', { what: 'SCIM' });
}

/** A member that is nobody is a value that is wrong, not an address. */
function asMember(error: unknown): never {
  if (error instanceof Fault && error.code === 'NAME_UNKNOWN')
    throw new Fault('DIRECTORY_INVALID', { scimType: 'invalidValue', reason: error.message }, { cause: error });
  throw error;
}
