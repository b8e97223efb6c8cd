// The store suite on a real PostgreSQL, and what is PostgreSQL's alone: connections that break, settings that would lose a commit.
import { rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openUnmigrated, type StoreLocation } from '../../../gateway/store/location.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { migrate } from '../../../gateway/store/migrations.ts';
import { proves } from '../../requirement.ts';
import { freshFolder, postgresGround } from '../../suite/ground.ts';
import { beside, startPostgres } from '../../suite/postgres.ts';
import type { TestPostgres } from '../../suite/postgres.ts';
import { applyPolicy, enrollToken, group, quiet, samplePolicy, workstationOf } from '../../suite/sample.ts';
import { describeIdentities } from '../../suite/identity.ts';
import { describeNewestCalls } from '../../suite/newest-calls.ts';
import { describeDirectory } from '../../suite/directory.ts';
import { describeAdministration } from '../../suite/administration.ts';
import { describeSeen } from '../../suite/seen.ts';
import { describeLocalAccounts } from '../../suite/local-account.ts';
import { describeSignInStore } from '../../suite/sign-in.ts';
import { describeChanges } from '../../suite/changes.ts';
import { describeAlerts } from '../../suite/alert.ts';
import { describeRetention } from '../../suite/retention.ts';
import { describeRuns } from '../../suite/run.ts';
import { describeSearch } from '../../suite/search.ts';
import { describePayloads } from '../../suite/payload.ts';
import { describePins } from '../../suite/pin.ts';
import { describeEngineSecrets } from '../../suite/engine-secret.ts';
import { describeSinks } from '../../suite/sink.ts';
import { describeStore } from '../../suite/store.ts';
import { describeSwitches } from '../../suite/switch.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.close());

describeStore('PostgreSQL', () => postgresGround(server));
describeSignInStore('PostgreSQL', () => postgresGround(server));
describeLocalAccounts('PostgreSQL', () => postgresGround(server));
describeAdministration('PostgreSQL', () => postgresGround(server));
describeDirectory('PostgreSQL', () => postgresGround(server));
describeNewestCalls('PostgreSQL', () => postgresGround(server));
describeIdentities('PostgreSQL', () => postgresGround(server));
describeSinks('PostgreSQL', () => postgresGround(server));
describeEngineSecrets('PostgreSQL', () => postgresGround(server));
describeSeen('PostgreSQL', () => postgresGround(server));
describeAlerts('PostgreSQL', () => postgresGround(server));
describeSearch('PostgreSQL', () => postgresGround(server));
describeRetention('PostgreSQL', () => postgresGround(server));
describeRuns('PostgreSQL', () => postgresGround(server));
describeSwitches('PostgreSQL', () => postgresGround(server));
describePins('PostgreSQL', () => postgresGround(server));
describeChanges('PostgreSQL', () => postgresGround(server));
describePayloads('PostgreSQL', () => postgresGround(server));

test('two servers on one database enroll one device with one token, and one with one key, however many come in the same moment', async () => {
  const { location } = await postgresGround(server);
  const stores = [await openStore(location, { logger: quiet }), await openStore(location, { logger: quiet })] as const;
  onTestFinished(async () => {
    for (const one of stores) await one.close();
  });
  const [store] = stores;
  await applyPolicy(store, samplePolicy);
  const tokens = Array.from({ length: 9 }, () => enrollToken('ada'));
  for (const token of tokens) await store.addToken(token);
  const [first, ...others] = tokens;
  const at = (index: number) => stores[index % 2] ?? store;
  const tries = Array.from({ length: 8 }, () => workstationOf('ada'));
  const ends = await Promise.all(tries.map((workstation, index) => at(index).enroll(first?.hash ?? '', workstation, 3000)));
  expect(ends.toSorted()).toEqual(['enrolled', ...Array<string>(7).fill('spent')]);
  expect(await store.workstations()).toEqual([tries[ends.indexOf('enrolled')]]);
  const { thumbprint } = workstationOf('ada');
  const outcomes = await Promise.allSettled(
    others.map(({ hash }, index) => at(index).enroll(hash, { ...workstationOf('ada'), thumbprint }, 3000)),
  );
  const codes = outcomes.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as { code?: string }).code));
  expect(codes.toSorted()).toEqual([...Array<string>(7).fill('KEY_ENROLLED'), 'enrolled']);
  expect((await store.tokens()).filter(({ spentAt }) => spentAt !== null)).toHaveLength(2);
});

describe('a store on a PostgreSQL server', () => {
  test('lives through the loss of all its connections', async () => {
    const url = await server.createDatabase();
    const store = await openStore({ kind: 'postgres', url }, { logger: quiet });
    await applyPolicy(store, samplePolicy);
    await beside(
      url,
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    // Each ends at its own pace.
    const others = 'select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
    await expect.poll(() => beside(url, others)).toEqual([]);
    // One query may still meet a connection that is gone; then it says so.
    const first = await store.policy().catch((error: unknown) => error);
    if (first instanceof Error) expect(first).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await store.policy()).policy).toEqual(samplePolicy);
    await store.appendRecords(...group('main', 0, 2));
    await store.close();
  });

  test('lives through the loss of a connection in the middle of a transaction, which fails alone', async () => {
    proves('store.connection-cut', {
      file: 'gateway/store/postgres.ts',
      find: "pool.on('connect', (connection) => connection.on('error', () => undefined));",
      replace: '',
    });
    const url = await server.createDatabase();
    const store = await openStore({ kind: 'postgres', url }, { logger: quiet });
    await applyPolicy(store, samplePolicy);
    const engine = await openUnmigrated({ kind: 'postgres', url }, quiet);
    const escaped: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => escaped.push(error));
    try {
      const cut = engine.db.transaction().execute(async (tx) => {
        const { rows } = await sql<{ readonly pid: number }>`select pg_backend_pid() as pid`.execute(tx);
        const [{ pid } = { pid: 0 }] = rows;
        await beside(url, `select pg_terminate_backend(${pid})`);
        // Nothing is asked of it meanwhile: so nobody but the connection itself hears of it.
        const left = `select 1 from pg_stat_activity where pid = ${pid}`;
        await expect.poll(() => beside(url, left)).toEqual([]);
        await sql`select 1`.execute(tx);
      });
      await expect(cut).rejects.toThrow();
      await sql`select 1`.execute(engine.db);
      expect(escaped).toEqual([]);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
      await engine.close();
      await store.close();
    }
  });

  const failures = [
    ['is cut', 'select pg_terminate_backend(pg_backend_pid())::text || pg_sleep(20)::text'],
    ['is refused', 'select (1 / 0)::text'],
    ['is not answered in time', 'select pg_sleep(20)::text'],
  ] as const;
  test.each(failures)('gives up a connection whose setting up %s, and its place with it', async (_, body) => {
    proves('store.connection-unready', {
      file: 'gateway/store/postgres.ts',
      find: 'onConnect: (connection) => setUp(connection, isPatient),',
      replace: 'onConnect: (connection) => setUp(connection, isPatient).catch(() => undefined),',
    });
    const url = new URL(await server.createDatabase());
    const name = url.pathname.slice(1);
    // What is asked of each new connection first meets a function of the same name.
    await beside(
      url.href,
      'create schema broken',
      `create function broken.current_setting(text) returns text language sql as '${body}'`,
      `alter database ${name} set search_path = broken, pg_catalog`,
    );
    const client = new URL(url);
    client.searchParams.set('query_timeout', '500');
    const engine = await openUnmigrated({ kind: 'postgres', url: client.href }, quiet);
    const ask = () => sql`select 1 as one`.execute(engine.db).then(({ rows }) => rows);
    // More than the pool has places.
    const asked = await Promise.allSettled(Array.from({ length: 12 }, ask));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toEqual([]);
    await beside(url.href, `alter database ${name} reset search_path`);
    expect(await Promise.all(Array.from({ length: 12 }, ask))).toEqual(Array.from({ length: 12 }, () => [{ one: 1 }]));
    await engine.close();
  });

  test('waits for setting up a connection no longer, where what is asked of it then may take long', async () => {
    proves('store.connection-unready', {
      file: 'gateway/store/postgres.ts',
      find: 'const within = isPatient ? { query_timeout: queryMs } : {};',
      replace: 'const within = {};',
    });
    const url = await server.createDatabase();
    await beside(
      url,
      'create schema broken',
      `create function broken.current_setting(text) returns text language sql as 'select pg_sleep(40)::text'`,
      `alter database ${new URL(url).pathname.slice(1)} set search_path = broken, pg_catalog`,
    );
    const engine = await openUnmigrated({ kind: 'postgres', url }, quiet, 'patient');
    await expect(sql`select 1`.execute(engine.db)).rejects.toThrow(/timeout/i);
    await engine.close();
  });

  test('has its places back from who waited too long for a connection that was set up only then', async () => {
    proves('store.connection-unready', {
      file: 'gateway/store/postgres.ts',
      find: 'onConnect: (connection) => setUp(connection, isPatient),',
      replace: 'verify: (connection, done) => void setUp(connection, isPatient).then(() => done(), done),',
    });
    const url = await server.createDatabase();
    const name = new URL(url).pathname.slice(1);
    const engine = await openUnmigrated({ kind: 'postgres', url }, quiet);
    const ask = () => sql`select 1 as one`.execute(engine.db).then(({ rows }) => rows);
    const others = 'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const holding = Array.from({ length: 8 }, () =>
      engine.db.transaction().execute(async (tx) => {
        await sql`select 1`.execute(tx);
        await held;
      }),
    );
    await expect.poll(() => beside(url, others)).toHaveLength(8);
    await beside(
      url,
      'create schema broken',
      `create function broken.current_setting(text) returns text language sql as 'select pg_sleep(2)::text'`,
      `alter database ${name} set search_path = broken, pg_catalog`,
    );
    // Each waits for a place for 5 s, and is given one shortly before.
    const waiting = Array.from({ length: 8 }, ask);
    const settled = Promise.allSettled([...holding, ...waiting]);
    await setTimeout(4000);
    await beside(url, `select pg_terminate_backend(pid) from (${others}) as held`);
    letGo();
    expect((await settled).filter(({ status }) => status === 'fulfilled')).toEqual([]);
    await beside(url, `alter database ${name} reset search_path`);
    expect(await Promise.all(Array.from({ length: 12 }, ask))).toEqual(Array.from({ length: 12 }, () => [{ one: 1 }]));
    await engine.close();
  });

  test('says STORE_UNAVAILABLE where nobody answers', async () => {
    const url = 'postgres://drawbridge@127.0.0.1:1/none';
    await expect(openStore({ kind: 'postgres', url }, { logger: quiet })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('waits for a migration as long as it takes, and for nothing else longer than its deadline', async () => {
    proves('store.migration-patient', {
      file: 'gateway/store/postgres.ts',
      find: "if (isPatient) await connection.query({ text: 'set statement_timeout = 0', ...within });",
      replace: '',
    });
    const url = new URL(await server.createDatabase());
    const older = await openUnmigrated({ kind: 'postgres', url: url.href }, quiet);
    await migrate(older.db, older.dialect, '0001-policy');
    const holder = new pg.Client({ connectionString: url.href });
    await holder.connect();
    url.searchParams.set('statement_timeout', '1000');
    const location: StoreLocation = { kind: 'postgres', url: url.href };
    const backupDirectory = await freshFolder();
    try {
      await holder.query('begin');
      await holder.query('lock table "user" in access exclusive mode');
      const told: unknown[] = [];
      const logger = pino({ level: 'warn' }, { write: (line: string) => told.push(JSON.parse(line)) });
      const opening = openStore(location, { logger, backupDirectory, tellEveryMs: 500 });
      opening.catch(() => undefined);
      const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '1800 ms'`;
      await expect.poll(() => beside(url.href, waiting), { timeout: 10_000 }).toHaveLength(1);
      await holder.query('commit');
      const store = await opening;
      // Whoever waits hears of it.
      expect(told).toContainEqual(
        expect.objectContaining({
          what: 'the backup before the migration',
          waitedS: 1,
          msg: expect.stringContaining('see what else uses it'),
        }),
      );
      await holder.query('begin');
      await holder.query('lock table "user" in access exclusive mode');
      await expect(store.policy()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await holder.query('commit');
      await store.close();
    } finally {
      await holder.end();
      await older.close();
      await rm(backupDirectory, { recursive: true, force: true });
    }
  });

  test('lets two gateway servers keep alerts of the same subjects at once, and tells meanwhile of what is free', async () => {
    proves('alert.in-order', {
      file: 'gateway/store/sql/alert.ts',
      find: '.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))',
      replace: '',
    });
    const url = await server.createDatabase();
    const store = await openStore({ kind: 'postgres', url }, { logger: quiet });
    const { alert } = store;
    const raised = (key: string) => ({ key, level: 'error', words: key, count: 1, record: null, at: 1 }) as const;
    const take = (chain: string, keys: readonly string[]) =>
      alert.takeAlerts({ chain, seq: 1, raised: keys.map(raised), settled: [], now: 1 });
    await take('first', ['a', 'b', 'gate']);
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    try {
      await holder.query('begin');
      await holder.query(`select 1 from alert where key = 'gate' for update`);
      expect((await alert.claimUntold(2, 3)).map(({ key }) => key)).toEqual(['a', 'b']);
      // Each in the order of its own records: one would hold what the other one wants next.
      const both = Promise.all([take('first', ['a', 'gate', 'b']), take('second', ['b', 'gate', 'a'])]);
      both.catch(() => undefined);
      const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      await expect.poll(() => beside(url, waiting), { timeout: 10_000 }).toHaveLength(2);
      await holder.query('commit');
      await both;
      expect((await alert.alerts()).map(({ key, count }) => [key, count]).toSorted()).toEqual([
        ['a', 3],
        ['b', 3],
        ['gate', 3],
      ]);
    } finally {
      await holder.end();
      await store.close();
    }
  });

  test('waits for the disk at each commit, though the database is set not to', async () => {
    proves('store.postgres-durable', {
      file: 'gateway/store/postgres.ts',
      find: 'await connection.query({ text: hold, ...within });',
      replace: 'void hold;',
    });
    const url = await server.createDatabase();
    const name = new URL(url).pathname.slice(1);
    await beside(url, `alter database ${name} set synchronous_commit = off`);
    const store = await openStore({ kind: 'postgres', url }, { logger: quiet });
    // A trigger writes down what holds in the store's own connections.
    await beside(
      url,
      'create table held (setting text)',
      `create function hold() returns trigger as $$ begin insert into held values (current_setting('synchronous_commit')); return new; end $$ language plpgsql`,
      'create trigger hold before insert on record for each row execute function hold()',
    );
    await store.appendRecords(...group('main', 0, 2));
    expect(await beside(url, 'select distinct setting from held')).toEqual([{ setting: 'on' }]);
    await store.close();
  });
});
