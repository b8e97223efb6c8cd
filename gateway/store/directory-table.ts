// The tables of what a directory (SCIM) says, and of who counts as not there. The rule is that of table.ts, of which it is a part.
import type { TokenId, UserId } from '#contract/id.ts';

export interface DirectoryTables {
  /** What a directory says of people; `…_key` is in lower case. */
  readonly directory_person: {
    readonly id: string;
    readonly user_id: UserId;
    readonly user_name: string;
    readonly user_name_key: string;
    readonly external_id: string | null;
    readonly display_name: string | null;
    readonly display_name_key: string | null;
    readonly email: string;
    readonly email_key: string;
    readonly active: number;
    /** JSON: the other attributes. */
    readonly body: string;
    readonly version: number;
    readonly created_at: number;
    readonly modified_at: number;
  };
  readonly directory_email: {
    readonly person_id: string;
    readonly position: number;
    readonly value_key: string;
    readonly type: string | null;
    readonly is_primary: number;
  };
  readonly directory_group: {
    readonly id: string;
    readonly display_name: string;
    readonly display_name_key: string;
    readonly external_id: string | null;
    readonly version: number;
    readonly created_at: number;
    readonly modified_at: number;
  };
  readonly directory_member: { readonly group_id: string; readonly person_id: string };
  readonly directory_token: {
    readonly id: TokenId;
    readonly hash: string;
    readonly title: string;
    readonly created_at: number;
    readonly expires_at: number;
    readonly revoked_at: number | null;
    readonly used_at: number | null;
  };
  /** Users who count as not there, and why: by their id, and whoever has their address. */
  readonly hold: {
    readonly user_id: UserId;
    readonly cause: 'directory' | 'offboarding';
    readonly email_key: string;
    readonly since: number;
  };
}
