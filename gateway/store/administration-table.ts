// The tables of administration: deeds, personal access tokens, requests that are done once. The rule is that of table.ts, of which it is a part.
import type { RecordId, Slug, TokenId, UserId } from '#contract/id.ts';

export interface AdministrationTables {
  /** The deeds of administrators that are not in the audit chain yet: written in the transaction of what they tell of. */
  readonly deed: {
    readonly id: RecordId;
    readonly at: number;
    /** JSON: a DeedRecord. */
    readonly body: string;
    /** Until when somebody puts it on record; null where nobody has begun to. */
    readonly lease_until: number | null;
  };
  readonly access_token: {
    readonly id: TokenId;
    readonly hash: string;
    readonly user_id: UserId;
    readonly user_slug: Slug;
    readonly title: string;
    /** JSON: names of capabilities; null: all of the user's role. */
    readonly capabilities: string | null;
    readonly created_at: number;
    readonly expires_at: number;
    readonly revoked_at: number | null;
    readonly used_at: number | null;
    /** The token that it was made with, which it does not outlive; null of one that was made at the command line. */
    readonly parent: TokenId | null;
  };

  /** Requests that are to be done once, by who asked and the key that they gave. */
  readonly idempotency: {
    readonly key: string;
    /** SHA-256 of the request. */
    readonly request: string;
    /** Sealed for who asked; null while it is under way. */
    readonly answer: string | null;
    readonly at: number;
    /** 1: something was changed by it. Written in the transaction of that. */
    readonly done: number;
  };
}
