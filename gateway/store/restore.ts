// Brings a backup back: all of it into an empty database, or into one that is in use everything but the audit records, beside a running gateway server.
// The one rule: the whole file is checked before anything is touched, everything happens in one transaction, and what was revoked or spent stays so.
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import { readBackup } from './backup-file.ts';
import type { Counts, Header } from './backup-file.ts';
import type { Progress } from './backup.ts';
import type { DialectName, Engine } from './engine.ts';
import { asUnavailable } from './failure.ts';
import { nameOf, openUnmigrated } from './location.ts';
import type { StoreLocation } from './location.ts';
import { mergeInto } from './merge.ts';
import { openEngine } from './open.ts';
import { migrate } from './migrations.ts';
import { patiently } from './patience.ts';
import { checkSchema, isDerived, isKnown, tablesOf } from './schema.ts';
import { insertRows } from './sql/row.ts';
import { openSqlite } from './sqlite.ts';
import type { Tx } from './table.ts';

export interface RestoreSummary {
  /** `all`: into an empty database, with the audit records. `merged`: into one that was in use, whose audit records were left as they are. */
  readonly mode: 'all' | 'merged';
  readonly header: Header;
  /** Rows that were brought back, by table. */
  readonly counts: Counts;
}

export interface RestoreDeps {
  readonly logger: Logger;
  readonly now?: () => number;
  /** For the backup before a migration and the lock during it, as in open.ts. */
  readonly backupDirectory?: string;
  readonly lockDirectory?: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** Rejects with FILE_UNUSABLE where the file is not whole, is newer than this program, or is of another organization; then nothing was changed. */
export async function restore(file: string, location: StoreLocation, deps: RestoreDeps): Promise<RestoreSummary> {
  const { header, counts } = await check(file);
  const source = { file, header, counts, ...deps };
  const unmigrated = await openUnmigrated(location, deps.logger, 'patient');
  try {
    const state = await checkSchema(unmigrated, nameOf(location));
    if (state.kind === 'empty' || (await isUnused(unmigrated)))
      return await patiently('the restore', deps, () => restoreAll(unmigrated, source));
  } catch (error) {
    throw asUnavailable(error);
  } finally {
    await unmigrated.close();
  }
  const engine = await openEngine(location, deps);
  try {
    return await patiently('the restore', deps, () => restoreBeside(engine, source));
  } catch (error) {
    throw asUnavailable(error);
  } finally {
    await engine.close();
  }
}

interface Source extends RestoreDeps {
  readonly file: string;
  readonly header: Header;
  readonly counts: Counts;
}

async function check(file: string): Promise<{ header: Header; counts: Counts }> {
  let header: Header | undefined;
  const pages = readBackup(file, (found) => {
    header = found;
    if (isKnown(found.schema)) return;
    const reason = `it was made by a newer Drawbridge (schema ${found.schema}). Nothing was changed. Update this program.`;
    throw new Fault('FILE_UNUSABLE', { file, reason });
  });
  for (;;) {
    const { done, value } = await pages.next();
    if (done !== true) continue;
    if (header === undefined) throw new Error('a whole backup has a header');
    return { header, counts: value };
  }
}

/** No organization and no rows: only the tables are there. */
async function isUnused({ db, dialect }: Engine): Promise<boolean> {
  for (const { name } of await tablesOf(db, dialect)) {
    if (isDerived(name)) continue;
    const isState = name === 'state' ? sql`where organization is not null` : sql``;
    const { rows } = await sql`select 1 from ${sql.table(name)} ${isState} limit 1`.execute(db);
    if (rows.length > 0) return false;
  }
  return true;
}

async function restoreAll({ db, dialect }: Engine, source: Source): Promise<RestoreSummary> {
  await db.transaction().execute(async (tx) => {
    for (const { name } of await tablesOf(tx, dialect, true))
      await sql`drop table ${sql.table(name)} ${sql.raw(dialect === 'postgres' ? 'cascade' : '')}`.execute(tx);
    await load(tx, dialect, source, () => true);
    await tx
      .updateTable('state')
      .set((row) => ({ revision: row('revision', '+', 1) }))
      .execute();
  });
  return { mode: 'all', header: source.header, counts: source.counts };
}

/** `seal` up to schema 13. */
const auditTables: ReadonlySet<string> = new Set(['record', 'seal', 'chain', 'removal', 'shared_text', 'payload', 'payload_key']);

/** Through a scratch database, so that the rows of an older schema are migrated before they meet the newer ones. */
async function restoreBeside(engine: Engine, source: Source): Promise<RestoreSummary> {
  const scratch = openSqlite(':memory:');
  try {
    await scratch.db.transaction().execute((tx) => load(tx, 'sqlite', source, (table) => !auditTables.has(table)));
    const counts = await mergeInto(engine.db, scratch.db, source);
    return { mode: 'merged', header: source.header, counts };
  } finally {
    await scratch.close();
  }
}

/** Makes the tables of the backup's schema, puts its rows in, and migrates all of it to the newest. */
async function load(tx: Tx, dialect: DialectName, source: Source, isWanted: (table: string) => boolean): Promise<void> {
  const { file, header, counts, onProgress, signal } = source;
  await migrate(tx, dialect, header.schema);
  await tx.deleteFrom('state').execute();
  await sql.raw(dialect === 'sqlite' ? 'pragma defer_foreign_keys = on' : 'set constraints all deferred').execute(tx);
  const tables = new Map((await tablesOf(tx, dialect)).map(({ name, columns }) => [name, columns]));
  const total = Object.values(counts).reduce((sum, rows) => sum + rows, 0);
  let done = 0;
  // Read once more; the generator throws, and all is rolled back, where the file is not what was checked.
  for await (const page of readBackup(file, () => {})) {
    signal?.throwIfAborted();
    const known = tables.get(page.table);
    if (known === undefined || page.columns.some((column) => !known.includes(column)))
      throw new Fault('FILE_UNUSABLE', { file, reason: `its table "${page.table}" is not one of schema ${header.schema}.` });
    if (isWanted(page.table)) await insertRows(tx, page);
    done += page.rows.length;
    onProgress?.({ table: page.table, done, total });
  }
  await migrate(tx, dialect);
}
