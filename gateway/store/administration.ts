// What the store keeps of administration, as verbs: deeds on their way to the audit chain, personal access tokens, requests that are done once. An implementer
// promises what store.ts says. The rule: a secret never arrives here, only its SHA-256, or what is sealed for whoever has it.
import type { DeedRecord } from '#contract/audit.ts';
import type { Capability } from '#contract/capability.ts';
import type { RecordId, Slug, TokenId, UserId } from '#contract/id.ts';

/** A personal access token as stored. Times are ms since 1970. */
export interface AccessToken {
  readonly id: TokenId;
  readonly user: Slug;
  /** What its owner calls it. */
  readonly title: string;
  /** SHA-256 (hex). */
  readonly hash: string;
  /** Undefined: all that the user's role grants at the time of a request. */
  readonly capabilities: readonly Capability[] | undefined;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  readonly usedAt: number | null;
  /** The token that it was made with: it does not outlive that one, and is revoked with it. */
  readonly parent: TokenId | null;
}

/** A request that is to be done once, as it came first. */
export interface OnceAsked {
  readonly request: string;
  readonly answer: string | null;
  readonly at: number;
  /** Something was changed by it. */
  readonly isDone: boolean;
}

/** Who comes with a personal access token, as the database has it now. */
export interface TokenHolder {
  readonly token: AccessToken;
  readonly user: { readonly id: UserId; readonly slug: Slug };
  /** What the user's role grants now. */
  readonly capabilities: readonly Capability[];
  /** Gateways that the user's teams grant now. */
  readonly gateways: readonly Slug[];
}

/** A user of the policy, or one whom a sign-in or a directory made. */
export interface StoredUser {
  readonly slug: Slug;
  readonly title: string | undefined;
  /** Undefined of a service account. */
  readonly email: string | undefined;
  /** JSON: what a service account proves itself by; undefined of a person. */
  readonly service: string | undefined;
  /** Undefined: member. */
  readonly role: Slug | undefined;
  readonly madeBy: string | null;
  /** As the policy has them. */
  readonly teams: readonly Slug[];
  /** Those that the groups of a directory give beside them. */
  readonly groupTeams: readonly Slug[];
}

export interface AdministrationStore {
  user(slug: Slug): Promise<StoredUser | undefined>;
  /** In the order of their slugs, those behind `after`; `search`: a part of slug, address or title, in whatever case. */
  users(of: {
    readonly after: string | undefined;
    readonly limit: number;
    readonly search: string | undefined;
  }): Promise<readonly StoredUser[]>;

  /** Deeds that nobody puts on record, or has stopped to, the oldest first; nobody else gets them until `until`. `again`: somebody began before. */
  takeDeeds(
    now: number,
    until: number,
    limit: number,
  ): Promise<readonly { readonly deed: DeedRecord; readonly again: boolean }[]>;
  /** Which of these are among the newest 20,000 records of some chain. */
  deedsOnRecord(ids: readonly RecordId[]): Promise<ReadonlySet<RecordId>>;
  /** Whoever took them could not put all of them on record. */
  releaseDeeds(ids: readonly RecordId[]): Promise<void>;
  /** They are on record. */
  forgetDeeds(ids: readonly RecordId[]): Promise<void>;
  /** Writes the deed that this store is bound to, where what is done is no change of the policy or of an access. */
  noteDeed(): Promise<void>;
  /** How many are not on record yet. */
  deedsWaiting(): Promise<number>;

  /**
   * Gives a user whom a sign-in or a directory made another role; `member` is none. False where there is no such user, or it is theirs already. Rejects with
   * LAST_SUPER_ADMIN, and with CHANGED_MEANWHILE where the role that they have, also by a group of a directory, is not `from` any more.
   */
  setPersonRole(user: Slug, role: Slug, from: Slug): Promise<boolean>;

  /**
   * Rejects with NAME_UNKNOWN where the policy has no such user, and with TOKEN_REVOKED where its parent is revoked or gone, or has another hash by now than
   * `parentHash`. What expired 90 days before goes with it.
   */
  addAccessToken(token: AccessToken, parentHash?: string): Promise<void>;
  accessTokens(): Promise<readonly AccessToken[]>;
  /** With all that were made with it, and with those. False where there is none, or it is revoked already. */
  revokeAccessToken(id: TokenId, now: number): Promise<boolean>;
  /**
   * Gives one another secret: `from` and `to` are hashes. Those that were made with it are revoked. False where it is revoked, has expired, or its hash is not `from` any
   * more: of several at once one gets true.
   */
  rotateAccessToken(id: TokenId, from: string, to: string, now: number): Promise<boolean>;
  /** By the hash of a secret; also a revoked or expired one. Undefined where there is none, or its user is gone. */
  tokenHolder(hash: string): Promise<TokenHolder | undefined>;
  /** Does not bump the revision. */
  usedAccessToken(id: TokenId, now: number): Promise<void>;

  /**
   * `begun`: this caller does it. Else what was asked with this key within a day, and its answer: null while it is under way. What is older than a day is
   * forgotten with it. Does not bump the revision, as the three below.
   */
  beginOnce(key: string, request: string, now: number): Promise<'begun' | OnceAsked>;
  endOnce(key: string, answer: string): Promise<void>;
  /** Where nothing was changed by it, it may be asked again. */
  forgetOnce(key: string): Promise<void>;
  /** Begins it anew where nothing was changed by it and nobody else did since `at`; false where somebody did. */
  retakeOnce(key: string, at: number, now: number): Promise<boolean>;
}
