// Schema 26: which personal access token another one was made with, and whether a request that is to be done once has changed something.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';

export function createParent(dialect: DialectName): Migration {
  const [text, integer] = dialect === 'sqlite' ? ['text', 'integer'] : ['text collate "C"', 'bigint'];
  return {
    async up(db) {
      await sql.raw(`alter table access_token add column parent ${text}`).execute(db);
      await sql.raw('create index access_token_parent on access_token (parent)').execute(db);
      // Of what came before nobody knows whether it was done, so it counts as done.
      await sql.raw(`alter table idempotency add column done ${integer} not null default 1`).execute(db);
    },
  };
}
