// Schema 22: alerts, and how far the records were read for them.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table alert (
  key text not null primary key,
  id text not null unique,
  level text not null,
  words text not null,
  count integer not null,
  record text,
  at integer not null,
  first_at integer not null,
  told_at integer,
  closed_at integer
);
create table alert_cursor (chain text not null primary key, seq integer not null)`;

export function createAlert(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables) };
}
