// Schema 17: where audit records are sent (part of the policy), and what is no policy of it: sealed secrets, how far each has come in each chain,
// how it goes, and the records that were set aside.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table sink (id text not null primary key, slug text not null unique, body text not null);
create table sink_secret (
  sink_id text not null,
  name text not null,
  origin text not null,
  sealed text not null,
  set_at integer not null,
  primary key (sink_id, name)
);
create table sink_cursor (sink_id text not null, chain text not null, seq integer not null, primary key (sink_id, chain));
create table sink_state (
  sink_id text not null primary key,
  holder text,
  lease_until integer not null,
  sent integer not null,
  rejected integer not null,
  skipped integer not null,
  delivered_at integer,
  failing_since integer,
  last_error text,
  last_error_at integer
);
create table sink_parked (
  sink_id text not null,
  chain text not null,
  seq integer not null,
  reason text not null,
  at integer not null,
  primary key (sink_id, chain, seq)
)`;

export function createSink(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables) };
}
