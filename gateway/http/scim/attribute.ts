// The attributes that SCIM names, and what they are here. The rule: names are compared without case (RFC 7643, section 2.1), and what can't be looked for is refused
// rather than left out, because a filter that says less finds too much.
import { Fault } from '#contract/error.ts';
import type { Field, Match, Search } from '../../store/directory.ts';
import type { Filter } from './filter.ts';

export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const enterpriseSchema = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const messageSchema = (name: 'ListResponse' | 'PatchOp' | 'Error') => `urn:ietf:params:scim:api:messages:2.0:${name}`;

export type Kind = 'User' | 'Group';

const shared: Readonly<Record<string, Field>> = {
  id: 'id',
  externalid: 'externalId',
  displayname: 'displayName',
  'meta.created': 'created',
  'meta.lastmodified': 'modified',
};
const fields: Readonly<Record<Kind, Readonly<Record<string, Field>>>> = {
  User: {
    ...shared,
    username: 'userName',
    active: 'active',
    emails: 'email',
    'emails.value': 'email',
    'emails.type': 'emailType',
    'emails.primary': 'emailPrimary',
  },
  Group: { ...shared, members: 'member', 'members.value': 'member' },
};

/** Behind the name of its schema, in lower case. */
export function bareName(path: string): string {
  const name = path.toLowerCase();
  for (const schema of [userSchema, groupSchema])
    if (name.startsWith(`${schema.toLowerCase()}:`)) return name.slice(schema.length + 1);
  return name;
}

/** An object of attributes. Throws DIRECTORY_INVALID where one stands there twice: of two only one would count, and nobody can tell which was meant. */
export function onceEach<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  const seen = new Set<string>();
  for (const [name] of entries) {
    if (seen.has(name))
      throw new Fault('DIRECTORY_INVALID', { scimType: 'invalidSyntax', reason: `${name} stands there twice.` });
    seen.add(name);
  }
  return Object.fromEntries(entries);
}

/** Throws DIRECTORY_INVALID (invalidFilter). */
export function matchOf(kind: Kind, filter: Filter, within = ''): Match {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { kind: filter.kind, of: filter.of.map((one) => matchOf(kind, one, within)) };
    case 'not':
      return { kind: 'not', of: matchOf(kind, filter.of, within) };
    case 'within': {
      const match = matchOf(kind, filter.of, `${bareName(filter.path)}.`);
      return kind === 'User' ? { kind: 'of-one-email', match } : match;
    }
    case 'present':
      return { kind: 'present', field: fieldOf(kind, within + bareName(filter.path)) };
    case 'compare':
      return compared(fieldOf(kind, within + bareName(filter.path)), filter);
  }
}

function compared(field: Field, { path, op, value }: Extract<Filter, { kind: 'compare' }>): Match {
  if (value === null) {
    const present = { kind: 'present', field } as const;
    if (op === 'ne') return present;
    if (op === 'eq') return { kind: 'not', of: present };
    throw invalid(`${path} is not ${op} than nothing`);
  }
  if (field === 'member' && op !== 'eq') throw invalid(`${path} is compared by eq only`);
  if (field === 'created' || field === 'modified') {
    const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(at) || op === 'co' || op === 'sw' || op === 'ew') throw invalid(`${path} is compared with a time`);
    return { kind: 'compare', field, op, value: at };
  }
  if (field === 'active' || field === 'emailPrimary') {
    const truth = typeof value === 'string' ? truths[value.toLowerCase()] : value;
    if (typeof truth !== 'boolean' || (op !== 'eq' && op !== 'ne')) throw invalid(`${path} is eq or ne true or false`);
    return { kind: 'compare', field, op, value: truth };
  }
  if (typeof value !== 'string') throw invalid(`${path} is compared with a text in double quotes`);
  return { kind: 'compare', field, op, value: field === 'emailType' ? value.toLowerCase() : value };
}

const truths: Readonly<Record<string, boolean>> = { true: true, false: false };

function fieldOf(kind: Kind, name: string): Field {
  const field = Object.hasOwn(fields[kind], name) ? fields[kind][name] : undefined;
  if (field === undefined)
    throw invalid(`"${name}" is nothing that a ${kind} is looked for by. Use ${Object.keys(fields[kind]).join(', ')}`);
  return field;
}

/** What is unknown sorts by nothing, as RFC 7644 (section 3.4.2.3) lets it. */
export function sortOf(kind: Kind, name: string | undefined): Search['sort'] {
  const field = name === undefined ? undefined : fields[kind][bareName(name)];
  switch (field) {
    case 'userName':
    case 'externalId':
    case 'displayName':
    case 'created':
    case 'modified':
      return field;
    default:
      return 'id';
  }
}

function invalid(reason: string): Fault {
  return new Fault('DIRECTORY_INVALID', { scimType: 'invalidFilter', reason: `The filter is not valid: ${reason}.` });
}
