// PostgreSQL through pg: the one door to it. A pool of connections; every statement has a deadline, and a commit waits for the disk.
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Engine, Snapshot } from './engine.ts';
import { isValue } from './engine.ts';
import { codeOf } from './failure.ts';
import type { Tables } from './table.ts';

const connectMs = 5000;
const statementMs = 15_000;
const pageRows = 500;

const append = `with appended as (
  insert into record (chain, seq, at, body, hash)
  select $1, of.seq, of.at, of.body, of.hash from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[]) as of (seq, at, body, hash)
) insert into seal (chain, after, seq, hash, mac) values ($1, $6, $7, $8, $9)`;

export function openPostgres(url: string, logger: Logger): Engine {
  const pool = new pg.Pool({
    connectionString: url,
    max: 8,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    // One second later, for a server that has gone silent.
    query_timeout: statementMs + 1000,
    keepAlive: true,
    application_name: 'drawbridge',
    types: { getTypeParser: parserOf },
  });
  // An idle connection that breaks is dropped by the pool; the next query opens another.
  pool.on('error', (error) => logger.warn({ code: codeOf(error) }, 'an idle database connection was lost'));
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({
      pool,
      onCreateConnection: async (connection) => {
        const hold = `select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`;
        await connection.executeQuery(CompiledQuery.raw(hold));
      },
    }),
  });
  return {
    dialect: 'postgres',
    db,
    async appendRecords(records, seal) {
      const columns = [
        records.map((r) => r.seq),
        records.map((r) => r.at),
        records.map((r) => r.body),
        records.map((r) => r.hash),
      ];
      await db.executeQuery(CompiledQuery.raw(append, [seal.chain, ...columns, seal.after, seal.seq, seal.hash, seal.mac]));
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
