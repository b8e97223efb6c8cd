// Opens the store on SQLite or PostgreSQL: refuses what a newer Drawbridge wrote, backs up and migrates.
// Whoever opens it closes it.
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { Engine } from './engine.ts';
import { asUnavailable } from './failure.ts';
import { nameOf, openUnmigrated } from './location.ts';
import type { StoreLocation } from './location.ts';
import { lockDataDirectory } from './lock.ts';
import { patiently } from './patience.ts';
import { checkSchema } from './schema.ts';
import type { Store } from './store.ts';
import { storeOf } from './verb.ts';

export interface StoreDeps {
  readonly logger: Logger;
  /** Where a backup goes before a migration: `<data>/backup`. Needed for PostgreSQL; beside the file by default for SQLite. */
  readonly backupDirectory?: string;
  /** The data directory whose lock is taken for the time of a migration. Left out by whoever holds that lock already. */
  readonly lockDirectory?: string;
  readonly now?: () => number;
  /** How often it is told that a migration goes on. */
  readonly tellEveryMs?: number;
}

/** Opens and migrates. Rejects with STORE_NEWER, STORE_OLDER or FILE_UNUSABLE where the database must be left alone. */
export async function openStore(location: StoreLocation, deps: StoreDeps): Promise<Store> {
  return storeOf(await openEngine(location, deps));
}

/** The migrated database under the verbs, for backup and restore. */
export async function openEngine(location: StoreLocation, deps: StoreDeps): Promise<Engine> {
  const engine = await openUnmigrated(location, deps.logger);
  try {
    const state = await checkSchema(engine, nameOf(location));
    if (state.kind === 'empty' || !state.isNewest) await migrateLocked(location, deps);
    return engine;
  } catch (error) {
    await engine.close();
    throw asUnavailable(error);
  }
}

/** An older gateway server that runs would go on with tables that it does not know, so nothing is migrated under one. */
async function migrateLocked(location: StoreLocation, deps: StoreDeps): Promise<void> {
  const lock = deps.lockDirectory === undefined ? undefined : await lockToMigrate(deps.lockDirectory);
  try {
    const engine = await openUnmigrated(location, deps.logger, 'patient');
    await backUpAndMigrate(engine, location, deps).finally(() => engine.close());
  } finally {
    await lock?.release();
  }
}

async function lockToMigrate(directory: string): ReturnType<typeof lockDataDirectory> {
  try {
    return await lockDataDirectory(directory);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'DATA_LOCKED') throw error;
    throw new Fault('STORE_OLDER', { pid: error.fields['pid'] ?? 'unknown' }, { cause: error });
  }
}

async function backUpAndMigrate(engine: Engine, location: StoreLocation, deps: StoreDeps): Promise<void> {
  const [{ backupEngine }, { migrate }] = await Promise.all([import('./backup.ts'), import('./migrations.ts')]);
  // Asked again: whoever had the lock before may have migrated.
  const state = await checkSchema(engine, nameOf(location));
  if (state.kind === 'known') {
    if (state.isNewest) return;
    const now = (deps.now ?? Date.now)();
    const directory = deps.backupDirectory ?? (location.kind === 'sqlite' ? join(dirname(location.file), 'backup') : undefined);
    if (directory === undefined) throw new Error('a migration needs a directory for the backup before it');
    const name = `before-migration-${state.schema}-${new Date(now).toISOString().replaceAll(':', '-')}.jsonl.gz`;
    const file = join(directory, name);
    await patiently('the backup before the migration', deps, () => backupEngine(engine, file, { now }));
    deps.logger.info({ schema: state.schema, file }, 'backed up before the migration');
  }
  await patiently('the migration', deps, () => migrate(engine.db, engine.dialect));
}
