// The rows of the newest schema, as kysely sees them: the same on SQLite and PostgreSQL. Numbers are integers (times in ms since 1970),
// JSON is text, truth is 0 or 1. A change here comes with a new file in migration/, never with a change of an old one.
import type { Generated, Kysely, Transaction } from 'kysely';
import type {
  AssignmentId,
  ConnectionId,
  Fingerprint,
  GatewayId,
  IdentityId,
  OrganizationId,
  ServerId,
  Slug,
  TeamId,
  TokenId,
  UserId,
  WorkstationId,
} from '#contract/id.ts';
import type { HostState } from '#contract/host-identity.ts';
import type { Capture } from '#contract/payload.ts';
import type { ExposedKind, PolicyServer, RemoteServer } from '#contract/policy.ts';
import type { Verdict } from '#contract/server.ts';
import type { SwitchKind } from '#contract/switch.ts';
import type { AdministrationTables } from './administration-table.ts';
import type { ChangeTable } from './change-table.ts';
import type { DirectoryTables } from './directory-table.ts';
import type { RuleTables } from './rule-table.ts';
import type { PinsColumn, PinTable } from './pin-table.ts';
import type { SinkTables } from './sink-table.ts';
import type { StoredIdentity, Workstation } from './store.ts';
import type { TrailTables } from './trail-table.ts';

interface Named<Id> {
  readonly id: Id;
  readonly slug: Slug;
  readonly title: string | null;
}

export interface Tables extends AdministrationTables, DirectoryTables, RuleTables, SinkTables, TrailTables {
  /** One row: what the whole database is about. */
  readonly state: { readonly id: number; readonly revision: number; readonly organization: OrganizationId | null };
  readonly recent_change: ChangeTable;

  readonly user: Named<UserId> & {
    /** Empty of a service account. */
    readonly email: string;
    /** JSON: what a service account proves itself by; null of a person. */
    readonly service: string | null;
    /** The identity provider whose sign-in made this user; null of one of the policy file. */
    readonly made_by: string | null;
    /** Null: member. */
    readonly role: Slug | null;
  };
  readonly role: {
    readonly slug: Slug;
    readonly title: string | null;
    /** JSON; null of a built-in one. */ readonly capabilities: string | null;
  };
  readonly group_membership: { readonly user_id: UserId; readonly team_slug: Slug };
  readonly arrival: { readonly user_id: UserId; readonly provider: string; readonly at: number };
  /** `email`: of the user, in lower case, when they were bound; it counts while that is their address. */
  readonly account: {
    readonly user_id: UserId;
    readonly issuer: string;
    readonly subject: string;
    readonly email: string;
    readonly bound_at: number;
  };
  readonly team: Named<TeamId>;
  readonly membership: { readonly user_id: UserId; readonly position: number; readonly team_id: TeamId };
  /** `capture`: null where the policy says nothing. */
  readonly gateway: Named<GatewayId> & { readonly capture: Capture | null };
  readonly grant: { readonly team_id: TeamId; readonly position: number; readonly gateway_id: GatewayId };
  readonly server: Named<ServerId> & {
    readonly kind: PolicyServer['kind'];
    /** 0 of remote servers. */
    readonly shareable: number;
    readonly timeout_seconds: number;
    /** These are null of workstation servers. */
    readonly url: string | null;
    readonly auth: RemoteServer['auth'] | null;
    readonly header: string | null;
    /** JSON. */
    readonly allow_private: string | null;
    readonly transport: string | null;
    readonly egress: string | null;
    /** JSON; null where nothing is settled. */
    readonly oauth: string | null;
    readonly sign: number | null;
  };
  readonly assignment: {
    readonly id: AssignmentId;
    readonly gateway_id: GatewayId;
    readonly server_id: ServerId;
    readonly reach: 'caller' | WorkstationId;
    readonly identity: 'none' | 'shared' | 'own';
    /** JSON: `all`, or names of tools; null: none. */
    readonly step_up: string | null;
    readonly pins: PinsColumn;
  };
  readonly pin: PinTable;
  readonly provision: { readonly assignment_id: AssignmentId; readonly kind: ExposedKind; readonly mode: 'all' | 'listed' };
  readonly provisioned_item: {
    readonly assignment_id: AssignmentId;
    readonly kind: ExposedKind;
    readonly position: number;
    readonly name: string;
    /** JSON; then the name is empty. */
    readonly condition: string | null;
  };

  /** `body` is JSON: the rule as the policy has it. */
  readonly rule: { readonly gateway_id: GatewayId; readonly position: number; readonly body: string };
  readonly engine: { readonly slug: Slug; readonly body: string };

  /** What is switched off; `told` is 0 or 1. */
  readonly switch: {
    readonly kind: SwitchKind;
    readonly name: string;
    readonly reason: string;
    readonly told: number;
    readonly since: number;
    readonly until: number | null;
    readonly made_by: string;
    readonly owner: Slug | null;
  };

  readonly token: {
    readonly id: TokenId;
    readonly kind: 'host' | 'enroll';
    readonly hash: string;
    /** The user that it was made for; kept when that user is gone, so that it never serves a later one of the same slug. */
    readonly user_id: UserId;
    readonly user_slug: Slug;
    readonly gateway_slug: Slug | null;
    readonly host: string | null;
    /** 1: an agent's, of kind host. */
    readonly agent: number;
    readonly created_at: number;
    readonly expires_at: number;
    readonly revoked_at: number | null;
    readonly spent_at: number | null;
  };
  readonly workstation: {
    readonly id: WorkstationId;
    readonly user_id: UserId;
    readonly user_slug: Slug;
    readonly public_key: string;
    readonly thumbprint: string;
    readonly hostname: string;
    readonly os_user: string;
    readonly platform: Workstation['platform'];
    readonly enrolled_at: number;
    readonly revoked_at: number | null;
    readonly last_seen_at: number | null;
  };
  readonly offer: {
    readonly workstation_id: WorkstationId;
    readonly server_slug: Slug;
    readonly fingerprint: Fingerprint;
    readonly body: string;
    readonly offered_at: number;
  };
  readonly approval: {
    readonly server_slug: Slug;
    readonly fingerprint: Fingerprint;
    readonly decision: Verdict['decision'];
    readonly reason: string | null;
    readonly decided_at: number;
  };

  readonly sign_in_client: { readonly id: string; readonly body: string; readonly created_at: number };
  readonly connection: {
    readonly id: ConnectionId;
    readonly client_id: string;
    readonly host: string;
    readonly title: string;
    readonly redirect: string;
    /** Kept when that user is gone, as a token's is. */
    readonly user_id: UserId;
    readonly user_slug: Slug;
    readonly gateway_slug: Slug;
    readonly created_at: number;
    readonly revoked_at: number | null;
  };
  readonly local_account: {
    readonly email: string;
    readonly password: string;
    readonly totp: string;
    readonly last_step: number;
    readonly failures: number;
    readonly locked_until: number;
    readonly created_at: number;
  };
  readonly sign_in_item: {
    readonly model: string;
    readonly key: string;
    readonly family: string | null;
    readonly uid: string | null;
    readonly connection_id: ConnectionId | null;
    readonly body: string;
    readonly expires_at: number;
    readonly consumed_at: number | null;
  };

  /** Ids are kept when what they name is gone, so that an identity never serves a later user, server or gateway of the same slug. */
  readonly identity: {
    readonly id: IdentityId;
    readonly server_id: ServerId;
    readonly server_slug: Slug;
    /** Null of a shared one. */
    readonly user_id: UserId | null;
    readonly user_slug: Slug | null;
    /** Null of one for every gateway. */
    readonly gateway_id: GatewayId | null;
    readonly gateway_slug: Slug | null;
    readonly origin: string;
    /** Null once it was removed. */
    readonly sealed: string | null;
    readonly kind: StoredIdentity['kind'];
    readonly set_at: number;
    readonly removed_at: number | null;
    /** Until when somebody renews it; null where nobody does. */
    readonly lease_until: number | null;
  };

  /** What else a policy says, by name. */
  readonly policy_setting: { readonly name: 'hosts' | 'directory' | 'retention'; readonly value: string };
  readonly host: {
    readonly id: string;
    readonly title: string | null;
    readonly state: HostState;
    readonly first_user: Slug | null;
    readonly first_gateway: Slug | null;
    readonly first_at: number | null;
    readonly last_user: Slug | null;
    readonly last_gateway: Slug | null;
    readonly last_at: number | null;
    readonly decided_at: number | null;
    /** 1: whether it deserves an alert was looked at. */
    readonly looked: Generated<number>;
  };
  /** `minutes`: of the clock, in which that person used it there. */
  readonly host_use: {
    readonly host_id: string;
    readonly user_slug: Slug;
    readonly gateway_slug: Slug;
    readonly first_at: number;
    readonly last_at: number;
    readonly minutes: number;
  };
  readonly workstation_posture: {
    readonly workstation_id: WorkstationId;
    /** JSON: contract/posture-summary.ts, as it was told last. */
    readonly body: string;
    readonly at: number;
    /** When it became what it is. */
    readonly changed_at: number;
    /** 1: off policy; 0: not; null: it says nothing of it. */
    readonly off_policy: number | null;
    /** As a host's. */
    readonly looked: Generated<number>;
  };
}

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;
