// Schema 23: the index over the audit records, by which they are searched. It is made from them and stands in no backup.
// Never edited once released: a change is a new file beside it.
import { CompiledQuery } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table entry (number integer not null primary key, record integer not null unique, at integer not null, peak integer not null);
create table entry_cursor (chain text not null primary key, seq integer not null);
create table entry_state (id integer not null primary key, next integer not null, peak integer not null, lag integer not null)`;

const statements = {
  sqlite: [
    `create virtual table entry_word using fts5 (words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii')`,
  ],
  postgres: ['alter table entry add column words tsvector', 'create index entry_word on entry using gin (words)'],
};

export function createSearch(dialect: DialectName): Migration {
  return {
    async up(db) {
      await create(db, dialect, tables);
      const others = ['create index entry_peak on entry (peak, number)', 'insert into entry_state values (1, 1, 0, 0)'];
      for (const statement of [...others, ...statements[dialect]]) await db.executeQuery(CompiledQuery.raw(statement));
    },
  };
}
