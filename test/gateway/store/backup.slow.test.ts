// Backups, from each database into each: what comes back, what never does, and what happens to a file that is not whole.
import { createSecretKey } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { adoptHeads } from '../../../gateway/audit/adopt.ts';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import { backup } from '../../../gateway/store/backup.ts';
import type { Progress } from '../../../gateway/store/backup.ts';
import type { StoreLocation } from '../../../gateway/store/location.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { restore } from '../../../gateway/store/restore.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { freshFolder, postgresGround } from '../../suite/ground.ts';
import { startPostgres } from '../../suite/postgres.ts';
import type { TestPostgres } from '../../suite/postgres.ts';
import {
  applyPolicy,
  enrollToken,
  enrolled,
  everything,
  fingerprint,
  group,
  hostToken,
  offerOf,
  quiet,
  recordOf,
  samplePolicy,
  slug,
  without,
  workstationOf,
} from '../../suite/sample.ts';

const deps = { logger: quiet };
let folder: string;
let file: string;
let server: TestPostgres;
let count = 0;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.close());
beforeEach(async () => {
  folder = await freshFolder();
  file = join(folder, 'backup', 'one.jsonl.gz');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Kind = 'SQLite' | 'PostgreSQL';
async function place(kind: Kind): Promise<StoreLocation> {
  if (kind === 'PostgreSQL') return (await postgresGround(server)).location;
  return { kind: 'sqlite', file: join(folder, `data-${++count}`, 'drawbridge.db') };
}

/** A store with something of everything. */
async function filled(location: StoreLocation): Promise<Store> {
  const store = await openStore(location, deps);
  await store.organization();
  await applyPolicy(store, samplePolicy);
  for (const user of ['ada', 'ben']) {
    const workstation = await enrolled(store, user);
    await store.replaceOffers(workstation.id, [offerOf('memory'), offerOf('everything')], 4000);
    await store.addToken(hostToken(user));
  }
  await store.decide(slug('memory'), fingerprint('memory'), 'approved', 'known', 5000);
  await store.appendRecords(...group('main', 0, 1200));
  await store.appendRecords(...group('main', 1200, 7));
  return store;
}

/** A backup's lines, changed. */
function rewrite(change: (lines: string[]) => readonly string[]): void {
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');
  writeFileSync(
    file,
    gzipSync(
      change(lines)
        .map((line) => `${line}\n`)
        .join(''),
    ),
  );
}

const pairs: readonly [Kind, Kind][] = [
  ['SQLite', 'SQLite'],
  ['SQLite', 'PostgreSQL'],
  ['PostgreSQL', 'SQLite'],
  ['PostgreSQL', 'PostgreSQL'],
];

describe('a backup', () => {
  test.each(pairs)('of %s brings everything back into an empty %s', async (from, to) => {
    proves('store.backup-whole', {
      file: 'gateway/store/restore.ts',
      find: 'await load(tx, dialect, source, () => true);',
      replace: "await load(tx, dialect, source, (table) => table !== 'offer');",
    });
    const store = await filled(await place(from));
    const before = await everything(store);
    const [source, target] = [await place(from), await place(to)];
    await store.close();
    const again = await filled(source);
    const wanted = await everything(again);
    expect(wanted.organization).not.toBe(before.organization);
    const taken = await backup(source, file, deps);
    await again.close();
    expect(taken.counts).toMatchObject({ user: 3, record: 1207, chain: 1, state: 1 });

    // Twice: also where a migrated, but unused database is there already.
    await (await openStore(target, deps)).close();
    const { mode, counts } = await restore(file, target, deps);
    expect({ mode, counts }).toEqual({ mode: 'all', counts: taken.counts });
    const restored = await openStore(target, deps);
    expect(await everything(restored)).toEqual(wanted);
    await restored.appendRecords(...group('main', 1207, 1));
    await restored.close();
  });

  test('is one moment of a store that is written to meanwhile, also by others', async () => {
    for (const kind of ['SQLite', 'PostgreSQL'] as const) {
      const location = await place(kind);
      const store = await filled(location);
      let seq = 1207;
      let isDone = false;
      const writing = (async () => {
        while (!isDone) {
          // Each begins a chain of its own: a row in either table, in one transaction.
          await store.appendRecords(...group(`chain-${seq++}`, 0, 1));
          // SQLite commits without giving way.
          await new Promise(setImmediate);
        }
      })();
      const { counts } = await backup(location, `${file}.${kind}`, deps);
      isDone = true;
      await writing;
      expect((counts['record'] ?? 0) - 1207).toBe((counts['chain'] ?? 0) - 1);
      expect(seq).toBeGreaterThan(1207);
      await store.close();
    }
  });

  test('is a file of its owner alone, and never replaces another', async () => {
    const location = await place('SQLite');
    await (await filled(location)).close();
    await backup(location, file, deps);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const before = readFileSync(file);
    await expect(backup(location, file, deps)).rejects.toThrow(/there is a file already/);
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(join(folder, 'backup'))).toEqual(['one.jsonl.gz']);
  });

  test('that is stopped leaves nothing behind', async () => {
    const location = await place('SQLite');
    await (await filled(location)).close();
    const stop = new AbortController();
    const taken = backup(location, file, { ...deps, signal: stop.signal, onProgress: () => stop.abort() });
    await expect(taken).rejects.toThrow();
    expect(readdirSync(join(folder, 'backup'))).toEqual([]);
  });

  test('of nothing is refused, and makes no database', async () => {
    const location = await place('SQLite');
    await expect(backup(location, file, deps)).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
    expect(location.kind === 'sqlite' && existsSync(location.file)).toBe(false);
  });

  test('tells how far it is, and so does its restoring', async () => {
    const location = await place('SQLite');
    await (await filled(location)).close();
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    const { counts } = await backup(location, file, { ...deps, onProgress });
    const total = Object.values(counts).reduce((sum, rows) => sum + rows, 0);
    expect(seen.at(-1)).toMatchObject({ done: total, total });
    seen.length = 0;
    await restore(file, await place('SQLite'), { ...deps, onProgress });
    expect(seen.at(-1)).toMatchObject({ done: total, total });
  });

  test('with a chain of records verifies where it is brought back, with its key', async () => {
    const location = await place('SQLite');
    const store = await openStore(location, deps);
    await store.organization();
    const { key, headFile, isNew } = await openAuditKey(folder);
    const recorder = await openRecorder({ store, key, headFile, isNew, chain: 'main', mode: 'durable', logger: quiet });
    for (let i = 0; i < 20; i++) await recorder.append(recordOf(i));
    await backup(location, file, deps);
    for (let i = 0; i < 5; i++) await recorder.append(recordOf(i));
    await recorder.close();
    await store.close();

    const target = await place('SQLite');
    await restore(file, target, deps);
    const restored = await openStore(target, deps);
    expect(await verifyAudit({ store: restored, key, headFile })).toMatchObject({ ok: false, what: 'truncated' });
    const other = createSecretKey(Buffer.alloc(32));
    await expect(adoptHeads({ store: restored, key: other, headFile })).rejects.toMatchObject({ code: 'AUDIT_BROKEN' });
    await adoptHeads({ store: restored, key, headFile });
    expect(await verifyAudit({ store: restored, key, headFile })).toMatchObject({ ok: true, records: 20 });
    const next = await openRecorder({ store: restored, key, headFile, chain: 'main', mode: 'durable', logger: quiet });
    await next.append(recordOf(1));
    await next.close();
    expect(await verifyAudit({ store: restored, key, headFile })).toMatchObject({ ok: true, records: 21 });
    await restored.close();
  });
});

describe.each(['SQLite', 'PostgreSQL'] as const)('restored into %s in use', (kind) => {
  let location: StoreLocation;
  let store: Store;
  beforeEach(async () => {
    location = await place(kind);
    store = await filled(location);
  });
  afterEach(() => store.close());

  test('it brings policy, tokens and workstations back, leaves the records, and shows at once', async () => {
    proves('store.restore-beside', {
      file: 'gateway/store/restore.ts',
      find: '(table) => !auditTables.has(table)',
      replace: "(table) => table === 'state'",
    });
    const before = await everything(store);
    await backup(location, file, deps);
    await applyPolicy(store, without(samplePolicy, 'constructor'));
    await store.decide(slug('memory'), fingerprint('other'), 'approved', null, 6000);
    await store.appendRecords(...group('main', 1207, 3));
    const revision = await store.revision();

    expect(await restore(file, location, deps)).toMatchObject({ mode: 'merged' });
    expect(await store.revision()).toBeGreaterThan(revision);
    const after = await everything(store);
    expect({ ...after, records: [], seals: [] }).toEqual({ ...before, records: [], seals: [] });
    expect(after.records[0]).toHaveLength(1210);
  });

  test('it never undoes a revocation, a spending or a denial', async () => {
    proves('store.restore-keeps-revoked', {
      file: 'gateway/store/merge.ts',
      find: 'revoked_at: now.revoked_at ?? old.revoked_at',
      replace: 'revoked_at: old.revoked_at',
    });
    const spent = enrollToken('ada');
    await store.addToken(spent);
    await backup(location, file, deps);
    const token = (await store.tokens()).find(({ kind }) => kind === 'host');
    const [workstation] = await store.workstations();
    if (token === undefined || workstation === undefined) throw new Error('nothing to revoke');
    await store.revokeToken(token.id, 7000);
    await store.revokeWorkstation(workstation.id, 7001);
    const { id } = await enrolledBy(spent.hash, 'ada');
    await store.decide(slug('memory'), fingerprint('memory'), 'denied', 'found out', 7002);

    await restore(file, location, deps);
    expect((await store.tokenByHash(token.hash))?.revokedAt).toBe(7000);
    expect((await store.workstationsOf([workstation.id])).get(workstation.id)?.revokedAt).toBe(7001);
    expect((await store.tokenByHash(spent.hash))?.spentAt).toBe(3000);
    expect((await store.workstationsOf([id])).get(id)?.revokedAt).toBeNull();
    expect(await store.approvals()).toMatchObject([{ decision: 'denied', reason: 'found out' }]);
  });

  const enrolledBy = async (hash: string, user: string) => {
    const workstation = workstationOf(user);
    expect(await store.enroll(hash, workstation, 3000)).toBe('enrolled');
    return workstation;
  };

  test('it gives a person who came back under the same name the old id, and nothing of what was made under another', async () => {
    const ada = (await store.policy()).ids.users['ada'];
    await backup(location, file, deps);
    await applyPolicy(store, without(samplePolicy, 'ada'), 8000);
    await applyPolicy(store, samplePolicy, 8001);
    const later = hostToken('ada');
    await store.addToken(later);
    expect((await store.policy()).ids.users['ada']).not.toBe(ada);

    await restore(file, location, { ...deps, now: () => 9000 });
    expect((await store.policy()).ids.users['ada']).toBe(ada);
    expect((await store.tokenByHash(later.hash))?.revokedAt).toBe(9000);
    const adas = (await store.tokens()).filter(({ user }) => user === 'ada');
    expect(adas.every(({ revokedAt }) => revokedAt !== null)).toBe(true);
  });

  test('it brings back by which account somebody came, and leaves whoever was bound anew since', async () => {
    const come = async (user: string, subject: string) => {
      const email = (await store.policy()).policy.users[slug(user)]?.email?.toLowerCase() ?? '';
      const what = { provider: 'company', makes: false, gives: false, title: undefined, teams: [], ofGroups: undefined, at: 1 };
      return (await store.signIn.arrive({ issuer: 'https://login.example.org', subject, email, ...what })).kind;
    };
    expect([await come('ada', 'of ada'), await come('ben', 'of ben')]).toEqual(['unbound', 'unbound']);
    await backup(location, file, deps);
    await applyPolicy(store, without(samplePolicy, 'ada'), 8000);
    await applyPolicy(store, samplePolicy, 8001);
    expect(await come('ada', 'of ada')).toBe('unbound');
    expect(await store.signIn.unbind({ slug: 'ben' })).toBe(1);
    expect(await come('ben', 'of ben, moved')).toBe('unbound');

    await restore(file, location, { ...deps, now: () => 9000 });
    expect([await come('ada', 'of ada'), await come('ada', 'of somebody else')]).toEqual(['bound', 'elsewhere']);
    expect([await come('ben', 'of ben, moved'), await come('ben', 'of ben')]).toEqual(['bound', 'elsewhere']);
  });

  test('it is refused where it is of another organization', async () => {
    proves('store.restore-own-only', {
      file: 'gateway/store/merge.ts',
      find: 'if (organization !== header.organization) {',
      replace: 'if (organization === null) {',
    });
    const other = await place('SQLite');
    await (await filled(other)).close();
    await backup(other, file, deps);
    const before = await everything(store);
    await expect(restore(file, location, deps)).rejects.toThrow(/another organization/);
    expect(await everything(store)).toEqual(before);
  });
});

describe('a backup file', () => {
  let location: StoreLocation;
  beforeEach(async () => {
    location = await place('SQLite');
    await (await filled(location)).close();
    await backup(location, file, deps);
  });

  test('that was damaged anywhere is refused before anything is touched', async () => {
    proves('store.backup-checked', {
      file: 'gateway/store/backup-file.ts',
      find: "if (trailer.sha256 !== hash.digest('hex')) throw new Error('its checksum does not fit');",
      replace: '',
    });
    const target = await place('SQLite');
    const whole = gunzipSync(readFileSync(file));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 127 }), async (at, flip) => {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        writeFileSync(file, gzipSync(damaged, { level: 1 }));
        await expect(restore(file, target, deps)).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
      }),
      { numRuns: 60 },
    );
    expect(target.kind === 'sqlite' && existsSync(target.file)).toBe(false);
  });

  test('that was cut off is refused, wherever', async () => {
    const whole = readFileSync(file);
    for (const part of [0, 10, 0.5 * whole.length, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, part));
      await expect(restore(file, location, deps)).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
    }
  });

  test.each<[string, (lines: string[]) => readonly string[]]>([
    ['has no end', (lines) => lines.slice(0, -1)],
    ['has no beginning', (lines) => lines.slice(1)],
    ['has a row less', (lines) => lines.toSpliced(-5, 1)],
    ['has something after its end', (lines) => [...lines, lines.at(-1) ?? '']],
    ['is of another product', (lines) => lines.with(0, (lines[0] ?? '').replace('drawbridge', 'other'))],
  ])('that %s is refused', async (_what, change) => {
    rewrite(change);
    await expect(restore(file, location, deps)).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
  });

  test('of a newer Drawbridge is refused with what to do', async () => {
    rewrite((lines) => lines.with(0, (lines[0] ?? '').replace(/\d{4}-[a-z-]+/, '0099-later')));
    await expect(restore(file, location, deps)).rejects.toThrow(/newer Drawbridge \(schema 0099-later\).*Update this program/);
  });

  test('that is not there is refused with its name', async () => {
    await expect(restore(join(folder, 'none'), location, deps)).rejects.toThrow(/none/);
  });
});
