// What the gateway server keeps, as verbs. Every verb is atomic, and one shared suite runs against each implementation.
// An implementer promises: a verb that changes policy, tokens, workstations, approvals or accounts bumps `revision` in the same transaction;
// records are appended in the order given and are durable when the promise resolves; failure rejects with Fault STORE_UNAVAILABLE.
import type { EnrollRequest } from '#contract/enrollment.ts';
import type { CallRecord, DeedRecord } from '#contract/audit.ts';
import type {
  Fingerprint,
  GatewayId,
  IdentityId,
  OrganizationId,
  ServerId,
  Slug,
  TokenId,
  UserId,
  WorkstationId,
} from '#contract/id.ts';
import type { HostState } from '#contract/host-identity.ts';
import type { SealedPayload } from '#contract/payload.ts';
import type { PolicyFile, PolicyIds } from '#contract/policy.ts';
import type { PostureSummary } from '#contract/posture-summary.ts';
import type { Offer, Verdict } from '#contract/server.ts';
import type { Switch, SwitchTarget } from '#contract/switch.ts';
import type { AdministrationStore } from './administration.ts';
import type { Apart } from './apart.ts';
import type { DirectoryStore } from './directory.ts';
import type { RetentionStore } from './retention.ts';
import type { SearchStore } from './search.ts';
import type { PayloadStore } from './payload.ts';
import type { PinStore } from './pin.ts';
import type { SignInStore } from './sign-in.ts';
import type { AlertStore } from './alert.ts';
import type { EngineSecretStore } from './engine-secret.ts';
import type { SinkStore } from './sink.ts';

export interface StoredPolicy {
  readonly policy: PolicyFile;
  readonly ids: PolicyIds;
}

/** Somebody who counts as there, as the policy in force has them. */
export interface PersonThere {
  readonly id: UserId;
  readonly slug: Slug;
  readonly title: string | undefined;
  /** Undefined: member. */
  readonly role: Slug | undefined;
  readonly teams: readonly Slug[];
}
/** Some of the users: those of this slug, id or address (in lower case), or none. */
export type Whom = { readonly by: 'slug' | 'id' | 'email'; readonly is: string } | 'nobody';

/** What changed in the store since a revision. */
export interface Changes {
  readonly revision: number;
  /** Undefined: anything may have. Else these parts, and these people: as they are now, undefined where they are not there any more. */
  readonly about:
    | {
        readonly parts: ReadonlySet<'offers' | 'approvals' | 'hosts'>;
        readonly people: ReadonlyMap<UserId, PersonThere | undefined>;
      }
    | undefined;
}

/** `agent`: of a program that serves many people, one token for each; its host is the agent's name. */
export interface HostToken {
  readonly kind: 'host' | 'agent';
  readonly id: TokenId;
  readonly user: Slug;
  readonly gateway: Slug;
  readonly host: string;
}
export interface EnrollToken {
  readonly kind: 'enroll';
  readonly id: TokenId;
  readonly user: Slug;
}
/** A token as stored: its SHA-256 (hex), never the secret. Times are ms since 1970. */
export type Token = (HostToken | EnrollToken) & {
  readonly hash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  readonly spentAt: number | null;
};

export interface Workstation {
  readonly id: WorkstationId;
  readonly user: Slug;
  readonly publicKey: EnrollRequest['publicKey'];
  /** RFC 7638 thumbprint of the key, base64url; unique. */
  readonly thumbprint: string;
  readonly hostname: string;
  readonly osUser: string;
  readonly platform: EnrollRequest['platform'];
  readonly enrolledAt: number;
  readonly revokedAt: number | null;
  readonly lastSeenAt: number | null;
}

export interface StoredOffer extends Offer {
  readonly workstation: WorkstationId;
  readonly offeredAt: number;
}
export interface Approval extends Verdict {
  readonly decidedAt: number;
  readonly reason: string | null;
}

/** An identity at a remote server. What it is stays sealed; the store can't open it. */
export interface StoredIdentity {
  readonly id: IdentityId;
  readonly server: { readonly id: ServerId; readonly slug: Slug };
  /** Whose own it is; null of a shared one. */
  readonly user: { readonly id: UserId; readonly slug: Slug } | null;
  /** The one gateway that it is for; null where it is for every one. */
  readonly gateway: { readonly id: GatewayId; readonly slug: Slug } | null;
  /** The origin that the server had when it was set: it goes to no other one. */
  readonly origin: string;
  /** What is sealed: a token as it was given, or the tokens of a sign-in there. `client`: not a person's, but as which app the gateway server is known at the
   * authorization server `origin`; its user and gateway are null. */
  readonly kind: 'token' | 'oauth' | 'client';
  readonly sealed: string;
  readonly setAt: number;
}

/** A host that was used. */
export interface HostSighting {
  /** As contract/host-identity.ts has it. */
  readonly id: string;
  /** What it calls itself, where it says something. */
  readonly title: string | undefined;
  readonly user: Slug;
  readonly gateway: Slug;
  readonly at: number;
}
type Use = Pick<HostSighting, 'user' | 'gateway' | 'at'>;
export interface SeenHost extends Pick<HostSighting, 'id' | 'title'> {
  readonly state: HostState;
  /** Undefined for one that was decided of and not seen yet. */
  readonly first: Use | undefined;
  readonly last: Use | undefined;
  readonly decidedAt: number | undefined;
}

/** One person's use of a host at one gateway. */
export interface HostUse {
  readonly user: Slug;
  readonly gateway: Slug;
  readonly firstAt: number;
  readonly lastAt: number;
  /** Of the clock, in which it was used. */
  readonly minutes: number;
}

/** What a workstation told of itself last. */
export interface ToldPosture {
  readonly workstation: WorkstationId;
  readonly posture: PostureSummary;
  readonly at: number;
}

/** A record as the chain holds it: `body` is the exact JSON text that was hashed. */
export interface ChainedRecord {
  readonly chain: string;
  readonly seq: number;
  readonly at: number;
  readonly body: string;
  readonly hash: string;
}
/** One that is to be appended; its text whole, or taken apart. */
export interface NewRecord extends Omit<ChainedRecord, 'body'> {
  readonly body: string | Apart;
}
/** A captured payload of the record that has this number in the chain. */
export type ChainedPayload = SealedPayload & { readonly seq: number };
/** The chain's state after a group of records, under a key that is not in the database. */
export interface Seal {
  readonly chain: string;
  /** The last record of the group before (0 for the first), so that a seal that is missing in between shows. */
  readonly after: number;
  readonly seq: number;
  readonly hash: string;
  readonly mac: string;
}

/** A record with the seal over its group, where it is the last of it. */
export interface SealedRecord extends ChainedRecord {
  readonly seal: Pick<Seal, 'after' | 'mac'> | undefined;
}
/** Texts that records share, by their keys, as their pieces: kept from page to page by one reading and no longer, because what is altered after it was read is for the next to find. */
export type KeptTexts = Map<number, readonly string[]>;

export interface Store {
  /** The organization's id; made at first call. */
  organization(): Promise<OrganizationId>;
  /** A number that grows with every change of anything but records; cheap enough to ask five times a second. */
  revision(): Promise<number>;
  /** Stands for all that is committed, records too, by whomever: the same text as before where nothing was written since. Two are only compared. Costs one small question. */
  lastWrite(): Promise<string>;

  /** What of the policy in force, offers, approvals and decided hosts is not as it was at this revision; the rest is. People are as at the revision that comes back. */
  changesAfter(revision: number): Promise<Changes>;

  /** As it is in force: with users whom sign-ins made, and the teams that groups give. `whom`: of users with these alone, whoever else there is. */
  policy(whom?: Whom): Promise<StoredPolicy>;
  /** As it was applied last, without those. */
  filedPolicy(): Promise<PolicyFile>;
  /**
   * Replaces the policy if nothing changed since `expectedRevision` but tokens and the like and people whom it does not name, else rejects with STORE_UNAVAILABLE. Slugs that stay keep their ids; one that comes back gets a new one.
   * Users whom sign-ins made stay, unless the policy names one of their slug or address: then they are that one, or gone.
   * Tokens and workstations of users that are gone, and host tokens and connections of gateways that are gone, are revoked at `now`.
   */
  replacePolicy(policy: PolicyFile, expectedRevision: number, now: number): Promise<void>;
  /** Rejects as `replacePolicy` would, whatever the revision. Changes nothing; others wait meanwhile as they do for that. */
  tryPolicy(policy: PolicyFile, now: number): Promise<void>;

  /** Of the user of this name who counts as there, or of `anybody` of this name; undefined where there is none. */
  userIdOf(slug: Slug, of?: 'anybody'): Promise<UserId | undefined>;

  /** Rejects with NAME_UNKNOWN where the policy has no such user, or no such gateway for a host token. */
  addToken(token: Token): Promise<void>;
  tokenByHash(hash: string): Promise<Token | undefined>;
  tokenById(id: TokenId): Promise<Token | undefined>;
  tokens(): Promise<readonly Token[]>;
  /** False where there is no such token, or it is revoked already. */
  revokeToken(id: TokenId, now: number): Promise<boolean>;
  /** Spends an enrollment token and adds the workstation, both or neither. `spent`, `expired`, `revoked`, `unknown` (also where the workstation names another user): nothing was changed. Rejects with KEY_ENROLLED where a workstation has this key already. */
  enroll(
    tokenHash: string,
    workstation: Workstation,
    now: number,
  ): Promise<'enrolled' | 'spent' | 'expired' | 'revoked' | 'unknown'>;

  /** Those of these that exist, whole. */
  workstationsOf(ids: readonly WorkstationId[]): Promise<ReadonlyMap<WorkstationId, Workstation>>;
  workstations(): Promise<readonly Workstation[]>;
  /** Those of these that exist and are not revoked, with their users. */
  liveWorkstations(ids: readonly WorkstationId[]): Promise<ReadonlyMap<WorkstationId, Slug>>;
  revokeWorkstation(id: WorkstationId, now: number): Promise<boolean>;
  /** Does not bump the revision. Unknown ids are left out. */
  seenWorkstations(ids: readonly WorkstationId[], now: number): Promise<void>;

  /** Keeps the newest of each. Does not bump the revision. Unknown or revoked workstations are left out. */
  tellPostures(told: readonly ToldPosture[]): Promise<void>;
  postures(): Promise<ReadonlyMap<WorkstationId, ToldPosture>>;

  /** Replaces what a workstation offers; an offer that stays keeps its `offeredAt`. Bumps the revision only where something changed. Unknown or revoked workstations offer nothing. */
  replaceOffers(workstation: WorkstationId, offers: readonly Offer[], now: number): Promise<void>;
  offers(): Promise<readonly StoredOffer[]>;
  approvals(): Promise<readonly Approval[]>;
  decide(
    server: Slug,
    fingerprint: Fingerprint,
    decision: Verdict['decision'],
    reason: string | null,
    now: number,
  ): Promise<void>;

  /** The identity for this gateway, else the one for every gateway; never a client. `user` null: the shared one. */
  identity(server: ServerId, user: UserId | null, gateway: GatewayId): Promise<StoredIdentity | undefined>;
  identityById(id: IdentityId): Promise<StoredIdentity | undefined>;
  /** As which app the gateway server is known at an authorization server, for the sake of one remote server. */
  identityClient(server: ServerId, issuer: string): Promise<StoredIdentity | undefined>;
  identities(): Promise<readonly StoredIdentity[]>;
  /**
   * Sets what the identity with these server, user and gateway (of a client: server and origin) is. There is one of each at most, and `identity.id` must be its id; otherwise nothing is
   * changed and false comes back, as it does where server, user or gateway are not (any more) in the policy.
   */
  setIdentity(identity: StoredIdentity): Promise<boolean>;
  /** Its value is gone for good. False where there is none. */
  removeIdentity(id: IdentityId, now: number): Promise<boolean>;
  /** Replaces sealed values that are still what they were, all in one; the ids of those that were not. */
  resealIdentities(
    changes: readonly { readonly id: IdentityId; readonly before: string; readonly after: string }[],
  ): Promise<readonly IdentityId[]>;
  /**
   * True for the one who may renew it until then: its value is still this, and nobody else is about it. `held`: the end of a lease of one's own, which this one
   * takes the place of. Does not bump the revision.
   */
  leaseIdentity(id: IdentityId, sealed: string, now: number, until: number, held?: number): Promise<boolean>;
  /**
   * Puts the renewed value in the place of the one before, and ends the lease. False where that is not its value any more or, with `lease` (the end of one's own),
   * where somebody else has the lease now. Does not bump the revision.
   */
  renewIdentity(id: IdentityId, before: string, after: string, lease?: number): Promise<boolean>;

  /** Appends records, the seal over the last of them and their captured payloads in one durable transaction (group commit). */
  appendRecords(records: readonly NewRecord[], seal: Seal, payloads?: readonly ChainedPayload[]): Promise<void>;
  /** The newest record and seal of a chain. */
  chainHead(chain: string): Promise<{ readonly record: ChainedRecord; readonly seal: Seal } | undefined>;
  chains(): Promise<readonly string[]>;
  /** Records of a chain with a higher seq, oldest first, at most `limit`. */
  recordsAfter(chain: string, seq: number, limit: number): Promise<readonly ChainedRecord[]>;
  sealsAfter(chain: string, seq: number, limit: number): Promise<readonly Seal[]>;
  /** Both at once, as they are checked. `texts`: what was kept of the pages before. */
  sealedAfter(chain: string, seq: number, limit: number, texts?: KeptTexts): Promise<readonly SealedRecord[]>;
  /** The newest records over all chains, newest first. */
  newestRecords(limit: number): Promise<readonly ChainedRecord[]>;
  /**
   * Of each of these users the newest calls that a user is to see (isWorthTelling), newest first, at most `limit`. It looks back over the newest few
   * thousand records of each chain and no further, so that it costs the same however many there are, and however many users are asked for.
   */
  newestCalls(users: readonly UserId[], limit: number): Promise<ReadonlyMap<UserId, readonly CallRecord[]>>;

  /** Adds hosts that were not seen yet, and says of the others who used them last, where, and of each use when. Does not bump the revision. */
  sawHosts(sightings: readonly HostSighting[]): Promise<void>;
  /** Every host that was ever seen or decided of, the one that was used last first. */
  hosts(): Promise<readonly SeenHost[]>;
  /** Who used a host at which gateway, the newest first; those of the last half year. */
  hostUses(id: string): Promise<readonly HostUse[]>;
  /** Those that were allowed or blocked. */
  decidedHosts(): Promise<readonly Pick<SeenHost, 'id' | 'state'>[]>;
  /** Allows or blocks a host, also one that was not seen yet. False where that is so already. */
  decideHost(id: string, state: 'allowed' | 'blocked', now: number): Promise<boolean>;

  /** What is switched off, the oldest first; also what is on again since, because its time has come. */
  switches(): Promise<readonly Switch[]>;
  /** In the place of the switch of the same kind and name. */
  switchOff(off: Switch): Promise<void>;
  /** False where it was not off. */
  switchOn(of: SwitchTarget): Promise<boolean>;

  /** Hosts that sign in by themselves. */
  readonly signIn: SignInStore;
  readonly administration: AdministrationStore;

  /**
   * The same store for one deed of an administrator: whatever its verbs change, the deed is written in the same transaction, once. A verb that changes nothing writes
   * nothing.
   */
  recording(deed: DeedRecord): Store;
  /** The same store for a request that is to be done once: whatever is written with a deed by what `recording` makes of it says in the same transaction that the request was done. */
  once(key: string): Store;

  /** People and groups that a directory provisions, and who counts as not there. */
  readonly directory: DirectoryStore;
  /** Finding records by what they say. */
  readonly search: SearchStore;
  /** Records whose time is over. */
  readonly retention: RetentionStore;

  /** Where records are sent. */
  readonly sink: SinkStore;
  /** What deserves a look. */
  readonly alert: AlertStore;

  /** What engines are shown in a header. */
  readonly engineSecret: EngineSecretStore;

  /** Definitions of items, and what was decided of them. */
  readonly pin: PinStore;

  /** What was captured of calls. */
  readonly payload: PayloadStore;

  close(): Promise<void>;
}
