// A User of SCIM: what comes in as a draft of a person, and a person as it is shown. The rule: what is only to be read, and passwords, are dropped from what comes;
// what is shown is what was said, with what this gateway knows beside it.
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import type { DirectoryGroup, DirectoryPerson, PersonDraft } from '../../store/directory.ts';
import { bareName, enterpriseSchema, onceEach, userSchema } from './attribute.ts';
import { type Attributes, enterpriseName, patched, refuseTooMany, type Step } from './patch.ts';

const single = [
  'userName',
  'externalId',
  'displayName',
  'active',
  'name',
  'nickName',
  'profileUrl',
  'title',
  'userType',
  'preferredLanguage',
  'locale',
  'timezone',
] as const;
const many = ['emails', 'phoneNumbers', 'addresses', 'ims', 'photos', 'roles', 'entitlements', 'x509Certificates'] as const;
const shape = new Map<string, { name: string; many: boolean }>([
  ...single.map((name): [string, { name: string; many: boolean }] => [name.toLowerCase(), { name, many: false }]),
  ...many.map((name): [string, { name: string; many: boolean }] => [name.toLowerCase(), { name, many: true }]),
  [enterpriseName, { name: enterpriseSchema, many: false }],
]);
const onlyRead: ReadonlySet<string> = new Set(['id', 'meta', 'groups', 'schemas']);
const longestBytes = 64 * 1024;

const text = (longest: number) => z.string().max(longest);
/** Entra says truth in words. */
const Truth = z.union(
  [
    z.boolean(),
    z
      .string()
      .transform((word) => word.toLowerCase())
      .pipe(z.enum(['true', 'false']))
      .transform((word) => word === 'true'),
  ],
  { error: 'say true or false' },
);
const Email = z.looseObject({ value: text(320), type: text(50).nullish(), primary: Truth.nullish() });
const Known = z.looseObject({
  userName: text(320).trim().min(1),
  externalId: text(500).nullish(),
  displayName: text(500).nullish(),
  active: Truth.nullish(),
  name: z
    .looseObject({ formatted: text(500).nullish(), givenName: text(300).nullish(), familyName: text(300).nullish() })
    .nullish(),
  emails: z.array(Email).max(50).nullish(),
});

/**
 * `before`: whether they are active now; that stays where nothing is said of it, so that what leaves it out lets nobody in again. Throws DIRECTORY_INVALID where an
 * attribute is not as its schema has it, or no e-mail address says who it is.
 */
export function personDraft(raw: Attributes, before = true): PersonDraft {
  const attributes = canonical(raw);
  for (const [name, value] of Object.entries(attributes)) refuseTooMany(name, value);
  const read = Known.safeParse(attributes);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw invalid(`${issue?.path.join('.') || 'The user'}: ${issue?.message ?? 'it is not valid'}`);
  }
  const { userName, externalId, displayName, name, emails } = read.data;
  const active = read.data.active ?? before;
  const listed = (emails ?? []).map(({ value, type, primary }) => ({
    value: value.trim(),
    type: type ?? null,
    primary: primary ?? false,
  }));
  const said = { ...attributes, userName, active, ...(emails ? { emails } : {}) };
  const body = JSON.stringify(said);
  if (Buffer.byteLength(body) > longestBytes) throw invalid(`A user has at most ${longestBytes} bytes of attributes.`);
  const full = [name?.givenName, name?.familyName].filter((part) => part).join(' ');
  return {
    userName,
    externalId: externalId ?? null,
    displayName: displayName || name?.formatted || full || null,
    email: emailOf(userName, listed),
    emails: listed,
    active,
    body,
  };
}

/** The primary one, the one of work, the first; else the userName. */
function emailOf(userName: string, emails: PersonDraft['emails']): string {
  const wanted = [
    emails.find(({ primary }) => primary),
    emails.find(({ type }) => type?.toLowerCase() === 'work'),
    ...emails,
    { value: userName },
  ];
  const found = wanted.flatMap((one) => (one ? [one.value] : [])).find((value) => z.email().safeParse(value).success);
  if (found === undefined)
    throw invalid('A person is known here by an e-mail address: send one in emails, or use it as the userName.');
  return found;
}

export function patchedPerson(person: Pick<DirectoryPerson, 'body' | 'active'>, steps: readonly Step[]): PersonDraft {
  const wanted = steps.filter(({ target }) => target.name !== 'password');
  const fixed = wanted.find(({ target }) => onlyRead.has(target.name));
  if (fixed)
    throw new Fault('DIRECTORY_INVALID', { scimType: 'mutability', reason: `"${fixed.target.name}" is not to be changed.` });
  return personDraft(patched(attributesOf(person), wanted, shape), person.active);
}

export function isSamePerson(person: DirectoryPerson, draft: PersonDraft): boolean {
  return person.body === draft.body && person.email === draft.email && person.displayName === draft.displayName;
}

export function shownPerson(
  person: DirectoryPerson,
  groups: readonly Pick<DirectoryGroup, 'id' | 'displayName'>[],
  base: string,
): Record<string, unknown> {
  const attributes = attributesOf(person);
  const location = `${base}/Users/${person.id}`;
  return {
    schemas: [userSchema, ...(Object.hasOwn(attributes, enterpriseSchema) ? [enterpriseSchema] : [])],
    id: person.id,
    ...attributes,
    groups: groups.map(({ id, displayName }) => ({
      value: id,
      display: displayName,
      $ref: `${base}/Groups/${id}`,
      type: 'direct',
    })),
    meta: {
      resourceType: 'User',
      created: new Date(person.createdAt).toISOString(),
      lastModified: new Date(person.modifiedAt).toISOString(),
      version: `W/"${person.version}"`,
      location,
    },
  };
}

/** What is on record of a person. */
export function toldPerson({ userName, externalId, email, active }: PersonDraft | DirectoryPerson) {
  return { userName, externalId, email, active };
}

const AttributesText = z.record(z.string(), z.json());

function attributesOf({ body }: Pick<DirectoryPerson, 'body'>): Attributes {
  return AttributesText.parse(JSON.parse(body));
}

/** Names as the schema writes them; what it has not is left out. */
function canonical(raw: Attributes): Attributes {
  return onceEach(
    Object.entries(raw).flatMap(([key, value]): [string, Attributes[string]][] => {
      const known = shape.get(key.toLowerCase() === enterpriseName ? enterpriseName : bareName(key));
      return known && value !== null ? [[known.name, value]] : [];
    }),
  );
}

function invalid(reason: string): Fault {
  return new Fault('DIRECTORY_INVALID', { scimType: 'invalidValue', reason });
}
