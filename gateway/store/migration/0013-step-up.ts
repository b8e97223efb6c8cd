// Schema 13: tools that may be used only by hosts whose person consented to them by name.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';

export function createStepUp(dialect: DialectName): Migration {
  const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
  return {
    async up(db) {
      await sql.raw(`alter table assignment add column step_up ${text}`).execute(db);
    },
  };
}
