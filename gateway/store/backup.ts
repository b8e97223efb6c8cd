// Writes all that a store holds into one file, as it was at one moment, beside whatever else runs. The one rule: the file is whole, or it is not there.
import { existsSync } from 'node:fs';
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';
import { writeBackup } from './backup-file.ts';
import type { BackupPage, Counts, Header } from './backup-file.ts';
import type { Engine, Snapshot } from './engine.ts';
import { asUnavailable, codeOf } from './failure.ts';
import { nameOf, openUnmigrated } from './location.ts';
import type { StoreLocation } from './location.ts';
import { makeDirectory } from './make-directory.ts';
import { checkSchema, isDerived, tablesOf } from './schema.ts';

/** Tokens and sessions of hosts that signed in: what ended since must not live again, so after a restore they sign in anew. */
const passing = 'sign_in_item';

export interface Progress {
  readonly table: string;
  /** Rows of all tables so far, and in all. */
  readonly done: number;
  readonly total: number;
}

export interface BackupSummary {
  readonly file: string;
  readonly header: Header;
  readonly counts: Counts;
}

export interface BackupDeps {
  readonly logger: Logger;
  readonly now?: () => number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** Before anything is read: what has to be on record first. Not where the database is of an older schema, which is not changed by a backup. */
  readonly before?: () => Promise<void>;
}

/** Backs a database up into a new file (0600). Rejects with FILE_UNUSABLE where the file exists already or can't be written. */
export async function backup(location: StoreLocation, file: string, deps: BackupDeps): Promise<BackupSummary> {
  if (location.kind === 'sqlite' && !existsSync(location.file))
    throw new Fault('FILE_UNUSABLE', { file: location.file, reason: 'there is no database.' });
  const engine = await openUnmigrated(location, deps.logger);
  try {
    const state = await checkSchema(engine, nameOf(location));
    if (state.kind === 'empty')
      throw new Fault('FILE_UNUSABLE', { file: nameOf(location), reason: 'there is nothing in it to back up.' });
    if (state.isNewest) await deps.before?.();
    return await backupEngine(engine, file, { ...deps, now: (deps.now ?? Date.now)() });
  } catch (error) {
    throw asUnavailable(error);
  } finally {
    await engine.close();
  }
}

interface How {
  readonly now: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** The same for an open database, at whatever schema it is. */
export async function backupEngine(engine: Engine, file: string, how: How): Promise<BackupSummary> {
  const temporary = `${file}.${newId(how.now)}.part`;
  try {
    if (existsSync(file)) throw taken(file);
    makeDirectory(dirname(file));
    const summary = await engine.snapshot(async (snapshot) => {
      const header = await headerOf(snapshot, engine, how.now);
      return { file, header, counts: await writeBackup(temporary, header, pagesOf(snapshot, engine, how)) };
    });
    // A hard link refuses to replace what came there meanwhile; a rename would not.
    await link(temporary, file);
    await syncDirectory(dirname(file));
    return summary;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw taken(file);
    if (isOfFiles(error))
      throw new Fault(
        'FILE_UNUSABLE',
        { file, reason: `${codeOf(error)}. Is there room, and may it be written?` },
        { cause: error },
      );
    throw error;
  } finally {
    // What could not be made need not be removed.
    await rm(temporary, { force: true }).catch(() => {});
  }
}

async function headerOf({ db }: Snapshot, { dialect }: Engine, now: number): Promise<Header> {
  const state = await checkSchema({ db, dialect }, 'the database');
  if (state.kind !== 'known') throw new Error('a database without a schema has no backup');
  const { organization } = await db.selectFrom('state').select('organization').executeTakeFirstOrThrow();
  return { kind: 'header', product: 'drawbridge', version: 1, schema: state.schema, organization, madeAt: now };
}

async function* pagesOf(snapshot: Snapshot, { dialect }: Engine, { onProgress, signal }: How): AsyncGenerator<BackupPage> {
  const tables = (await tablesOf(snapshot.db, dialect)).filter(({ name }) => name !== passing && !isDerived(name));
  let total = 0;
  for (const { name } of tables) {
    const { db } = snapshot;
    const of = db.withTables<Record<string, Record<string, unknown>>>().selectFrom(name);
    const { rows } = await of.select((is) => is.fn.countAll<number>().as('rows')).executeTakeFirstOrThrow();
    total += rows;
  }
  let done = 0;
  for (const { name, columns } of tables) {
    yield { table: name, columns, rows: [] };
    for await (const rows of snapshot.pages(name, columns)) {
      signal?.throwIfAborted();
      yield { table: name, columns, rows };
      done += rows.length;
      onProgress?.({ table: name, done, total });
    }
  }
}

function taken(file: string): Fault {
  return new Fault('FILE_UNUSABLE', { file, reason: 'there is a file already. Name another one.' });
}

function isOfFiles(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

/** So that the new name is there after a power cut too. Windows can't open directories and needs none of it. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}
