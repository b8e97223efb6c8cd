// Schema 37: definitions by their state, so that those that wait are found without reading all.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export function createPinState(): Migration {
  return {
    async up(db) {
      await sql.raw('create index pin_state on pin (assignment_id, state, item, hash)').execute(db);
    },
  };
}
