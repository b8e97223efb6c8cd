// Reading one state, and changing it: every change bumps the revision in its own transaction, and changes go one after the other on both databases.
// The deed of whoever changes it is written there too, so that no change of an administrator is without its record.
import type { DeedRecord } from '#contract/audit.ts';
import type { Db, Tx } from '../table.ts';
import { type About, noteChange } from './recent-change.ts';

/** What a change found: a value, whether anything was changed by it, and what it was about. */
export interface Changed<T> {
  readonly value: T;
  readonly changed: boolean;
  readonly about: About;
  /** Of the deed, where what it is about got its name only now. */
  readonly target?: string;
}
export const unchanged = <T>(value: T): Changed<T> => ({ value, changed: false, about: 'beside' });
/** Less than everything only where nothing else of what is in force can be different by it. */
export const changed = <T>(value: T, about: About = 'everything'): Changed<T> => ({ value, changed: true, about });

const deeds = new WeakMap<Db, { readonly deed: DeedRecord; readonly once: string | undefined }>();

/** The same database, for one deed: the first change by it writes the deed down, and where nothing is changed nothing is written. `once`: the key of the request that it is of. */
export function forDeed(db: Db, deed: DeedRecord, once: string | undefined): Db {
  const bound = db.withoutPlugins();
  deeds.set(bound, { deed, once });
  return bound;
}

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
    if (result.changed) {
      await tx
        .updateTable('state')
        .set({ revision: revision + 1 })
        .execute();
      await noteChange(tx, revision + 1, result.about);
      const { deed, once } = deeds.get(db) ?? {};
      if (deed) await writeDeed(tx, { ...deed, target: result.target ?? deed.target });
      if (once !== undefined) await tx.updateTable('idempotency').set({ done: 1 }).where('key', '=', once).execute();
    }
    return result.value;
  });
}

/** One operation may change several things one after the other: it is one deed. */
async function writeDeed(tx: Tx, deed: DeedRecord): Promise<void> {
  const row = { id: deed.id, at: deed.at, body: JSON.stringify(deed), lease_until: null };
  await tx
    .insertInto('deed')
    .values(row)
    .onConflict((on) => on.column('id').doNothing())
    .execute();
}

/** Several queries over one state of the database. */
export async function readAtOnce<T>(db: Db, read: (tx: Db) => Promise<T>): Promise<T> {
  return await db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(read);
}
