// Schema 25: which definitions of items were seen, and what was decided of each. What an assignment exposes already goes on as it is: it is pinned from the
// next policy on that does not say otherwise.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table pin (
  assignment_id text not null,
  item text not null,
  hash text not null,
  kind text not null check (kind in ('tools', 'prompts', 'resources', 'templates')),
  name text not null,
  body text not null,
  definition text not null,
  state text not null check (state in ('accepted', 'waiting', 'rejected')),
  reason text not null,
  suspicions text not null,
  gone text not null,
  seen_at integer not null,
  seen_by text not null,
  seen_on text,
  decided_at integer,
  note text,
  revision integer not null,
  primary key (assignment_id, item, hash)
)`;

export function createPin(dialect: DialectName): Migration {
  return {
    async up(db) {
      await create(db, dialect, tables);
      const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
      await sql.raw(`alter table assignment add column pins ${text}`).execute(db);
      await sql.raw(`update assignment set pins = 'off'`).execute(db);
    },
  };
}
