// Places for databases that a test may fill and damage: fresh folders for SQLite, fresh databases of one server for PostgreSQL.
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestPostgres } from './postgres.ts';
import type { Ground } from './store.ts';

export async function freshFolder(): Promise<string> {
  return await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-store-'));
}

export async function sqliteGround(): Promise<Ground & { readonly folder: string }> {
  const folder = await freshFolder();
  return {
    folder,
    location: { kind: 'sqlite', file: join(folder, 'data', 'drawbridge.db') },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export async function postgresGround(server: TestPostgres): Promise<Ground> {
  return { location: { kind: 'postgres', url: await server.createDatabase() }, remove: async () => {} };
}
