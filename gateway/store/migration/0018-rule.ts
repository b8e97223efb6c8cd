// Schema 18: rules on what may flow through a gateway, in their order, and the engines that they name.
// Never edited once released: a change is a new file beside it.
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table engine (slug text not null primary key, body text not null);
create table rule (
  gateway_id text not null references gateway (id) deferrable,
  position integer not null,
  body text not null,
  primary key (gateway_id, position)
)`;

export function createRule(dialect: DialectName): Migration {
  return { up: (db) => create(db, dialect, tables) };
}
