// Schema 7: the transport that a remote server speaks.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';

/** Null of workstation servers, and of remote ones from before: those speak the newest that they can. */
export function createTransport(dialect: DialectName): Migration {
  const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
  return {
    async up(db) {
      await sql.raw(`alter table server add column transport ${text}`).execute(db);
    },
  };
}
