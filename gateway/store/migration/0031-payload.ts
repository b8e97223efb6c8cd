// Schema 31: whether a gateway captures payloads, the payloads, sealed, and the data keys that they lie under.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';
import { create } from './create.ts';

const tables = `
create table payload_key (id text not null primary key, sealed text not null, made_at integer not null);
create table payload (
  record_id text not null,
  direction text not null check (direction in ('request', 'response')),
  place integer not null,
  key_id text not null references payload_key (id) deferrable,
  sealed text not null,
  at integer not null,
  primary key (record_id, direction)
)`;

export function createPayload(dialect: DialectName): Migration {
  return {
    async up(db) {
      await create(db, dialect, tables);
      const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
      for (const statement of [
        `alter table gateway add column capture ${text}`,
        'create index payload_at on payload (at)',
        'create index payload_key_id on payload (key_id)',
      ])
        await sql.raw(statement).execute(db);
    },
  };
}
