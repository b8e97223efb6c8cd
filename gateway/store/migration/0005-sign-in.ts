// Schema 5: hosts that sign in by themselves. Clients that registered, connections (consents), and what the authorization server has under way.
// Never edited once released: a change is a new file beside it.
import { CompiledQuery } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table sign_in_client (
  id text not null primary key,
  body text not null,
  created_at integer not null
);
create table connection (
  id text not null primary key,
  client_id text not null,
  host text not null,
  title text not null,
  redirect text not null,
  user_id text not null,
  user_slug text not null,
  gateway_slug text not null,
  created_at integer not null,
  revoked_at integer
);
create table sign_in_item (
  model text not null,
  key text not null,
  family text,
  uid text,
  connection_id text,
  body text not null,
  expires_at integer not null,
  consumed_at integer,
  primary key (model, key)
)`;

const indexes = [
  'create index sign_in_item_family on sign_in_item (family)',
  'create index sign_in_item_uid on sign_in_item (uid)',
  'create index sign_in_item_connection on sign_in_item (connection_id)',
  'create index sign_in_item_expiry on sign_in_item (expires_at)',
  'create index connection_client on connection (client_id, user_id)',
];

export function createSignIn(dialect: DialectName): Migration {
  return {
    async up(db) {
      await create(db, dialect, tables);
      for (const index of indexes) await db.executeQuery(CompiledQuery.raw(index));
    },
  };
}
