// Schema 4: servers that are reached over HTTP, and identities at them. A value is stored sealed only; one that was removed leaves its row without a value,
// so that no older backup brings it back. Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table identity (
  id text not null primary key,
  server_id text not null,
  server_slug text not null,
  user_id text,
  user_slug text,
  gateway_id text,
  gateway_slug text,
  origin text not null,
  sealed text,
  set_at integer not null,
  removed_at integer,
  check ((sealed is null) = (removed_at is not null))
)`;

/** Of workstation servers they are null. */
const columns = [
  'server add column url',
  'server add column auth',
  'server add column header',
  'server add column allow_private',
];

export function createRemote(dialect: DialectName): Migration {
  const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
  return {
    async up(db) {
      await create(db, dialect, tables);
      for (const column of columns) await sql.raw(`alter table ${column} ${text}`).execute(db);
      await sql.raw(`alter table assignment add column identity ${text} not null default 'none'`).execute(db);
    },
  };
}
