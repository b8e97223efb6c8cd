// Tables as SQL that both databases read, with what differs put in: SQLite's are strict; PostgreSQL's integers have 64 bits, and its text is compared as bytes.
// Part of released migrations: what it makes of a text must never change.
import { CompiledQuery } from 'kysely';
import type { Kysely } from 'kysely';
import type { DialectName } from '../engine.ts';

export async function create(
  db: Kysely<unknown>,
  dialect: DialectName,
  tables: string,
  sqliteOption?: 'without rowid',
): Promise<void> {
  for (const statement of tables.split(';').filter((text) => text.trim() !== '')) {
    const options = ['strict', ...(sqliteOption === undefined ? [] : [sqliteOption])].join(', ');
    const widened = statement.replaceAll(' integer', ' bigint').replaceAll(' text', ' text collate "C"');
    await db.executeQuery(CompiledQuery.raw(dialect === 'sqlite' ? `${statement} ${options}` : widened));
  }
}
