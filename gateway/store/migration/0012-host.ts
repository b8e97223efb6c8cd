// Schema 12: hosts that were seen and what was decided of them, tokens of agents, and what a policy says beside users, teams, servers and gateways.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table policy_setting (name text not null primary key, value text not null);
create table host (
  id text not null primary key,
  title text,
  state text not null check (state in ('seen', 'allowed', 'blocked')),
  first_user text,
  first_gateway text,
  first_at integer,
  last_user text,
  last_gateway text,
  last_at integer,
  decided_at integer
)`;

export function createHost(dialect: DialectName): Migration {
  return {
    async up(db) {
      await create(db, dialect, tables);
      const number = dialect === 'sqlite' ? 'integer' : 'bigint';
      await sql.raw(`alter table token add column agent ${number} not null default 0`).execute(db);
    },
  };
}
