// Rows of a table that is known by name only, as a backup brings them.
import { sql } from 'kysely';
import type { BackupPage } from '../backup-file.ts';
import type { Value } from '../engine.ts';
import type { Db } from '../table.ts';
import { parts } from './part.ts';

export async function insertRows(tx: Db, { table, columns, rows }: BackupPage): Promise<void> {
  const names = sql.join(columns.map((column) => sql.ref(column)));
  const tuple = (row: readonly Value[]) => sql`(${sql.join(row)})`;
  for (const part of parts(rows))
    await sql`insert into ${sql.table(table)} (${names}) values ${sql.join(part.map(tuple))}`.execute(tx);
}
