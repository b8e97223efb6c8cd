// Schema 9: sign-ins at remote servers: what is settled of them, which identities are tokens that are renewed, and who renews one right now.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';

export function createUpstreamSignIn(dialect: DialectName): Migration {
  const text = dialect === 'sqlite' ? 'text' : 'text collate "C"';
  const integer = dialect === 'sqlite' ? 'integer' : 'bigint';
  return {
    async up(db) {
      for (const column of [
        `server add column oauth ${text}`,
        `identity add column kind ${text} not null default 'token'`,
        `identity add column lease_until ${integer}`,
      ])
        await sql.raw(`alter table ${column}`).execute(db);
    },
  };
}
