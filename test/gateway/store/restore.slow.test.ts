// A backup that is restored beside people of a directory, those who left, and switches, into each database: what was taken away since stays away.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newId, TokenId } from '#contract/id.ts';
import { backup } from '../../../gateway/store/backup.ts';
import type { StoreLocation } from '../../../gateway/store/location.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { restore } from '../../../gateway/store/restore.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { freshFolder, postgresGround } from '../../suite/ground.ts';
import { startPostgres, type TestPostgres } from '../../suite/postgres.ts';
import { applyPolicy, hostToken, quiet, samplePolicy, sha256, slug } from '../../suite/sample.ts';

const deps = { logger: quiet };
let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.close());

describe.each(['SQLite', 'PostgreSQL'] as const)('restored into %s in use', (kind) => {
  let folder: string;
  let file: string;
  let location: StoreLocation;
  let store: Store;
  beforeEach(async () => {
    folder = await freshFolder();
    file = join(folder, 'backup', 'one.jsonl.gz');
    location =
      kind === 'PostgreSQL'
        ? (await postgresGround(server)).location
        : { kind: 'sqlite', file: join(folder, 'data', 'drawbridge.db') };
    store = await openStore(location, { logger: quiet, backupDirectory: folder });
    await applyPolicy(store, samplePolicy);
    await store.addToken(hostToken('ada'));
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('what was switched off then is off again where its time has come since, and what is off now stays as it is', async () => {
    const off = { kind: 'server', reason: 'it leaks', isTold: false, since: 1000, until: null, by: 'root', owner: null } as const;
    for (const name of ['memory', 'files']) await store.switchOff({ ...off, name });
    await store.switchOff({ ...off, name: 'over', until: 2000 });
    await backup(location, file, deps);
    await store.switchOff({ ...off, name: 'memory', until: 2000 });
    await store.switchOff({ ...off, name: 'files', reason: 'another' });
    await store.switchOn({ kind: 'server', name: 'over' });

    await restore(file, location, deps);
    expect(await store.switches()).toEqual([
      { ...off, name: 'files', reason: 'another' },
      { ...off, name: 'memory' },
    ]);
  });

  test('a personal access token that was revoked since, or got another secret, stays so with what was made with it', async () => {
    proves('admin.token-restored', {
      file: 'gateway/store/merge.ts',
      find: 'if (revoked_at !== null && live.get(id)?.revoked_at === null)',
      replace: 'if (revoked_at === null)',
    });
    const { administration } = store;
    const made = async (name: string, parent: TokenId | null = null) => {
      const times = { createdAt: 1, expiresAt: 1e15, revokedAt: null, usedAt: null };
      const of = {
        id: TokenId.parse(newId()),
        user: slug('ada'),
        title: name,
        hash: sha256(name),
        capabilities: undefined,
        parent,
      };
      await administration.addAccessToken({ ...of, ...times });
      return of.id;
    };
    const [rotated, revoked] = [await made('rotated'), await made('revoked')];
    await made('child', rotated);
    await backup(location, file, deps);
    expect(await administration.rotateAccessToken(rotated, sha256('rotated'), sha256('fresh'), 50)).toBe(true);
    await administration.revokeAccessToken(revoked, 60);

    await restore(file, location, deps);
    const states = (await administration.accessTokens()).map(
      ({ title, hash, revokedAt }) => [title, { hash, revokedAt }] as const,
    );
    expect(Object.fromEntries(states)).toEqual({
      rotated: { hash: sha256('fresh'), revokedAt: null },
      revoked: { hash: sha256('revoked'), revokedAt: 60 },
      child: { hash: sha256('child'), revokedAt: 50 },
    });
  });

  test('it brings nobody back whom the directory removed since, and nothing of whoever is held', async () => {
    proves('scim.restored', {
      file: 'gateway/store/sql/directory-user.ts',
      find: "await tx.deleteFrom('user').where('made_by', '=', madeByDirectory)",
      replace: "await tx.deleteFrom('user').where('made_by', '=', '')",
    });
    const person = (name: string, email = `${name}@example.org`) => ({
      userName: email,
      externalId: null,
      displayName: name,
      email,
      emails: [],
      active: true,
      body: '{}',
    });
    const { directory } = store;
    const [zoe, max] = [await directory.addPerson(person('zoe'), 1), await directory.addPerson(person('max'), 1)];
    await backup(location, file, deps);
    await directory.removePerson(zoe.id, 1, 7000);
    await directory.changePerson(max.id, 1, person('max', 'max.new@example.org'), 7000);
    await directory.hold('ada', 7000);

    await restore(file, location, deps);
    const { users } = (await store.policy()).policy;
    expect(users).not.toHaveProperty('zoe-example-org');
    expect(await store.administration.user(slug('zoe-example-org'))).toBeUndefined();
    expect(users).not.toHaveProperty('ada');
    expect(users[slug('max-example-org')]).toMatchObject({ email: 'max.new@example.org' });
    expect((await directory.person(max.id))?.user.slug).toBe('max-example-org');
    await directory.release('ada', 8000);
    const live = (await store.tokens()).filter((one) => one.user === 'ada' && one.revokedAt === null && one.spentAt === null);
    expect(live).toEqual([]);
  });

  test('it binds nobody again who was unbound since, and leaves nobody without a super admin', async () => {
    proves('restore.takes-nothing-back', {
      file: 'gateway/store/sql/account.ts',
      find: '!there.has(user_id) && ',
      replace: '',
    });
    const at = { issuer: 'https://id.example', title: undefined, provider: 'id', teams: [], ofGroups: undefined, at: 1 };
    const account = (name: string) => ({ ...at, subject: name, email: `${name}@example.org`, makes: false, gives: false });
    for (const name of ['ada', 'ben']) await store.signIn.arrive(account(name));
    await backup(location, file, deps);
    const boss = { email: 'boss@example.org', role: slug('super-admin'), teams: [] };
    const users = {
      [slug('boss')]: boss,
      ...Object.fromEntries(Object.entries(samplePolicy.users).filter(([name]) => name !== 'ben')),
    };
    await applyPolicy(store, { ...samplePolicy, users });
    await expect(restore(file, location, deps)).rejects.toMatchObject({ code: 'LAST_SUPER_ADMIN' });
    expect(Object.keys((await store.policy()).policy.users)).toContain('boss');

    rmSync(file);
    await applyPolicy(store, { ...samplePolicy, users: { ...samplePolicy.users, [slug('boss')]: boss } });
    await store.signIn.arrive(account('ben'));
    await backup(location, file, deps);
    expect(await store.signIn.unbind({ slug: 'ada' })).toBe(1);
    await applyPolicy(store, { ...samplePolicy, users });
    await restore(file, location, deps);
    expect(await store.signIn.whose(account('ada'))).toMatchObject({ kind: 'unbound', slug: 'ada' });
    expect(await store.signIn.whose(account('ben'))).toMatchObject({ kind: 'bound', slug: 'ben' });
  });
});
