// Adding many rows to a table: the same text of a statement again and again, because to build one for each part takes longer than to run it.
// The rule: others have the event loop in between, though not the database.
import { CompiledQuery } from 'kysely';
import { pauses } from '../../slice.ts';
import type { DialectName, Value } from '../engine.ts';
import type { Tables, Tx } from '../table.ts';
import { parts } from './part.ts';

/** Rows of one statement: SQLite takes 32,766 values. */
const rowsAtOnce = 200;

type Row = Readonly<Record<string, Value>>;

/** Adds rows of a table. What one of them does not name is null. */
export function inserting(tx: Tx, dialect: DialectName): (table: keyof Tables, rows: readonly Row[]) => Promise<void> {
  const pause = pauses();
  return async (table, rows) => {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    for (const part of parts(rows, rowsAtOnce)) {
      const values = part.flatMap((row) => columns.map((column) => row[column] ?? null));
      await tx.executeQuery(CompiledQuery.raw(statementOf(dialect, table, columns, part.length), values));
      await pause();
    }
  };
}

function statementOf(dialect: DialectName, table: string, columns: readonly string[], rows: number): string {
  const place = (index: number) => (dialect === 'sqlite' ? '?' : `$${index + 1}`);
  const row = (at: number) => `(${columns.map((_, index) => place(at * columns.length + index)).join(', ')})`;
  const names = columns.map((column) => `"${column}"`).join(', ');
  return `insert into "${table}" (${names}) values ${Array.from({ length: rows }, (_, at) => row(at)).join(', ')}`;
}
