// Schema 34: the sealed value of the header by which an engine of the policy knows this gateway server.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table engine_secret (
  engine_slug text not null primary key,
  header text not null,
  origin text not null,
  sealed text not null,
  set_at integer not null,
  set_by text not null
)`;

export function createEngineSecret(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables) };
}
