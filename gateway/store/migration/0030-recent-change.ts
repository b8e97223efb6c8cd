// Schema 30: what the latest changes were about, so that who follows them reads only that again.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table recent_change (
  revision integer not null,
  what text not null,
  primary key (revision, what)
)`;

export function createRecentChange(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables) };
}
