// Schema 1: the policy, tokens, workstations, what they offer, approvals. References are deferrable, because a restore brings back the tables in any order.
// Never edited once released: a change is a new file beside it.
import { CompiledQuery } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table state (
  id integer not null primary key check (id = 1),
  revision integer not null,
  organization text
);

create table "user" (id text not null primary key, slug text not null unique, title text, email text not null);
create table team (id text not null primary key, slug text not null unique, title text);
create table gateway (id text not null primary key, slug text not null unique, title text);
create table server (
  id text not null primary key,
  slug text not null unique,
  title text,
  kind text not null,
  shareable integer not null check (shareable in (0, 1)),
  timeout_seconds integer not null
);
create table membership (
  user_id text not null references "user" (id) deferrable,
  position integer not null,
  team_id text not null references team (id) deferrable,
  primary key (user_id, position)
);
create table "grant" (
  team_id text not null references team (id) deferrable,
  position integer not null,
  gateway_id text not null references gateway (id) deferrable,
  primary key (team_id, position)
);
create table assignment (
  id text not null primary key,
  gateway_id text not null references gateway (id) deferrable,
  server_id text not null references server (id) deferrable,
  reach text not null,
  tools text not null check (tools in ('all', 'none', 'listed')),
  unique (gateway_id, server_id)
);
create table provisioned_tool (
  assignment_id text not null references assignment (id) deferrable,
  position integer not null,
  name text not null,
  primary key (assignment_id, position)
);

create table token (
  id text not null primary key,
  kind text not null check (kind in ('host', 'enroll')),
  hash text not null unique,
  user_id text not null,
  user_slug text not null,
  gateway_slug text,
  host text,
  created_at integer not null,
  expires_at integer not null,
  revoked_at integer,
  spent_at integer
);
create table workstation (
  id text not null primary key,
  user_id text not null,
  user_slug text not null,
  public_key text not null,
  thumbprint text not null unique,
  hostname text not null,
  os_user text not null,
  platform text not null,
  enrolled_at integer not null,
  revoked_at integer,
  last_seen_at integer
);
create table offer (
  workstation_id text not null references workstation (id) deferrable,
  server_slug text not null,
  fingerprint text not null,
  body text not null,
  offered_at integer not null,
  primary key (workstation_id, server_slug, fingerprint)
);
create table approval (
  server_slug text not null,
  fingerprint text not null,
  decision text not null check (decision in ('approved', 'denied')),
  reason text,
  decided_at integer not null,
  primary key (server_slug, fingerprint)
)`;

export function createPolicy(dialect: DialectName): Migration {
  return {
    async up(db) {
      await create(db, dialect, tables);
      await db.executeQuery(CompiledQuery.raw('insert into state (id, revision) values (1, 1)'));
    },
  };
}
