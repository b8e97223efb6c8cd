// Reading one state, and changing it: every change bumps the revision in its own transaction, and changes go one after the other on both databases.
import type { Db, Tx } from '../table.ts';

/** What a change found: a value, and whether anything was changed by it. */
export interface Changed<T> {
  readonly value: T;
  readonly changed: boolean;
}
export const unchanged = <T>(value: T): Changed<T> => ({ value, changed: false });
export const changed = <T>(value: T): Changed<T> => ({ value, changed: true });

/** `work` gets the transaction and the revision that it starts from. A throw rolls everything back. */
export async function change<T>(db: Db, work: (tx: Tx, revision: number) => Promise<Changed<T>>): Promise<T> {
  return await db.transaction().execute(async (tx) => {
    // A write that changes nothing: it takes the row's lock, which SQLite's `begin immediate` has already.
    const { revision } = await tx
      .updateTable('state')
      .set((row) => ({ revision: row.ref('revision') }))
      .returning('revision')
      .executeTakeFirstOrThrow();
    const result = await work(tx, revision);
    if (result.changed)
      await tx
        .updateTable('state')
        .set({ revision: revision + 1 })
        .execute();
    return result.value;
  });
}

/** Several queries over one state of the database. */
export async function readAtOnce<T>(db: Db, read: (tx: Db) => Promise<T>): Promise<T> {
  return await db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(read);
}
