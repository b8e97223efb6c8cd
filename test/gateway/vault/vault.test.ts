// The vault over a real store: what is sealed to what, whose identity a call gets, and what becomes of it when keys and names change.
import { randomBytes } from 'node:crypto';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { GatewayId, ServerId, UserId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { listIdentities, setIdentity } from '../../../gateway/admin/identity.ts';
import { createEgress } from '../../../gateway/egress/egress.ts';
import { createIdentities } from '../../../gateway/identity/identities.ts';
import { openIdentities } from '../../../gateway/identity/open.ts';
import { openKeys } from '../../../gateway/vault/open.ts';
import { rotateKeys } from '../../../gateway/vault/rotate.ts';
import { type Binding, kidOf, rewrap, seal, unseal } from '../../../gateway/vault/seal.ts';
import { createVault, type Wanted } from '../../../gateway/vault/vault.ts';
import { proves } from '../../requirement.ts';
import { byHand, type Data, openData, quiet } from '../data.ts';

const policyOf = (url = 'https://tracker.example.org/mcp', users = ['ada', 'bob']) =>
  PolicyFile.parse({
    version: 1,
    users: Object.fromEntries(users.map((user) => [user, { email: `${user}@example.org`, teams: ['eng'] }])),
    teams: { eng: { gateways: ['main', 'side'] } },
    servers: {
      tracker: { kind: 'remote', url, auth: 'header' },
      open: { kind: 'remote', url: 'https://open.example.org/mcp' },
      memory: { kind: 'workstation' },
    },
    gateways: {
      main: { assignments: { tracker: { tools: 'all', identity: 'own' } } },
      side: { assignments: { tracker: { tools: 'all', identity: 'shared' } } },
    },
  });

interface Stage extends Data {
  readonly keys: ReturnType<typeof openKeys>;
  set(value: string, change?: { user?: string; gateway?: string }): ReturnType<typeof setIdentity>;
  wanted(kind: Wanted['kind'], user?: string, gateway?: string): Promise<Wanted>;
}

async function stage(inEnvironment: readonly Secret<string>[] = []): Promise<Stage> {
  const data = await openData(policyOf());
  onTestFinished(() => data.close());
  const keys = openKeys(data.dir, inEnvironment);
  let now = 1000;
  return {
    ...data,
    keys,
    set: (value, { user, gateway } = {}) =>
      setIdentity({
        ...byHand,
        store: data.store,
        keys: keys.keys,
        server: 'tracker',
        user,
        gateway,
        value: new Secret(value),
        now: now++,
      }),
    async wanted(kind, user = 'ada', gateway = 'main') {
      const { policy, ids } = await data.store.policy();
      const server = new Map(Object.entries(policy.servers)).get('tracker');
      if (server?.kind !== 'remote') throw new Error('the policy has no tracker');
      return {
        kind,
        server: { id: ServerId.parse(ids.servers['tracker']), slug: 'tracker' },
        user: { id: UserId.parse(ids.users[user]), slug: user },
        gateway: GatewayId.parse(ids.gateways[gateway]),
        origin: new URL(server.url).origin,
        scheme: 'header',
      };
    },
  };
}
/** As calls get them. */
const vaultOf = (of: Stage) => {
  const { keys } = of.keys;
  const vault = createVault({ store: of.store, bus: of.bus, keys });
  const egress = createEgress({ onRefused: () => undefined });
  onTestFinished(async () => {
    vault.close();
    await egress.close();
  });
  const recorder = { append: () => Promise.resolve() };
  const publicOrigin = 'https://mcp.example.org';
  const parts = { store: of.store, keys, vault, egress, recorder, publicOrigin, logger: quiet, now: Date.now };
  return createIdentities({ ...openIdentities(parts), page: undefined });
};
const valueOf = async (of: Stage, wanted: Wanted) => reveal((await vaultOf(of).identity(wanted)).value);
const binding: Binding = {
  table: 'identity',
  column: 'sealed',
  row: 'r',
  server: 's',
  user: 'u',
  gateway: 'g',
  origin: 'o',
  kind: 'token',
};

test('each person gets their own, and the one for the gateway before the one for every gateway', async () => {
  const one = await stage();
  await one.set('of-ada', { user: 'ada' });
  await one.set('of-bob', { user: 'bob' });
  await one.set('of-ada-at-side', { user: 'ada', gateway: 'side' });
  await one.set('of-all');
  expect(await valueOf(one, await one.wanted('own', 'ada'))).toBe('of-ada');
  expect(await valueOf(one, await one.wanted('own', 'bob'))).toBe('of-bob');
  expect(await valueOf(one, await one.wanted('own', 'ada', 'side'))).toBe('of-ada-at-side');
  expect(await valueOf(one, await one.wanted('own', 'bob', 'side'))).toBe('of-bob');
  expect(await valueOf(one, await one.wanted('shared', 'bob'))).toBe('of-all');
});

test('nobody gets the identity of another, nor the shared one in place of their own', async () => {
  const one = await stage();
  await one.set('of-bob', { user: 'bob' });
  await one.set('of-all');
  const asked = vaultOf(one).identity(await one.wanted('own', 'ada'));
  await expect(asked).rejects.toMatchObject({ code: 'IDENTITY_MISSING' });
  await expect(asked).rejects.toThrow(/identity of "ada" for the server "tracker".*identity set --server tracker --user ada/);
});

test('a sealed value opens only where it was sealed for', async () => {
  proves('vault.bound', {
    file: 'gateway/vault/seal.ts',
    find: "['drawbridge vault 1', what, table, column, row, server, user, gateway, origin]",
    replace: "['drawbridge vault 1', what, table, column, row, server, gateway, origin]",
  });
  const { keys } = openKeys('/nonexistent', [new Secret(randomBytes(32).toString('hex'))]);
  const sealed = await seal(new Secret('precious'), binding, keys);
  expect(sealed).not.toContain('precious');
  expect(reveal(await unseal(sealed, binding, keys))).toBe('precious');
  for (const part of ['row', 'server', 'user', 'gateway', 'origin'] as const)
    await expect(unseal(sealed, { ...binding, [part]: 'another' }, keys)).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
  await expect(unseal(sealed, { ...binding, kind: 'oauth' }, keys)).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
  for (const at of [20, 60, sealed.length - 30]) {
    const altered = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    await expect(unseal(altered, binding, keys)).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
  }
  await expect(rewrap(sealed, { ...binding, user: 'another' }, keys)).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
  const { keys: others } = openKeys('/nonexistent', [new Secret(randomBytes(32).toString('hex'))]);
  await expect(unseal(sealed, binding, others)).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
});

test('a value goes to the origin it was set for, and has to be set again for another', async () => {
  proves('vault.other-origin', {
    file: 'gateway/vault/vault.ts',
    find: 'if (!found || found.origin !== wanted.origin)',
    replace: 'if (!found)',
  });
  const one = await stage();
  await one.set('of-ada', { user: 'ada' });
  await one.store.replacePolicy(policyOf('https://elsewhere.example.com/mcp'), await one.store.revision(), 2000);
  await expect(vaultOf(one).identity(await one.wanted('own'))).rejects.toMatchObject({ code: 'IDENTITY_MISSING' });
  expect(await listIdentities({ store: one.store, keys: one.keys.keys })).toMatchObject([{ user: 'ada', state: 'moved' }]);
  await one.set('of-ada-there', { user: 'ada' });
  expect(await valueOf(one, await one.wanted('own'))).toBe('of-ada-there');
});

test('after the key was rotated all of it opens with the new one, and nothing with the old one', async () => {
  proves('vault.rotated', { file: 'gateway/vault/rotate.ts', find: '  await file?.dropOld();\n', replace: '' });
  const one = await stage();
  await one.set('of-ada', { user: 'ada' });
  await one.set('of-all');
  const file = join(one.dir, 'key', 'vault.key');
  const old = await readFile(file, 'utf8');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const before = await one.store.identities();
  // A gateway server that runs meanwhile, and remembers the old key.
  const running = vaultOf(one);
  expect(reveal((await running.identity(await one.wanted('own'))).value)).toBe('of-ada');

  const { kid, rewrapped, unreadable } = await rotateKeys(openKeys(one.dir, []), one.store);
  expect({ rewrapped, unreadable }).toEqual({ rewrapped: 2, unreadable: [] });
  expect((await one.store.identities()).map(({ sealed }) => kidOf(sealed))).toEqual([kid, kid]);
  one.bus.publish('changed');
  expect(reveal((await running.identity(await one.wanted('own'))).value)).toBe('of-ada');
  const now = await readFile(file, 'utf8');
  expect(now.trim().split('\n')).toHaveLength(1);
  expect(now).not.toBe(old);
  const { keys } = openKeys(one.dir, []);
  for (const { sealed } of before) expect(await keys.has(kidOf(sealed))).toBe(false);
});

test('keys of the environment are rotated by whoever sets it', async () => {
  const [first, second] = [new Secret(randomBytes(32).toString('hex')), new Secret(randomBytes(32).toString('hex'))];
  const one = await stage([first]);
  await one.set('of-all');
  expect(await rotateKeys(openKeys(one.dir, [second, first]), one.store)).toMatchObject({ rewrapped: 1 });
  const wanted = await one.wanted('shared');
  const vault = createVault({ store: one.store, bus: one.bus, keys: openKeys(one.dir, [second]).keys });
  expect(reveal((await vault.identity(wanted))?.value ?? new Secret(''))).toBe('of-all');
  const late = createVault({ store: one.store, bus: one.bus, keys: openKeys(one.dir, [first]).keys });
  await expect(late.identity(wanted)).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
  expect(await listIdentities({ store: one.store, keys: openKeys(one.dir, [first]).keys })).toMatchObject([
    { state: 'unreadable' },
  ]);
});

test('what was remembered is forgotten when something changes, and a removed identity is gone', async () => {
  const one = await stage();
  const { identity } = await one.set('before', { user: 'ada' });
  const vault = vaultOf(one);
  const wanted = await one.wanted('own');
  const first = await vault.identity(wanted);
  await one.set('after', { user: 'ada' });
  one.bus.publish('changed');
  const second = await vault.identity(wanted);
  expect(reveal(second.value)).toBe('after');
  expect(second).toMatchObject({ id: identity.id });
  expect(second.setAt).toBeGreaterThan(first.setAt);
  await one.store.removeIdentity(identity.id, 5000);
  one.bus.publish('changed');
  await expect(vault.identity(wanted)).rejects.toMatchObject({ code: 'IDENTITY_MISSING' });
  expect(await one.store.identities()).toEqual([]);
});

test('who is taken out of the policy loses their identity for good', async () => {
  const one = await stage();
  await one.set('of-bob', { user: 'bob' });
  await one.store.replacePolicy(policyOf(undefined, ['ada']), await one.store.revision(), 2000);
  expect(await one.store.identities()).toEqual([]);
  await one.store.replacePolicy(policyOf(), await one.store.revision(), 3000);
  await expect(vaultOf(one).identity(await one.wanted('own', 'bob'))).rejects.toMatchObject({ code: 'IDENTITY_MISSING' });
});

test('only what a header can carry is taken, and only for a server that wants it', async () => {
  const one = await stage();
  for (const value of ['', 'two\nlines', 'Bearer precious', 'ünïcode', 'x'.repeat(9000), ' padded'])
    await expect(one.set(value)).rejects.toMatchObject({ code: 'SETTING_INVALID' });
  const to = (server: string) =>
    setIdentity({
      ...byHand,
      store: one.store,
      keys: one.keys.keys,
      server,
      user: undefined,
      gateway: undefined,
      value: new Secret('x'),
      now: 1,
    });
  await expect(to('open')).rejects.toMatchObject({ code: 'SETTING_INVALID' });
  await expect(to('memory')).rejects.toMatchObject({ code: 'SETTING_INVALID' });
  await expect(to('traker')).rejects.toThrow(/Did you mean "tracker"/);
  expect((await one.set('of-bob', { user: 'bob', gateway: 'side' })).warnings).toEqual([
    'No assignment of "tracker" in "side" says identity: own, so nothing uses it yet.',
  ]);
});

test('a key file that others may read, or that holds something else, is not used', async () => {
  const one = await stage();
  await one.set('of-all');
  const file = join(one.dir, 'key', 'vault.key');
  await chmod(file, 0o640);
  await expect(openKeys(one.dir, []).keys.current()).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
  await chmod(file, 0o600);
  await writeFile(file, 'something else');
  await expect(one.set('of-all')).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
});
