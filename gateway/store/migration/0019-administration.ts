// Schema 19: roles, the deeds of administrators on their way to the audit chain, personal access tokens, and requests that are to be done once.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table role (slug text not null primary key, title text, capabilities text);
create table deed (id text not null primary key, at integer not null, body text not null, lease_until integer);
create table access_token (
  id text not null primary key,
  hash text not null unique,
  user_id text not null,
  user_slug text not null,
  title text not null,
  capabilities text,
  created_at integer not null,
  expires_at integer not null,
  revoked_at integer,
  used_at integer
);
create table idempotency (key text not null primary key, request text not null, answer text, at integer not null)`;

export function createAdministration(dialect: DialectName): Migration {
  const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
  return {
    async up(db) {
      await create(db, dialect, tables);
      await sql.raw(`alter table "user" add column role ${text}`).execute(db);
      await sql.raw('create index user_role on "user" (role)').execute(db);
      await sql.raw('create index idempotency_at on idempotency (at)').execute(db);
    },
  };
}
