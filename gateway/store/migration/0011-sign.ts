// Schema 11: whether requests to a remote server are signed.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';

/** 1 where they are; null of workstation servers, and of remote ones from before. */
export function createSign(dialect: DialectName): Migration {
  return {
    async up(db) {
      await sql.raw(`alter table server add column sign ${dialect === 'sqlite' ? 'integer' : 'bigint'}`).execute(db);
    },
  };
}
