// A store whose PostgreSQL goes away without a word, or may only be read for a while: what another one that takes its place asks of connections. A real server.
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openUnmigrated } from '../../../gateway/store/location.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { proves } from '../../requirement.ts';
import { beside, startPostgres, type TestPostgres } from '../../suite/postgres.ts';
import { applyPolicy, group, quiet, samplePolicy } from '../../suite/sample.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.close());

test('lets go of a connection that has gone silent, and asks over another one at once', { timeout: 60_000 }, async () => {
  proves('store.connection-silent', {
    file: 'gateway/store/postgres.ts',
    find: 'if (!isPatient) endInSilence(connection.connection.stream);',
    replace: '',
  });
  const url = await server.createDatabase();
  const engine = await openUnmigrated({ kind: 'postgres', url }, quiet);
  const pidOf = sql<{ readonly pid: number }>`select pg_backend_pid() as pid`;
  const stopped: number[] = [];
  const stop = (pid: number | undefined) => {
    process.kill(pid ?? 0, 'SIGSTOP');
    stopped.push(pid ?? 0);
  };
  try {
    // Both wait for an answer, the second of them with what ends its transaction after it.
    const alone = sql`select pg_sleep(20)`.execute(engine.db);
    const began = performance.now();
    const together = engine.db.transaction().execute(async (tx) => {
      const { rows } = await pidOf.execute(tx);
      stop(rows[0]?.pid);
      await sql`select 1`.execute(tx);
    });
    const sleeping = `select pid from pg_stat_activity where datname = current_database() and query = 'select pg_sleep(20)'`;
    const asleep = () => beside<{ readonly pid: number }>(url, sleeping);
    await expect.poll(asleep).toHaveLength(1);
    stop((await asleep())[0]?.pid);
    const ended = await Promise.allSettled([alone, together]);
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(performance.now() - began).toBeLessThan(25_000);
    const again = performance.now();
    const { rows } = await pidOf.execute(engine.db);
    expect(stopped).not.toContain(rows[0]?.pid);
    expect(performance.now() - again).toBeLessThan(5000);
  } finally {
    for (const pid of stopped) process.kill(pid, 'SIGCONT');
    await engine.close();
  }
});

test('writes again once it may, though all of its connections were made while nobody might', async () => {
  proves('store.connection-read-only', {
    file: 'gateway/store/postgres.ts',
    find: 'if (code === readOnly) reading.add(connection);',
    replace: '',
  });
  const url = await server.createDatabase();
  const name = new URL(url).pathname.slice(1);
  const store = await openStore({ kind: 'postgres', url }, { logger: quiet });
  const others = 'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
  await beside(
    url,
    `alter database ${name} set default_transaction_read_only = on`,
    `select pg_terminate_backend(pid) from (${others}) as held`,
  );
  await expect.poll(() => beside(url, others)).toEqual([]);
  const refusedAs = (error: unknown) =>
    error instanceof Error && error.cause instanceof Error && 'code' in error.cause ? error.cause.code : error;
  await expect.poll(() => applyPolicy(store, samplePolicy).catch(refusedAs)).toBe('25006');
  await beside(url, 'set default_transaction_read_only = off', `alter database ${name} reset default_transaction_read_only`);
  // Each is let go of when it is used next, and no sooner.
  await expect.poll(() => applyPolicy(store, samplePolicy).then(() => 'written', refusedAs)).toBe('written');
  await store.appendRecords(...group('main', 0, 2));
  await store.close();
});
