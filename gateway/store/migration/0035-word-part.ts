// Schema 35: in which tables of words the index of SQLite lies. What there is becomes the first one. It is made from the records and stands in no backup.
// Never edited once released: a change is a new file beside it.
import { CompiledQuery } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table entry_part (part integer not null primary key, first integer not null, next integer not null, since integer not null)`;

const fill = `insert into entry_part (part, first, next, since)
  select 0, coalesce((select min(number) from entry), next), next, coalesce((select min(peak) from entry), 0) from entry_state`;

export function createWordPart(dialect: DialectName): Migration {
  return {
    async up(db) {
      if (dialect !== 'sqlite') return;
      await create(db, dialect, tables);
      await db.executeQuery(CompiledQuery.raw(fill));
    },
  };
}
