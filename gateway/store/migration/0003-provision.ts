// Schema 3: an assignment exposes prompts, resources and templates as it does tools, each by name. What a kind has no row for, it exposes nothing of.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table provision (
  assignment_id text not null references assignment (id) deferrable,
  kind text not null check (kind in ('tools', 'prompts', 'resources', 'templates')),
  mode text not null check (mode in ('all', 'listed')),
  primary key (assignment_id, kind)
);
create table provisioned_item (
  assignment_id text not null references assignment (id) deferrable,
  kind text not null,
  position integer not null,
  name text not null,
  primary key (assignment_id, kind, position)
)`;

const moves = [
  `insert into provision (assignment_id, kind, mode) select id, 'tools', tools from assignment where tools <> 'none'`,
  `insert into provisioned_item (assignment_id, kind, position, name) select assignment_id, 'tools', position, name from provisioned_tool`,
  `drop table provisioned_tool`,
  `alter table assignment drop column tools`,
];

export function createProvision(dialect: DialectName): Migration {
  return {
    async up(db) {
      await create(db, dialect, tables);
      for (const move of moves) await sql.raw(move).execute(db);
    },
  };
}
