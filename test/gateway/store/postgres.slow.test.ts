// The store suite on a real PostgreSQL, and what is PostgreSQL's alone: connections that break, settings that would lose a commit.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../../gateway/store/open.ts';
import { proves } from '../../requirement.ts';
import { postgresGround } from '../../suite/ground.ts';
import { startPostgres } from '../../suite/postgres.ts';
import type { TestPostgres } from '../../suite/postgres.ts';
import { applyPolicy, group, quiet, samplePolicy } from '../../suite/sample.ts';
import { describeIdentities } from '../../suite/identity.ts';
import { describeNewestCalls } from '../../suite/newest-calls.ts';
import { describeSignInStore } from '../../suite/sign-in.ts';
import { describeStore } from '../../suite/store.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.close());

describeStore('PostgreSQL', () => postgresGround(server));
describeSignInStore('PostgreSQL', () => postgresGround(server));
describeNewestCalls('PostgreSQL', () => postgresGround(server));
describeIdentities('PostgreSQL', () => postgresGround(server));

describe('a store on a PostgreSQL server', () => {
  /** A second connection to the same database, for somebody else. */
  async function beside<T>(url: string, ...statements: string[]): Promise<T[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      let rows: T[] = [];
      for (const statement of statements) rows = (await client.query(statement)).rows;
      return rows;
    } finally {
      await client.end();
    }
  }

  test('lives through the loss of all its connections', async () => {
    const url = await server.createDatabase();
    const store = await openStore({ kind: 'postgres', url }, { logger: quiet });
    await applyPolicy(store, samplePolicy);
    await beside(
      url,
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    // One query may still meet a connection that is gone; then it says so.
    const first = await store.policy().catch((error: unknown) => error);
    if (first instanceof Error) expect(first).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await store.policy()).policy).toEqual(samplePolicy);
    await store.appendRecords(...group('main', 0, 2));
    await store.close();
  });

  test('says STORE_UNAVAILABLE where nobody answers', async () => {
    const url = 'postgres://drawbridge@127.0.0.1:1/none';
    await expect(openStore({ kind: 'postgres', url }, { logger: quiet })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('waits for the disk at each commit, though the database is set not to', async () => {
    proves('store.postgres-durable', {
      file: 'gateway/store/postgres.ts',
      find: 'await connection.executeQuery(CompiledQuery.raw(hold));',
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
