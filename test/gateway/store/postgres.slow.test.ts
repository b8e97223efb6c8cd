// The store suite on a real PostgreSQL, and what is PostgreSQL's alone.
import { afterAll, beforeAll } from 'vitest';
import { postgresGround } from '../../suite/ground.ts';
import { startPostgres } from '../../suite/postgres.ts';
import type { TestPostgres } from '../../suite/postgres.ts';
import { describeStore } from '../../suite/store.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.close());

describeStore('PostgreSQL', () => postgresGround(server));
