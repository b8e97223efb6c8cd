// SQLite through better-sqlite3: the one door to it. WAL and synchronous=FULL, so that a commit is on disk when it returns.
// One connection, one transaction at a time (kysely queues them); other processes may write to the same file in between.
import { accessSync, closeSync, chmodSync, constants, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { CompiledQuery, Kysely, SqliteAdapter, SqliteDriver, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Dialect, Driver } from 'kysely';
import { Fault } from '#contract/error.ts';
import type { Engine, Snapshot, Value } from './engine.ts';
import { isValue } from './engine.ts';
import { asUnavailable, codeOf } from './failure.ts';
import { makeDirectory } from './make-directory.ts';
import { idOf } from './sql/place.ts';
import { isApart, isFull, rowsOf, type Shelf, shelfAfter } from './run.ts';
import type { ChainedPayload, NewRecord, Seal } from './store.ts';
import type { Tables } from './table.ts';

/** How long a statement waits for another process's transaction. */
const busyMs = 5000;
const statementLimit = 200;
const pageRows = 500;

/** Opens a database file, making it (0600, its directory 0700) where there is none. `:memory:` is a scratch database. */
export function openSqlite(file: string): Engine {
  const raw = connect(file);
  const db = new Kysely<Tables>({ dialect: dialectOf(raw) });
  const insert = appender(raw);
  const readRevision = revisionReader(raw);
  const readLastWrite = lastWriteReader(raw);
  const outside = async <T>(read: () => T): Promise<T> =>
    raw.inTransaction ? await db.connection().execute(async () => read()) : read();
  return {
    dialect: 'sqlite',
    db,
    // Past kysely's queue, which costs ten times the question; inside a transaction it would see what is not committed yet.
    revision: () => outside(readRevision),
    lastWrite: () => outside(readLastWrite),
    // Likewise: where the connection is in the middle of a kysely transaction, behind it.
    appendRecords: async (...of) =>
      raw.inTransaction ? await db.connection().execute(async () => insert(...of)) : insert(...of),
    snapshot: (read) => readSnapshot(file, read),
    close: () => db.destroy(),
  };
}

/** Runs `read` on a file that is opened for reading only. Changes nothing in it. */
export async function readSnapshot<T>(file: string, read: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const raw = usable(file, () => new Database(file, { readonly: true, fileMustExist: true, timeout: busyMs }));
  const db = new Kysely<Tables>({ dialect: dialectOf(raw) });
  try {
    raw.exec('begin');
    return await read({
      db,
      async *pages(table, columns) {
        const names = columns.map((column) => `"${column}"`).join(', ');
        let page: Value[][] = [];
        for (const row of raw.prepare<[], unknown>(`select ${names} from "${table}"`).raw().iterate()) {
          if (!Array.isArray(row) || !row.every(isValue)) throw new Error(`a row of ${table} holds a value of another kind`);
          page.push(row);
          if (page.length < pageRows) continue;
          yield page;
          page = [];
        }
        if (page.length > 0) yield page;
      },
    });
  } catch (error) {
    const code = codeOf(error) ?? '';
    // SHM: there is no room for the index of its journal.
    throw ['SQLITE_NOTADB', 'SQLITE_CORRUPT', 'SQLITE_IOERR_SHM'].some((of) => code.startsWith(of))
      ? unusable(file, error)
      : error;
  } finally {
    raw.close();
  }
}

/** Holds a file's exclusive lock until the returned function is called or the process ends; undefined where another process has it. */
export function holdExclusively(file: string): (() => void) | undefined {
  make(file);
  const raw = new Database(file, { timeout: 0 });
  try {
    raw.pragma('journal_mode = delete');
    raw.exec('begin exclusive');
  } catch (error) {
    raw.close();
    if (codeOf(error)?.startsWith('SQLITE_BUSY') === true) return undefined;
    throw asUnavailable(error);
  }
  return () => raw.close();
}

/**
 * Its owner's alone from the start. One that is there is not opened: closing it would give up all locks that this process has on it
 * (POSIX; sqlite.org/howtocorrupt.html, 2.2), and whoever looks into the file then takes away the journal from under the gateway server.
 * Throws where it can't be written: SQLite would open it for reading, and a lock for reading keeps nobody out.
 */
function make(file: string): void {
  if (existsSync(file)) accessSync(file, constants.W_OK);
  else closeSync(openSync(file, 'a', 0o600));
}

function connect(file: string): Database.Database {
  return usable(file, () => {
    if (file !== ':memory:') {
      makeDirectory(dirname(file));
      make(file);
      chmodSync(file, 0o600);
    }
    const raw = new Database(file, { timeout: busyMs });
    try {
      // Counts for a new file only. In smaller pages a record of a thousand bytes would take a page of its own besides its place in the tree.
      raw.pragma('page_size = 8192');
      raw.pragma('journal_mode = wal');
      raw.pragma('synchronous = full');
      raw.pragma('foreign_keys = on');
      raw.pragma('trusted_schema = off');
    } catch (error) {
      raw.close();
      throw error;
    }
    return raw;
  });
}

function usable<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw unusable(file, error);
  }
}

/** Why a file can't be opened, in words. */
function unusable(file: string, error: unknown): Fault {
  const code = codeOf(error) ?? '';
  if (error instanceof Fault || code.startsWith('SQLITE_BUSY')) return asUnavailable(error);
  const isDamaged = code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT');
  const reason = isDamaged
    ? 'it is damaged or not a database. Move it away and restore a backup.'
    : `${code || 'it did not open'}. Check that the path exists, that the disk has room and that this user may write there.`;
  return new Fault('FILE_UNUSABLE', { file, reason }, { cause: error });
}

function revisionReader(raw: Database.Database): () => number {
  let statement: Database.Statement | undefined;
  return () => {
    // At first use, as below.
    const revision: unknown = (statement ??= raw.prepare('select revision from state').pluck()).get();
    if (typeof revision !== 'number') throw new Error('the store has no state');
    return revision;
  };
}

/** SQLite counts what this connection changed, and tells that another one committed (sqlite.org/pragma.html#pragma_data_version). */
function lastWriteReader(raw: Database.Database): () => string {
  const own = raw.prepare('select total_changes()').pluck();
  const others = raw.prepare('pragma data_version').pluck();
  return () => `${String(others.get())}:${String(own.get())}`;
}

/** The hot path: prepared once, one transaction a group. A row by itself, which most groups are, needs no beginning and no end: that is a fifth of what it costs. */
function appender(
  raw: Database.Database,
): (records: readonly NewRecord[], seal: Seal, payloads?: readonly ChainedPayload[]) => void {
  let statements:
    | Record<'record' | 'text' | 'lastText' | 'payload' | 'number' | 'begin' | 'commit', Database.Statement>
    | undefined;
  const numbers = new Map<string, number>();
  const shelves = new Map<string, Shelf>();
  return (records, seal, payloads = []) => {
    // Prepared at first use: the tables may not be there before the migration.
    const to = (statements ??= {
      record: raw.prepare('insert into record (id, at, body, hash, "after", mac, count, base) values (?, ?, ?, ?, ?, ?, ?, ?)'),
      text: raw.prepare('insert into shared_text (id, body) values (?, ?)'),
      lastText: raw.prepare('select max(id) from shared_text where id >= ? and id < ?').pluck(),
      payload: raw.prepare('insert into payload (record_id, direction, place, key_id, sealed, at) values (?, ?, ?, ?, ?, ?)'),
      number: raw
        .prepare(
          'insert into chain (number, name) select coalesce(max(number), 0) + 1, ? from chain where true on conflict (name) do update set name = name returning number',
        )
        .pluck(),
      begin: raw.prepare('begin immediate'),
      commit: raw.prepare('commit'),
    });
    // Its commit would be theirs, and its end too.
    if (raw.inTransaction) throw new Error('records are appended in a transaction of somebody else');
    const begin = () => void (raw.inTransaction || to.begin.run());
    try {
      const known = numbers.get(seal.chain);
      if (known === undefined) begin();
      const chain = known ?? Number(to.number.get(seal.chain));
      let shelf = shelves.get(seal.chain);
      // Until all is committed nobody can build on it.
      shelves.delete(seal.chain);
      if (records.some(isApart) && (shelf === undefined || isFull(shelf))) {
        begin();
        shelf = shelfAfter(to.lastText.get(idOf(chain, 0), idOf(chain + 1, 0)));
      }
      const { rows, fresh } = rowsOf(records, seal, shelf);
      if (rows.length + fresh.length + payloads.length > 1) begin();
      for (const { place, text } of fresh) to.text.run(idOf(chain, place), text);
      for (const { seq, at, body, hash, after, mac, count, base } of rows)
        to.record.run(idOf(chain, seq), at, body, hash, after, mac, count, base);
      for (const { record, direction, seq, key, sealed, at } of payloads)
        to.payload.run(record, direction, idOf(chain, seq), key, sealed, at);
      if (raw.inTransaction) to.commit.run();
      numbers.set(seal.chain, chain);
      if (shelf !== undefined) shelves.set(seal.chain, shelf);
    } finally {
      if (raw.inTransaction) raw.exec('rollback');
    }
  };
}

function dialectOf(raw: Database.Database): Dialect {
  return {
    createDriver: () => driverOf(raw),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    // kysely's own says false here, but SQLite does roll back DDL, and a migration is all or nothing.
    createAdapter: () => Object.defineProperty(new SqliteAdapter(), 'supportsTransactionalDdl', { value: true }),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

/** kysely's driver with kept statements, and with transactions that take the write lock at their start: a later upgrade would fail with SQLITE_BUSY at once. */
function driverOf(raw: Database.Database): Driver {
  const statements = new Map<string, Database.Statement>();
  const driver = new SqliteDriver({
    database: {
      close: () => raw.close(),
      prepare(sql) {
        const kept = statements.get(sql);
        if (kept !== undefined) return kept;
        if (statements.size >= statementLimit) statements.clear();
        const statement = raw.prepare(sql);
        statements.set(sql, statement);
        return statement;
      },
    },
  });
  return {
    init: (options) => driver.init(options),
    acquireConnection: () => driver.acquireConnection(),
    releaseConnection: () => driver.releaseConnection(),
    async beginTransaction(connection, { accessMode }) {
      await connection.executeQuery(CompiledQuery.raw(accessMode === 'read only' ? 'begin' : 'begin immediate'));
    },
    commitTransaction: (connection) => driver.commitTransaction(connection),
    async rollbackTransaction() {
      // SQLite has rolled back by itself after a full disk or an I/O error.
      if (raw.inTransaction) raw.exec('rollback');
    },
    destroy: () => driver.destroy(),
  };
}
