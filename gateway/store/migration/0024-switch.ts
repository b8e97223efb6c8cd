// Schema 24: what administrators switched off.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table switch (
  kind text not null,
  name text not null,
  reason text not null,
  told integer not null check (told in (0, 1)),
  since integer not null,
  until integer,
  made_by text not null,
  owner text,
  primary key (kind, name)
)`;

export function createSwitch(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables) };
}
