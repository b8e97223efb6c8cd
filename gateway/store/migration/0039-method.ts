// Schema 39: an assignment exposes methods too that are foreign to MCP. SQLite can't change a check, so there the table is made anew.
// Never edited once released: a change is a new file beside it.
import { CompiledQuery } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const check = `check (kind in ('tools', 'prompts', 'resources', 'templates', 'methods'))`;
const table = `
create table provision (
  assignment_id text not null references assignment (id) deferrable,
  kind text not null ${check},
  mode text not null check (mode in ('all', 'listed')),
  primary key (assignment_id, kind)
)`;
const after = [
  'insert into provision (assignment_id, kind, mode) select assignment_id, kind, mode from provision_of_38',
  'drop table provision_of_38',
];
const changed = [
  'alter table provision drop constraint provision_kind_check',
  `alter table provision add constraint provision_kind_check ${check}`,
];

export function createMethod(dialect: DialectName): Migration {
  return {
    async up(db) {
      const run = (statement: string) => db.executeQuery(CompiledQuery.raw(statement));
      if (dialect === 'postgres') {
        for (const statement of changed) await run(statement);
        return;
      }
      await run('alter table provision rename to provision_of_38');
      await create(db, dialect, table);
      for (const statement of after) await run(statement);
    },
  };
}
