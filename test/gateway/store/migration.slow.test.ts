// What happens to a database of another version: a newer one is left alone, an older one is backed up and migrated, a foreign one is not touched.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { backup } from '../../../gateway/store/backup.ts';
import { openUnmigrated } from '../../../gateway/store/location.ts';
import type { StoreLocation } from '../../../gateway/store/location.ts';
import { lockDataDirectory } from '../../../gateway/store/lock.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { restore } from '../../../gateway/store/restore.ts';
import { migrate } from '../../../gateway/store/migrations.ts';
import { proves } from '../../requirement.ts';
import { freshFolder, postgresGround } from '../../suite/ground.ts';
import { group, quiet } from '../../suite/sample.ts';
import { startPostgres } from '../../suite/postgres.ts';
import type { TestPostgres } from '../../suite/postgres.ts';

const execute = promisify(execFile);
let folder: string;
let file: string;
let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.close());
beforeEach(async () => {
  folder = await freshFolder();
  file = join(folder, 'data', 'drawbridge.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => openStore({ kind: 'sqlite', file }, { logger: quiet });
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Runs statements on a database as somebody else would. */
async function run(location: StoreLocation, ...statements: string[]): Promise<void> {
  const engine = await openUnmigrated(location, quiet);
  for (const statement of statements) await sql.raw(statement).execute(engine.db);
  await engine.close();
}
const fromTheFuture = [
  "insert into migration (name, timestamp) values ('0099-later', '2099-01-01T00:00:00.000Z')",
  'create table later (id text not null)',
];

/** A database as an earlier Drawbridge left it. */
async function makeOlder(location: StoreLocation): Promise<void> {
  const engine = await openUnmigrated(location, quiet);
  await migrate(engine.db, engine.dialect, '0001-policy');
  const id = (last: number): string => `01a20491-e46f-708d-b6df-159d2fd25a${last}`;
  for (const statement of [
    `insert into "user" (id, slug, email) values ('${id(16)}', 'ada', 'ada@example.org')`,
    `insert into gateway (id, slug) values ('${id(17)}', 'main')`,
    `insert into server (id, slug, kind, shareable, timeout_seconds) values ('${id(18)}', 'a', 'workstation', 0, 60), ('${id(19)}', 'b', 'workstation', 0, 60), ('${id(20)}', 'c', 'workstation', 0, 60)`,
    `insert into assignment (id, gateway_id, server_id, reach, tools) values ('${id(21)}', '${id(17)}', '${id(18)}', 'caller', 'listed'), ('${id(22)}', '${id(17)}', '${id(19)}', 'caller', 'all'), ('${id(23)}', '${id(17)}', '${id(20)}', 'caller', 'none')`,
    `insert into provisioned_tool (assignment_id, position, name) values ('${id(21)}', 0, 'z'), ('${id(21)}', 1, 'y')`,
  ])
    await sql.raw(statement).execute(engine.db);
  await engine.close();
}

describe.each(['SQLite', 'PostgreSQL'])('a database on %s', (kind) => {
  const place = async (): Promise<StoreLocation> =>
    kind === 'SQLite' ? { kind: 'sqlite', file } : (await postgresGround(server)).location;

  test('of an older Drawbridge is backed up and then migrated', async () => {
    proves('store.backup-before-migration', {
      file: 'gateway/store/open.ts',
      find: 'backupEngine(engine, file, { now })',
      replace: 'Promise.resolve()',
    });
    const location = await place();
    await makeOlder(location);
    const backupDirectory = join(folder, 'backup');
    const store = await openStore(location, { logger: quiet, backupDirectory, now: () => 0 });
    const { policy } = await store.policy();
    expect(Object.keys(policy.users)).toEqual(['ada']);
    const none = { prompts: 'none', resources: 'none', templates: 'none', identity: 'none', pins: 'off' };
    expect(Object.values(policy.gateways)[0]?.assignments).toEqual({
      a: { reach: 'caller', ...none, tools: ['z', 'y'] },
      b: { reach: 'caller', ...none, tools: 'all' },
      c: { reach: 'caller', ...none, tools: 'none' },
    });
    expect(await store.newestRecords(1)).toEqual([]);
    await store.close();

    const name = 'before-migration-0001-policy-1970-01-01T00-00-00.000Z.jsonl.gz';
    expect(readdirSync(backupDirectory)).toEqual([name]);
    expect(statSync(join(backupDirectory, name)).mode & 0o777).toBe(0o600);
    const elsewhere: StoreLocation = { kind: 'sqlite', file: join(folder, 'elsewhere.db') };
    const { header, counts } = await restore(join(backupDirectory, name), elsewhere, { logger: quiet });
    expect(header.schema).toBe('0001-policy');
    expect(counts).toMatchObject({ user: 1 });
  });

  test('of an older Drawbridge keeps its audit records as they were, each chain with its seals', async () => {
    proves('store.records-migrated', {
      file: 'gateway/store/migration/0014-one-record-tree.ts',
      find: 'left join seal_of_2 on seal_of_2.chain = record_of_2.chain and seal_of_2.seq = record_of_2.seq',
      replace: 'left join seal_of_2 on seal_of_2.chain = record_of_2.chain and seal_of_2.seq > record_of_2.seq',
    });
    const location = await place();
    await makeOlder(location);
    const engine = await openUnmigrated(location, quiet);
    await migrate(engine.db, engine.dialect, '0013-step-up');
    const groups = [group('main', 0, 3), group('b', 0, 2), group('main', 3, 1), group('b', 2, 40)];
    for (const [records, { chain, after, seq, hash, mac }] of groups) {
      for (const one of records)
        await sql`insert into record (chain, seq, at, body, hash) values (${one.chain}, ${one.seq}, ${one.at}, ${one.body}, ${one.hash})`.execute(
          engine.db,
        );
      await sql`insert into seal (chain, "after", seq, hash, mac) values (${chain}, ${after}, ${seq}, ${hash}, ${mac})`.execute(
        engine.db,
      );
    }
    await engine.close();

    const store = await openStore(location, { logger: quiet, backupDirectory: join(folder, 'backup') });
    expect(await store.chains()).toEqual(['b', 'main']);
    for (const chain of ['b', 'main']) {
      const own = groups.filter(([, seal]) => seal.chain === chain);
      expect(await store.recordsAfter(chain, 0, 100)).toEqual(own.flatMap(([records]) => records));
      expect(await store.sealsAfter(chain, 0, 100)).toEqual(own.map(([, seal]) => seal));
    }
    await store.appendRecords(...group('main', 4, 2));
    expect((await store.chainHead('main'))?.seal.seq).toBe(6);
    await store.close();
  });

  test('of an older Drawbridge is told what the definitions that it kept say of themselves', async () => {
    const location = await place();
    const engine = await openUnmigrated(location, quiet);
    await migrate(engine.db, engine.dialect, '0026-parent');
    const insert = (hash: string, definition: string, suspicions = '[]') =>
      sql`insert into pin (assignment_id, item, hash, kind, name, body, definition, state, reason, suspicions, gone, seen_at, seen_by, revision)
        values ('a', ${hash}, ${hash}, 'tools', '"x"', 'b', ${definition}, 'accepted', 'new', ${suspicions}, '[]', 1, 'ada', 1)`;
    const says = '{"annotations":{"destructiveHint":"no","readOnlyHint":true},"name":"x"}';
    for (let at = 0; at < 250; at++) await insert(`${at}`.padStart(64, '0'), says).execute(engine.db);
    await insert('damaged', '{"annotations":').execute(engine.db);
    await insert('twice', says, '[{"kind":"ambiguous","pointer":"","detail":""}]').execute(engine.db);
    await insert('silent', '{"name":"x"}').execute(engine.db);
    await migrate(engine.db, engine.dialect);
    const { rows } = await sql<{ hash: string; hints: string | null }>`select hash, hints from pin order by hash`.execute(
      engine.db,
    );
    await engine.close();
    expect(rows.filter(({ hints }) => hints === '{"readOnlyHint":true}')).toHaveLength(250);
    expect(rows.filter(({ hints }) => hints === null).map(({ hash }) => hash)).toEqual(['damaged', 'silent', 'twice']);
  });

  test('of an older Drawbridge is migrated under the lock of its data directory, or not at all', async () => {
    proves('store.migrated-alone', {
      file: 'gateway/store/open.ts',
      find: 'deps.lockDirectory === undefined ? undefined : await lockToMigrate(deps.lockDirectory);',
      replace: 'undefined;',
    });
    const location = await place();
    await makeOlder(location);
    const lockDirectory = join(folder, 'data');
    const deps = { logger: quiet, backupDirectory: join(folder, 'backup'), lockDirectory };
    const backupFile = join(folder, 'older');
    await backup(location, backupFile, deps);
    // As `serve` of that earlier Drawbridge does.
    const lock = await lockDataDirectory(lockDirectory);
    const pid = String(process.pid);
    await expect(openStore(location, deps)).rejects.toMatchObject({ code: 'STORE_OLDER', fields: { pid } });
    await expect(restore(backupFile, location, deps)).rejects.toMatchObject({ code: 'STORE_OLDER' });
    await expect(run(location, 'select * from record')).rejects.toThrow(/record/);
    expect(existsSync(deps.backupDirectory)).toBe(false);
    await lock.release();

    await (await openStore(location, deps)).close();
    const again = await lockDataDirectory(lockDirectory);
    // A database that is current needs no lock.
    await (await openStore(location, deps)).close();
    await again.release();
  });

  test('of an older Drawbridge stays as it is where its backup can not be written', async () => {
    const location = await place();
    await makeOlder(location);
    writeFileSync(join(folder, 'plain'), '');
    const opening = openStore(location, { logger: quiet, backupDirectory: join(folder, 'plain') });
    await expect(opening).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
    await expect(run(location, 'select * from record')).rejects.toThrow(/record/);
  });

  test('of a newer Drawbridge is refused with one clear line that says what to do', async () => {
    const location = await place();
    await (await openStore(location, { logger: quiet })).close();
    await run(location, ...fromTheFuture);
    const opening = () => openStore(location, { logger: quiet });
    await expect(opening()).rejects.toMatchObject({ code: 'STORE_NEWER' });
    await expect(opening()).rejects.toThrow(/schema 0099-later; this one knows up to \d{4}-[a-z-]+.*Update this program/);
    await expect(backup(location, join(folder, 'backup'), { logger: quiet })).rejects.toMatchObject({ code: 'STORE_NEWER' });
  });

  test('that is something else is refused and not changed', async () => {
    const location = await place();
    const engine = await openUnmigrated(location, quiet);
    await sql.raw('create table recipe (id integer)').execute(engine.db);
    await engine.close();
    await expect(openStore(location, { logger: quiet })).rejects.toThrow(/recipe/);
  });
});

describe('a SQLite file', () => {
  test('of a newer Drawbridge is refused without changing a byte of it', async () => {
    proves('store.newer-refused', {
      file: 'gateway/store/schema.ts',
      find: "if (state.kind === 'newer') throw",
      replace: "if (state.kind === 'foreign') throw",
    });
    await (await open()).close();
    await run({ kind: 'sqlite', file }, ...fromTheFuture);
    const before = sha256(file);
    await expect(open()).rejects.toMatchObject({ code: 'STORE_NEWER' });
    expect(sha256(file)).toBe(before);
  });

  test('that is no database is refused with its path and what to do', async () => {
    file = join(folder, 'plain');
    writeFileSync(file, 'long enough to be looked at, but no database'.repeat(100));
    const before = sha256(file);
    await expect(open()).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
    await expect(open()).rejects.toThrow(/plain.*restore a backup/);
    expect(sha256(file)).toBe(before);
    file = join(file, 'drawbridge.db');
    await expect(open()).rejects.toThrow(file);
  });

  test('and what stands beside it belong to their owner alone', async () => {
    proves('store.private-files', { file: 'gateway/store/sqlite.ts', find: '      chmodSync(file, 0o600);\n', replace: '' });
    file = join(folder, 'drawbridge.db');
    writeFileSync(file, '', { mode: 0o644 });
    const store = await open();
    await store.organization();
    const modes = readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]);
    expect(Object.fromEntries(modes)).toEqual({ 'drawbridge.db': '600', 'drawbridge.db-wal': '600', 'drawbridge.db-shm': '600' });
    await store.close();
    file = join(folder, 'new', 'drawbridge.db');
    await (await open()).close();
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
  });

  test('is made whole by whoever opens it first, however many processes do at once', async () => {
    const program = join(import.meta.dirname, '../../fake/store-opener.ts');
    const ids = await Promise.all(Array.from({ length: 4 }, () => execute(process.execPath, [program, file])));
    expect(new Set(ids.map(({ stdout }) => stdout)).size).toBe(1);
    expect(ids[0]?.stdout).toMatch(/^[0-9a-f-]{36}\n$/);
  });
});
