// Schema 32: at which gateway server an export of records runs, so that another one can say so.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `create table export_job (id text not null primary key, chain text not null, expires_at integer not null)`;

export function createExportJob(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables) };
}
