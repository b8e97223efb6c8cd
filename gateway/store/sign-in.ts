// What the store keeps of hosts that sign in by themselves, as verbs. An implementer promises what store.ts says, and beyond it:
// an item's id never arrives here, only its SHA-256; what takes an access away bumps the revision in the same transaction, what gives one does not
// (nobody remembers that a token was not there).
import { z } from 'zod';
import type { ConnectionId, Slug, UserId } from '#contract/id.ts';

/** Something that the authorization server keeps for a time: a code, a token, a session, a request under way. */
export interface SignInItem {
  readonly model: string;
  /** SHA-256 (hex) of its id. */
  readonly key: string;
  /** SHA-256 (hex) of the grant that it belongs to: all tokens of one sign-in are a family. */
  readonly family: string | null;
  /** A second name by which a session is found. */
  readonly uid: string | null;
  /** Set on grants and on tokens of service accounts: the connection that they stand for. */
  readonly connection: ConnectionId | null;
  /** JSON without the id. */
  readonly body: string;
  readonly expiresAt: number;
  readonly consumedAt: number | null;
}

/** A client that registered itself (RFC 7591): its metadata as JSON. */
export interface SignInClient {
  readonly id: string;
  readonly body: string;
  readonly createdAt: number;
}

/** One host of one user at one gateway, to which that user consented, with the one place (port of loopback aside) that it returns to. */
export interface Connection {
  readonly id: ConnectionId;
  readonly client: string;
  /** The AI host as records name it. */
  readonly host: string;
  /** What the client calls itself. */
  readonly title: string;
  readonly redirect: string;
  readonly user: { readonly id: UserId; readonly slug: Slug };
  readonly gateway: Slug;
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

/** Who calls with an access token. */
export interface TokenBearer {
  readonly connection: Connection;
  /** What it was issued for: scopes, with a space between. */
  readonly scopes: string;
  /** The tools that need a consent of their own and were shown when its person consented. */
  readonly stepUp: StepUp;
  readonly expiresAt: number;
}

/** Tools by the id of their server. */
export const StepUp = z.record(z.string(), z.union([z.literal('all'), z.array(z.string())]));
export type StepUp = Readonly<Record<string, 'all' | readonly string[]>>;

/** The item, of the same key as a grant, that keeps what was shown for it. */
export const stepUpModel = 'StepUp';

/** The items behind which an account may be made. */
export const accountLinkModel = 'AccountLink';

/** An account of the gateway server's own: its password hashed, the secret of its changing codes sealed. */
export interface LocalAccount {
  /** In lower case. */
  readonly email: string;
  readonly password: string;
  readonly totp: string;
  readonly createdAt: number;
}

/**
 * Who comes by an account: the user who is bound to it, one of its address who is bound to none yet, one who comes by another account (or whose address the bound user's
 * account tells), nobody, or several of this address.
 */
export type Whose =
  | { readonly kind: 'bound' | 'unbound' | 'elsewhere'; readonly user: UserId; readonly slug: Slug }
  | { readonly kind: 'nobody' | 'several' };

/** A user whom a sign-in made. */
export interface MadePerson {
  readonly slug: Slug;
  readonly email: string;
  readonly provider: string;
  readonly lastAt: number | null;
}

export interface SignInStore {
  /** Who comes by an account at an identity provider that tells this verified address, in lower case. */
  whose(of: { readonly issuer: string; readonly subject: string; readonly email: string }): Promise<Whose>;
  /**
   * Somebody came by one: makes them a user where there is none and `makes` says so, with `teams`, binds whoever is not bound to that account, and gives them the
   * teams of their groups (undefined: groups count for nothing here). A user whom a sign-in made has the address that it tells from now on. `gives`: whether the
   * provider makes users or gives teams at all; without it only what it gave before ends. Bumps the revision where something changed. Returns who it was before.
   */
  arrive(of: {
    readonly issuer: string;
    readonly subject: string;
    readonly email: string;
    readonly provider: string;
    readonly makes: boolean;
    readonly gives: boolean;
    readonly title: string | undefined;
    readonly teams: readonly Slug[];
    readonly ofGroups: readonly Slug[] | undefined;
    readonly at: number;
  }): Promise<Whose>;
  /** Forgets by which account a user comes, or all who come by an issuer: their next sign-in says it anew. How many. */
  unbind(of: { readonly slug: string } | { readonly issuer: string }): Promise<number>;
  /** By which provider that makes users or gives teams a user came last, and when. */
  lastArrival(user: UserId): Promise<{ readonly provider: string; readonly at: number } | undefined>;
  madePeople(): Promise<readonly MadePerson[]>;
  /** Removes a user whom a sign-in made, with what is theirs. False where there is none. */
  removePerson(slug: string, now: number): Promise<boolean>;

  /** Adds or replaces. Items that expired an hour ago are removed with it, a few at a time. */
  putItem(item: SignInItem, now: number): Promise<void>;
  item(model: string, key: string): Promise<SignInItem | undefined>;
  itemByUid(model: string, uid: string): Promise<SignInItem | undefined>;
  /** True for the one caller that consumes it. */
  consumeItem(model: string, key: string, now: number): Promise<boolean>;
  /** As if it had not been consumed, where it was at this very time: for what was asked for with it and could not be kept. */
  giveItemBack(model: string, key: string, consumedAt: number): Promise<void>;
  /** Returns what was removed. */
  removeItem(model: string, key: string): Promise<SignInItem | undefined>;
  removeItemByUid(model: string, uid: string): Promise<void>;
  /** Removes every item of a model that belongs to a family; how many. */
  removeFamily(model: string, family: string): Promise<number>;
  /** Ends every access token of a family; how many. They stay until they would have expired, so that it can be said whose one was. */
  endAccess(family: string, now: number): Promise<number>;
  /** Whose access token this is, while its grant (of a service account there is none) and its connection stand. */
  bearer(key: string): Promise<TokenBearer | undefined>;
  /** Whose access token this was, where its family was ended. It lets nobody in. */
  formerBearer(key: string): Promise<Connection | undefined>;

  /** False where `atMost` clients registered already. Those that are older than a day and that nobody has a grant for make room, some of the oldest at a time. */
  addClient(client: SignInClient, atMost: number): Promise<boolean>;
  client(id: string): Promise<SignInClient | undefined>;

  /** Rejects with NAME_UNKNOWN where the policy has no such user or gateway. */
  addConnection(connection: Connection): Promise<void>;
  /** The live one of a client, user and gateway with this redirect. */
  connectionOf(of: Pick<Connection, 'client' | 'gateway' | 'redirect'> & { user: UserId }): Promise<Connection | undefined>;
  connection(id: ConnectionId): Promise<Connection | undefined>;
  connections(): Promise<readonly Connection[]>;
  /** Revokes it and removes every token and grant of it. False where there is none, or it is revoked already. */
  revokeConnection(id: ConnectionId, now: number): Promise<boolean>;

  /** Adds, or replaces with nothing left of the one before; whoever was locked out is not any more, and its person is signed in at no browser. */
  putAccount(account: LocalAccount): Promise<void>;
  accounts(): Promise<readonly LocalAccount[]>;
  /** Counts an attempt from a network (its SHA-256). False for a quarter of an hour after five from there that did not pass. */
  beginAttempt(network: string, now: number): Promise<boolean>;
  /** Counts a code that came with the right password. False for a quarter of an hour after five that did not pass, for good after a hundred, and where there is no account. */
  beginCode(email: string, now: number): Promise<boolean>;
  /** Ends the counting. False where this step of the changing codes, or a later one, passed already. */
  passAttempt(email: string, step: number, network: string): Promise<boolean>;
  /** Its person is signed in at no browser any more. */
  removeAccount(email: string): Promise<boolean>;
}
