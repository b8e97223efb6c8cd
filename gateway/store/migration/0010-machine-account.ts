// Schema 10: users that are service accounts, and what they prove themselves by (public keys, or the hash of a secret).
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';

export function createServiceAccount(dialect: DialectName): Migration {
  const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
  return {
    async up(db) {
      await sql.raw(`alter table "user" add column service ${text}`).execute(db);
    },
  };
}
