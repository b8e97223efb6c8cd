// Schema 14: a record holds the seal over its group, and its key is a number that grows: `chain * 2^40 + seq`. SQLite then adds it at the end of one tree,
// where it wrote into two trees and split pages in the middle: a commit of one record writes one page instead of three or four.
// Never edited once released: a change is a new file beside it.
import { CompiledQuery } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table chain (
  number integer not null primary key,
  name text not null unique
);
create table record (
  id integer not null primary key,
  at integer not null,
  body text not null,
  hash text not null,
  "after" integer,
  mac text
)`;

const before = ['alter table record rename to record_of_2', 'alter table seal rename to seal_of_2'];
const after = [
  `insert into chain (number, name)
    select row_number() over (order by chain), chain from (select chain from record_of_2 union select chain from seal_of_2) as known`,
  `insert into record (id, at, body, hash, "after", mac)
    select chain.number * 1099511627776 + record_of_2.seq, record_of_2.at, record_of_2.body, record_of_2.hash, seal_of_2."after", seal_of_2.mac
    from record_of_2 join chain on chain.name = record_of_2.chain
    left join seal_of_2 on seal_of_2.chain = record_of_2.chain and seal_of_2.seq = record_of_2.seq
    order by chain.number, record_of_2.seq`,
  'drop table record_of_2',
  'drop table seal_of_2',
];

export function createRecordTree(dialect: DialectName): Migration {
  return {
    async up(db) {
      for (const statement of before) await db.executeQuery(CompiledQuery.raw(statement));
      await create(db, dialect, tables);
      for (const statement of after) await db.executeQuery(CompiledQuery.raw(statement));
    },
  };
}
