// A Group of SCIM: what comes in as a draft, and a group as it is shown. The rule: of members only who comes and who goes is worked out, so that a change of a group of
// ten thousand costs what it changes.
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import type { DirectoryGroup, GroupDraft, MemberChange } from '../../store/directory.ts';
import { bareName, groupSchema, onceEach } from './attribute.ts';
import type { Filter } from './filter.ts';
import type { Attributes, Step } from './patch.ts';

const Member = z.looseObject({ value: z.string().min(1).max(200), type: z.string().nullish() });
const Members = z.array(Member).max(20_000);
const Name = z.string().trim().min(1).max(256);
const ExternalId = z.string().max(500);
const Known = z.looseObject({ displayName: Name, externalId: ExternalId.nullish(), members: Members.nullish() });

/** Throws DIRECTORY_INVALID. Members that are not named are none. */
export function groupDraft(raw: Attributes): GroupDraft {
  const names = new Map(['displayName', 'externalId', 'members'].map((name) => [name.toLowerCase(), name]));
  const known = onceEach(Object.entries(raw).map(([key, value]) => [names.get(bareName(key)) ?? key, value]));
  const { displayName, externalId, members } = parsed(Known, known, 'The group');
  return { displayName, externalId: externalId ?? null, members: { kind: 'set', people: peopleIn(members ?? []) } };
}

/** As the steps leave it. Each kind of change of members is kept apart, and the last word on somebody counts. */
export function patchedGroup(group: Pick<DirectoryGroup, 'displayName' | 'externalId'>, steps: readonly Step[]): GroupDraft {
  let { displayName, externalId } = group;
  let set: Set<string> | undefined;
  const add = new Set<string>();
  const remove = new Set<string>();
  const come = (id: string) => void (set?.add(id) ?? (remove.delete(id), add.add(id)));
  const go = (id: string) => void (set ? set.delete(id) : (add.delete(id), remove.add(id)));

  for (const { op, target, value } of steps) {
    if (target.sub !== undefined)
      throw invalid('invalidPath', `"${target.sub}" of a group's ${target.name} is not changed by itself.`);
    switch (target.name) {
      case 'displayname':
        if (op === 'remove' || value === null) throw invalid('mutability', 'A group has a displayName.');
        displayName = parsed(Name, value, 'displayName');
        break;
      case 'externalid':
        externalId = op === 'remove' || value === null ? null : parsed(ExternalId, value, 'externalId');
        break;
      case 'members':
        if (target.filter) {
          if (op !== 'remove') throw invalid('invalidPath', 'Members behind a filter are only removed.');
          idsIn(target.filter).forEach(go);
        } else if (op === 'add') peopleIn(listOf(value)).forEach(come);
        else if (op === 'replace' || value === undefined) {
          set = new Set(op === 'replace' && value !== null ? peopleIn(listOf(value)) : []);
          add.clear();
          remove.clear();
        } else peopleIn(listOf(value)).forEach(go);
        break;
      case 'id':
      case 'meta':
        // Entra repeats the id in an object without a path; it changes nothing.
        break;
      default:
        throw invalid('invalidPath', `A group has no attribute "${target.name}" that can be changed.`);
    }
  }
  const members: MemberChange | undefined = set
    ? { kind: 'set', people: [...set] }
    : add.size + remove.size > 0
      ? { kind: 'change', add: [...add], remove: [...remove] }
      : undefined;
  return { displayName, externalId, members };
}

function idsIn(filter: Filter): readonly string[] {
  if (filter.kind === 'or') return filter.of.flatMap(idsIn);
  if (filter.kind === 'compare' && filter.op === 'eq' && filter.path.toLowerCase() === 'value') return [String(filter.value)];
  throw invalid('invalidFilter', 'A member is named as members[value eq "ID"].');
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function peopleIn(members: readonly unknown[]): readonly string[] {
  return parsed(Members, members, 'members').map(({ value, type }) => {
    if (type?.toLowerCase() === 'group')
      throw invalid('invalidValue', 'Groups within groups are not provisioned here: send their people.');
    return value;
  });
}

export function shownGroup(
  group: DirectoryGroup,
  members: readonly { readonly id: string; readonly name: string }[] | undefined,
  base: string,
): Record<string, unknown> {
  const { id, displayName, externalId } = group;
  return {
    schemas: [groupSchema],
    id,
    ...(externalId === null ? {} : { externalId }),
    displayName,
    ...(members && {
      members: members.map((one) => ({ value: one.id, display: one.name, $ref: `${base}/Users/${one.id}`, type: 'User' })),
    }),
    meta: {
      resourceType: 'Group',
      created: new Date(group.createdAt).toISOString(),
      lastModified: new Date(group.modifiedAt).toISOString(),
      version: `W/"${group.version}"`,
      location: `${base}/Groups/${id}`,
    },
  };
}

const toldAtMost = 200;

/** What is on record of a group, and of who comes and goes. */
export function toldGroup({ displayName, externalId, members }: GroupDraft) {
  const some = (ids: readonly string[]) => ({ count: ids.length, ids: ids.slice(0, toldAtMost) });
  const told =
    members === undefined
      ? {}
      : members.kind === 'set'
        ? { members: some(members.people) }
        : { added: some(members.add), removed: some(members.remove) };
  return { displayName, externalId, ...told };
}

function parsed<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw invalid('invalidValue', `${[what, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'it is not valid'}`);
}

function invalid(scimType: string, reason: string): Fault {
  return new Fault('DIRECTORY_INVALID', { scimType, reason });
}
