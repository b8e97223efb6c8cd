// Schema 15: users whom an identity provider made, the teams that groups there give somebody, and when somebody came by one last.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table group_membership (user_id text not null, team_slug text not null, primary key (user_id, team_slug));
create table arrival (user_id text not null primary key, provider text not null, at integer not null)`;

export function createPerson(dialect: DialectName): Migration {
  const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
  return {
    async up(db) {
      await create(db, dialect, tables);
      await sql.raw(`alter table "user" add column made_by ${text}`).execute(db);
    },
  };
}
