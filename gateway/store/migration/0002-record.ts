// Schema 2: the audit records and their seals. Without a row id on SQLite: a record is then written into one tree instead of two.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table record (
  chain text not null,
  seq integer not null,
  at integer not null,
  body text not null,
  hash text not null,
  primary key (chain, seq)
);
create table seal (
  chain text not null,
  "after" integer not null,
  seq integer not null,
  hash text not null,
  mac text not null,
  primary key (chain, seq)
)`;

export function createRecords(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables, 'without rowid') };
}
