// PostgreSQL through pg: the one door to it. A pool of connections; every statement has a deadline, but those of a migration, and a commit waits for the disk.
import { Socket } from 'node:net';
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Engine, Snapshot } from './engine.ts';
import { isValue } from './engine.ts';
import { codeOf } from './failure.ts';
import { isApart, isFull, type RecordRow, rowsOf, type Shelf } from './run.ts';
import { addPayloads } from './sql/payload.ts';
import { idOf, numberOf } from './sql/place.ts';
import { freshShelf } from './sql/run.ts';
import { revisionOf } from './sql/state.ts';
import type { Db, Tables } from './table.ts';

const connectMs = 5000;
const statementMs = 15_000;
/** One second later, for a server that has gone silent. */
const queryMs = statementMs + 1000;
/** Before pg gives up what was asked, and hands the connection on to whoever asks next. */
const silentMs = statementMs + 500;
const pageRows = 500;
/** read_only_sql_transaction */
const readOnly = '25006';

const hold = `select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`;
const append = `insert into record (id, at, body, hash, "after", mac, "count", base)
  select of.* from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[]) as of`;
const appendTexts = 'insert into shared_text (id, body) select of.* from unnest($1::bigint[], $2::text[]) as of';
/** Where two gateway servers begin their chains at once, one of them finds the number taken, and asks again. */
const number = `insert into chain (number, name) select coalesce(max(number), 0) + 1, $1::text from chain on conflict do nothing`;

export function openPostgres(url: string, logger: Logger, pace: 'quick' | 'patient'): Engine {
  const isPatient = pace === 'patient';
  const pool = new pg.Pool({
    connectionString: url,
    max: 8,
    connectionTimeoutMillis: connectMs,
    ...(isPatient ? {} : { statement_timeout: statementMs, query_timeout: queryMs }),
    keepAlive: true,
    // Else the system's two hours, for which a migration would wait for a machine that is gone.
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'drawbridge',
    types: { getTypeParser: parserOf },
    // Here, because elsewhere its place in the pool is lost: in Kysely's onCreateConnection that of one that fails, in `verify` that of one that is ready too late for whom
    // it was opened.
    onConnect: (connection) => setUp(connection, isPatient),
  });
  // One that breaks while it is used tells whoever asked something of it. Without a listener its own event would end the process: the pool has one on idle ones only.
  pool.on('connect', (connection) => connection.on('error', () => undefined));
  /** Those that may only read: to a server that gave its part to another one, or from when it might not be written to. In use they would stay for good. */
  const reading = new WeakSet<pg.ClientBase>();
  pool.on('connect', (connection) => {
    if (!isPatient) endInSilence(connection.connection.stream);
    connection.connection.on('errorMessage', ({ code }: { readonly code?: string }) => {
      if (code === readOnly) reading.add(connection);
    });
  });
  // Before the pool looks whether it may be used again.
  pool.on('release', (_, connection) => {
    if (reading.has(connection)) void connection.end();
  });
  // An idle connection that breaks is dropped by the pool; the next query opens another.
  pool.on('error', (error) => logger.warn({ code: codeOf(error) }, 'an idle database connection was lost'));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  /** Of chains that are there for good. */
  const numbers = new Map<string, number>();
  const shelves = new Map<string, Shelf>();
  return {
    dialect: 'postgres',
    db,
    revision: revisionOf(db),
    lastWrite: lastWriteOf(db),
    async appendRecords(records, seal, payloads = []) {
      const known = numbers.get(seal.chain);
      let shelf = shelves.get(seal.chain);
      // Until all is committed nobody can build on it.
      shelves.delete(seal.chain);
      const write = async (tx: Db, chain: number, { rows, fresh }: ReturnType<typeof rowsOf>) => {
        const texts = [fresh.map(({ place }) => idOf(chain, place)), fresh.map(({ text }) => text)];
        if (fresh.length > 0) await tx.executeQuery(CompiledQuery.raw(appendTexts, texts));
        await appendTo(tx, chain, rows);
        await addPayloads(tx, chain, payloads);
      };
      const isShelfWanted = records.some(isApart) && (shelf === undefined || isFull(shelf));
      const made = isShelfWanted ? undefined : rowsOf(records, seal, shelf);
      if (known !== undefined && made?.fresh.length === 0 && payloads.length === 0) await appendTo(db, known, made.rows);
      else
        await db
          .transaction()
          .execute(async (tx) => {
            const chain = known ?? (await numberFor(tx, seal.chain));
            if (isShelfWanted) shelf = await freshShelf(tx, chain);
            await write(tx, chain, made ?? rowsOf(records, seal, shelf));
            return chain;
          })
          .then((chain) => numbers.set(seal.chain, chain));
      if (shelf !== undefined) shelves.set(seal.chain, shelf);
    },
    snapshot: (read) =>
      db
        .transaction()
        .setIsolationLevel('repeatable read')
        .setAccessMode('read only')
        .execute((tx) => read({ db: tx, pages: (table, columns) => pages(tx, table, columns) })),
    close: () => db.destroy(),
  };
}

/** What holds in each connection of ours, before anything is asked of it. */
async function setUp(connection: pg.ClientBase, isPatient: boolean): Promise<void> {
  // Of a patient one only what is asked of it may take long.
  const within = isPatient ? { query_timeout: queryMs } : {};
  await connection.query({ text: hold, ...within });
  if (isPatient) await connection.query({ text: 'set statement_timeout = 0', ...within });
}

/**
 * pg gives up what was asked and goes on with the connection: all that is asked of it then waits behind, and where the database went away without a word (another
 * machine took its address over, a firewall forgot) the system keeps such a connection for many minutes. An idle one the pool has closed long before.
 */
function endInSilence(stream: unknown): void {
  if (stream instanceof Socket) stream.setTimeout(silentMs, () => stream.destroy(new Error('the database has gone silent')));
}

/**
 * Which transactions are over, in all databases of the server: what is written in another one is taken for news too, and nothing that is written in ours is not
 * (postgresql.org/docs/current/functions-info.html, pg_current_snapshot).
 */
function lastWriteOf(db: Db): () => Promise<string> {
  const query = sql<{ readonly snapshot: string }>`select pg_current_snapshot()::text as snapshot`.compile(db);
  return async () => {
    const [row] = (await db.executeQuery(query)).rows;
    if (row === undefined) throw new Error('the database does not tell its snapshot');
    return row.snapshot;
  };
}

async function appendTo(db: Db, chain: number, rows: readonly RecordRow[]): Promise<void> {
  const columns = [
    rows.map((r) => idOf(chain, r.seq)),
    rows.map((r) => r.at),
    rows.map((r) => r.body),
    rows.map((r) => r.hash),
    rows.map((r) => r.after),
    rows.map((r) => r.mac),
    rows.map((r) => r.count),
    rows.map((r) => r.base),
  ];
  await db.executeQuery(CompiledQuery.raw(append, columns));
}

/** The number of a chain, which it gets now where it has none. */
async function numberFor(tx: Db, chain: string): Promise<number> {
  for (;;) {
    const found = await numberOf(tx, chain);
    if (found !== undefined) return found;
    await tx.executeQuery(CompiledQuery.raw(number, [chain]));
  }
}

async function* pages(tx: Kysely<Tables>, table: string, columns: readonly string[]): ReturnType<Snapshot['pages']> {
  const names = sql.join(columns.map((column) => sql.ref(column)));
  await sql`declare page no scroll cursor for select ${names} from ${sql.table(table)}`.execute(tx);
  for (;;) {
    const { rows } = await sql<Record<string, unknown>>`fetch ${sql.lit(pageRows)} from page`.execute(tx);
    if (rows.length === 0) break;
    yield rows.map((row) =>
      columns.map((column) => {
        const value = row[column];
        if (!isValue(value)) throw new Error(`a row of ${table} holds a value of another kind`);
        return value;
      }),
    );
  }
  await sql`close page`.execute(tx);
}

/** 64-bit integers as numbers (ours stay far below 2^53), everything else as pg reads it. */
function parserOf(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === pg.types.builtins.INT8) return Number;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}
