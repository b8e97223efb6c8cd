// Schema 21: people and groups as a directory (SCIM) says them, the tokens of directories, and who counts as not there.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table directory_person (
  id text not null primary key,
  user_id text not null,
  user_name text not null,
  user_name_key text not null unique,
  external_id text,
  display_name text,
  display_name_key text,
  email text not null,
  email_key text not null unique,
  active integer not null,
  body text not null,
  version integer not null,
  created_at integer not null,
  modified_at integer not null
);
create table directory_email (
  person_id text not null,
  position integer not null,
  value_key text not null,
  type text,
  is_primary integer not null,
  primary key (person_id, position)
);
create table directory_group (
  id text not null primary key,
  display_name text not null,
  display_name_key text not null unique,
  external_id text,
  version integer not null,
  created_at integer not null,
  modified_at integer not null
);
create table directory_member (group_id text not null, person_id text not null, primary key (group_id, person_id));
create table directory_token (
  id text not null primary key,
  hash text not null unique,
  title text not null,
  created_at integer not null,
  expires_at integer not null,
  revoked_at integer,
  used_at integer
);
create table hold (
  user_id text not null,
  cause text not null,
  email_key text not null,
  since integer not null,
  primary key (user_id, cause)
)`;

const indexes = [
  'create index directory_person_user on directory_person (user_id)',
  'create index directory_person_external on directory_person (external_id)',
  'create index directory_person_display on directory_person (display_name_key)',
  'create index directory_person_active on directory_person (active)',
  'create index directory_email_value on directory_email (value_key)',
  'create index directory_member_person on directory_member (person_id)',
  'create index hold_email on hold (email_key)',
  'create index user_email on "user" (lower(email))',
  'create index user_slug_made on "user" (made_by)',
];

export function createDirectory(dialect: DialectName): Migration {
  return {
    async up(db) {
      await create(db, dialect, tables);
      for (const index of indexes) await sql.raw(index).execute(db);
    },
  };
}
