// Schema 16: by which account at an identity provider a user comes: issuer and subject, and the address of the user when they first came.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table account (
  user_id text not null primary key,
  issuer text not null,
  subject text not null,
  email text not null,
  bound_at integer not null,
  unique (issuer, subject)
)`;

export function createAccount(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables) };
}
