// Schema 29: what deserves an alert beside the records is looked at once, by whichever gateway server comes first, and an alert is told by one of them at a time.
// Hosts that were there before are nobody's alert; how devices stand now is looked at once.
// Never edited once released: a change is a new file beside it.
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { DialectName } from '../engine.ts';

export function createLook(dialect: DialectName): Migration {
  const integer = dialect === 'sqlite' ? 'integer' : 'bigint';
  return {
    async up(db) {
      for (const statement of [
        `alter table host add column looked ${integer} not null default 0`,
        'update host set looked = 1',
        'create index host_unlooked on host (id) where looked = 0',
        `alter table workstation_posture add column looked ${integer} not null default 0`,
        `alter table workstation_posture add column changed_at ${integer} not null default 0`,
        `alter table workstation_posture add column off_policy ${integer}`,
        'create index workstation_posture_unlooked on workstation_posture (workstation_id) where looked = 0',
        `alter table alert add column lease_until ${integer}`,
      ])
        await sql.raw(statement).execute(db);
    },
  };
}
