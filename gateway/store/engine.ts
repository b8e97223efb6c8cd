// What the shared queries need of a database: kysely over its driver, the hot verbs that each driver writes by hand, and a consistent snapshot.
// An implementer promises: a transaction of `db` takes the write lock at its start unless it says `read only`; a commit is on disk when it resolves.
import type { Db } from './table.ts';
import type { ChainedPayload, NewRecord, Seal } from './store.ts';

export type DialectName = 'sqlite' | 'postgres';
export type Value = string | number | null;

/** One state of the database: what is written while it is read is not in it. */
export interface Snapshot {
  readonly db: Db;
  /** All rows of a table, in pages; each row an array in the order of `columns`. */
  pages(table: string, columns: readonly string[]): AsyncIterable<readonly (readonly Value[])[]>;
}

export interface Engine {
  readonly dialect: DialectName;
  readonly db: Db;
  /** Of what is committed: asked several times a second, and for each look of those who follow the store. */
  revision(): Promise<number>;
  /** As the store's verb. */
  lastWrite(): Promise<string>;
  appendRecords(records: readonly NewRecord[], seal: Seal, payloads?: readonly ChainedPayload[]): Promise<void>;
  snapshot<T>(read: (snapshot: Snapshot) => Promise<T>): Promise<T>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Values that both databases can hold and JSON can carry; anything else in a row is a bug of a migration. */
export function isValue(value: unknown): value is Value {
  return value === null || typeof value === 'string' || Number.isSafeInteger(value);
}
