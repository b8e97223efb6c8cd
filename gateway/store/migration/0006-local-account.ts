// Schema 6: accounts of this gateway server's own, for when no identity provider can be had.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table local_account (
  email text not null primary key,
  password text not null,
  totp text not null,
  last_step integer not null,
  failures integer not null,
  locked_until integer not null,
  created_at integer not null
)`;

export function createLocalAccount(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables) };
}
