// Schema 36: a row may hold several records, taken apart: texts that many of them share lie beside them. A row of before holds one record, as its text.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `create table shared_text (id integer not null primary key, body text not null)`;

export function createRun(dialect: DialectName): Migration {
  const integer = dialect === 'sqlite' ? 'integer' : 'bigint';
  return {
    async up(db) {
      for (const column of ['count', 'base']) await sql.raw(`alter table record add column "${column}" ${integer}`).execute(db);
      await create(db, dialect, tables);
    },
  };
}
