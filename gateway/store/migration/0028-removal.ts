// Schema 28: where chains begin whose former records were removed, because the policy says for how long records are kept.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table removal (
  chain text not null primary key,
  seq integer not null,
  hash text not null,
  at integer not null,
  before integer not null,
  mac text not null
)`;

export function createRemoval(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables) };
}
