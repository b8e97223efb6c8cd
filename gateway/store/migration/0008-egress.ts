// Schema 8: the way out by which a remote server is called.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';

/** Null of workstation servers, and of remote ones that go the usual way. */
export function createEgressWay(dialect: DialectName): Migration {
  const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
  return {
    async up(db) {
      await sql.raw(`alter table server add column egress ${text}`).execute(db);
    },
  };
}
