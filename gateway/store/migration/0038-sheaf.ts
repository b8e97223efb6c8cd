// Schema 38: on SQLite, the index of records that lie taken apart: many entries in a row, and of each shared text which words it has. `said`: a part has such words.
// It is made from the records and stands in no backup. Never edited once released: a change is a new file beside it.
import { CompiledQuery } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table entry_sheaf (first integer not null primary key, next integer not null, part integer not null, peak integer not null, texts blob not null, names blob not null, own blob not null, rest blob not null);
create table entry_text (text integer not null primary key, part integer not null, role integer not null, count integer not null, places text)`;

const others = [
  'create index entry_sheaf_peak on entry_sheaf (peak, first)',
  'create index entry_text_part on entry_text (part)',
  'alter table entry_part add column said integer not null default 0',
];

export function createSheaf(dialect: DialectName): Migration {
  return {
    async up(db) {
      if (dialect !== 'sqlite') return;
      await create(db, dialect, tables);
      for (const statement of others) await db.executeQuery(CompiledQuery.raw(statement));
    },
  };
}
