// What the store keeps of a directory that provisions people by SCIM, as verbs. An implementer promises what store.ts says. The rule: a person of the directory is
// one user here. Where the policy or a sign-in has a user of that address it is that one, who keeps what is theirs; else one is made.
import type { Slug, TokenId, UserId } from '#contract/id.ts';

/** As the directory says it. `email` is the one address by which the person is known here. */
export interface PersonDraft {
  readonly userName: string;
  readonly externalId: string | null;
  readonly displayName: string | null;
  readonly email: string;
  readonly emails: readonly { readonly value: string; readonly type: string | null; readonly primary: boolean }[];
  readonly active: boolean;
  /** The other attributes, as JSON. */
  readonly body: string;
}
interface Kept {
  readonly id: string;
  /** Grows with each change. */
  readonly version: number;
  readonly createdAt: number;
  readonly modifiedAt: number;
}
export interface DirectoryPerson extends Omit<PersonDraft, 'emails'>, Kept {
  readonly user: { readonly id: UserId; readonly slug: Slug };
}
export interface DirectoryGroup extends Kept {
  readonly displayName: string;
  readonly externalId: string | null;
}
/** A group and its members as they are to be; undefined members stay. */
export interface GroupDraft extends Pick<DirectoryGroup, 'displayName' | 'externalId'> {
  readonly members?: MemberChange | undefined;
}
export type MemberChange =
  | { readonly kind: 'set'; readonly people: readonly string[] }
  | { readonly kind: 'change'; readonly add: readonly string[]; readonly remove: readonly string[] };

/** What is looked for. Names are this product's, so that no text from outside becomes part of a query. */
export type Field =
  | 'id'
  | 'userName'
  | 'externalId'
  | 'displayName'
  | 'active'
  | 'created'
  | 'modified'
  | 'email'
  | 'emailType'
  | 'emailPrimary'
  | 'member';
export type Operator = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';
export type Match =
  | { readonly kind: 'compare'; readonly field: Field; readonly op: Operator; readonly value: string | number | boolean }
  | { readonly kind: 'present'; readonly field: Field }
  /** Of one and the same e-mail address. */
  | { readonly kind: 'of-one-email'; readonly match: Match }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Match[] }
  | { readonly kind: 'not'; readonly of: Match };
export interface Search {
  readonly match: Match | undefined;
  readonly sort: Extract<Field, 'id' | 'userName' | 'externalId' | 'displayName' | 'created' | 'modified'>;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}
export interface Found<T> {
  readonly total: number;
  readonly items: readonly T[];
}

/** A directory's token as stored. */
export interface DirectoryToken {
  readonly id: TokenId;
  readonly title: string;
  /** SHA-256 (hex). */
  readonly hash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  readonly usedAt: number | null;
}

/** What a user had that let somebody in, by its id. */
export interface CutAccess {
  readonly tokens: readonly { readonly id: string; readonly kind: 'host' | 'agent' | 'enroll'; readonly name: string }[];
  readonly accessTokens: readonly { readonly id: string; readonly name: string }[];
  readonly connections: readonly { readonly id: string; readonly name: string }[];
  readonly workstations: readonly { readonly id: string; readonly name: string }[];
  /** Browsers that were signed in. */
  readonly sessions: number;
}

export interface DirectoryStore {
  /**
   * Whoever is not active counts as not there: their tokens, connections, workstations and sessions are revoked with it, and do not come back. Rejects with NAME_TAKEN
   * where the userName or the address is another person's, with CHOICE_NEEDED where several users have it. The deed's target is the name of the user who they are.
   */
  addPerson(draft: PersonDraft, now: number): Promise<DirectoryPerson>;
  person(id: string): Promise<DirectoryPerson | undefined>;
  people(search: Search): Promise<Found<DirectoryPerson>>;
  /** Undefined where it is not of this version any more, or gone. Rejects as addPerson does, and with LAST_SUPER_ADMIN. */
  changePerson(id: string, version: number, draft: PersonDraft, now: number): Promise<DirectoryPerson | undefined>;
  /** A user who was made goes. They count as not there from now on, by their address too, until the directory or an administrator has them again. */
  removePerson(id: string, version: number, now: number): Promise<boolean>;
  /** Their groups, by person. */
  groupsOf(people: readonly string[]): Promise<ReadonlyMap<string, readonly Pick<DirectoryGroup, 'id' | 'displayName'>[]>>;

  /** Rejects with NAME_TAKEN, and with NAME_UNKNOWN for a member that is nobody. The deed's target is the group's id. */
  addGroup(draft: GroupDraft, now: number): Promise<DirectoryGroup>;
  group(id: string): Promise<DirectoryGroup | undefined>;
  groups(search: Search): Promise<Found<DirectoryGroup>>;
  /** Of all these groups together. */
  memberCount(groups: readonly string[]): Promise<number>;
  /** Which of these people are in a group. */
  membersAmong(group: string, people: readonly string[]): Promise<ReadonlySet<string>>;
  membersOf(groups: readonly string[]): Promise<ReadonlyMap<string, readonly { readonly id: string; readonly name: string }[]>>;
  changeGroup(id: string, version: number, draft: GroupDraft, now: number): Promise<DirectoryGroup | undefined>;
  removeGroup(id: string, version: number): Promise<boolean>;

  addToken(token: DirectoryToken): Promise<void>;
  tokenByHash(hash: string): Promise<DirectoryToken | undefined>;
  tokens(): Promise<readonly DirectoryToken[]>;
  revokeToken(id: TokenId, now: number): Promise<boolean>;
  usedToken(id: TokenId, now: number): Promise<void>;

  /** The user counts as not there until `release`, and what let them in is revoked. Undefined where there is no such user. Rejects with LAST_SUPER_ADMIN. */
  hold(user: string, now: number): Promise<(CutAccess & { readonly user: UserId; readonly email: string }) | undefined>;
  /**
   * Lifts what holds a user, and nobody else; false where nothing does. A directory that says they are not active holds them all the same. Rejects with UNCHANGEABLE
   * where somebody else has their address and is held.
   */
  release(user: string, now: number): Promise<boolean>;
  /** Who counts as not there, though the policy or a directory names them. */
  held(): Promise<readonly { readonly slug: Slug; readonly cause: 'directory' | 'offboarding'; readonly since: number }[]>;
}
