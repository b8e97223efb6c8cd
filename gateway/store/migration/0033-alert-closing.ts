// Schema 33: alerts that are closed and of which nobody was told yet that they are.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table alert_closing (
  id text not null primary key,
  alert_id text not null,
  key text not null,
  level text not null,
  words text not null,
  record text,
  closed_at integer not null,
  lease_until integer
)`;

export function createAlertClosing(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables) };
}
