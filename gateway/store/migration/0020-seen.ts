// Schema 20: each host's uses, by person and gateway, and what workstations tell of their posture.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table host_use (
  host_id text not null,
  user_slug text not null,
  gateway_slug text not null,
  first_at integer not null,
  last_at integer not null,
  minutes integer not null,
  primary key (host_id, user_slug, gateway_slug)
);
create table workstation_posture (workstation_id text not null primary key, body text not null, at integer not null)`;

const uses = `insert into host_use (host_id, user_slug, gateway_slug, first_at, last_at, minutes)`;

export function createSeen(dialect: DialectName): Migration {
  return {
    async up(db) {
      await create(db, dialect, tables);
      await sql.raw('create index host_use_last on host_use (last_at)').execute(db);
      // What was known of each host before: its first use and its last.
      await sql
        .raw(`${uses} select id, first_user, first_gateway, first_at, first_at, 1 from host where first_at is not null`)
        .execute(db);
      const last = 'select id, last_user, last_gateway, last_at, last_at, 1 from host where last_at is not null';
      const known = 'on conflict (host_id, user_slug, gateway_slug) do update set last_at = excluded.last_at';
      await sql.raw(`${uses} ${last} ${known}`).execute(db);
    },
  };
}
