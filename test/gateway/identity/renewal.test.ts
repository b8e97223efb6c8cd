// Tokens of a sign-in over time, at a real authorization server that rotates refresh tokens and ends a sign-in where one comes back.
import { expect, test, vi } from 'vitest';
import { openKeys } from '../../../gateway/vault/open.ts';
import { rotateKeys } from '../../../gateway/vault/rotate.ts';
import { proves } from '../../requirement.ts';
import { pageAddress, refreshes, stage, tokenOf } from './stage.ts';

const hourMs = 3_600_000;

test('twenty calls at two gateway servers find expired tokens, and one refresh serves them all', async () => {
  proves('upstream-sign-in.one-refresh', {
    file: 'gateway/identity/renewal.ts',
    find: 'if (await store.leaseIdentity(row.id, row.sealed, now(), lease)) {',
    replace: 'await store.leaseIdentity(row.id, row.sealed, now(), lease); if (now() > 0) {',
  });
  const one = await stage();
  const [first, second] = [one.node(), one.node()];
  await one.connect(first, 'ada');
  const wanted = await one.wanted();
  const before = await tokenOf(first, wanted);
  expect(await tokenOf(second, wanted)).toBe(before);
  one.clock.aheadMs = 2 * hourMs;
  const all = await Promise.all(Array.from({ length: 20 }, (_, nth) => tokenOf(nth % 2 === 0 ? first : second, wanted)));
  expect(new Set(all).size).toBe(1);
  expect(all[0]).not.toBe(before);
  expect(refreshes(one.wiki)).toBe(1);
  expect(one.wiki.refused).toEqual([]);
});

test('tokens are renewed in the background at four fifths of their lifetime, and no call waits for that', async () => {
  proves('upstream-sign-in.renewed-early', {
    file: 'gateway/vault/token-set.ts',
    find: 'const renewAt = 0.8;',
    replace: 'const renewAt = 1;',
  });
  const one = await stage();
  const node = one.node();
  await one.connect(node, 'ada');
  const wanted = await one.wanted();
  const before = await tokenOf(node, wanted);
  one.clock.aheadMs = 0.75 * hourMs;
  expect(await tokenOf(node, wanted)).toBe(before);
  expect(refreshes(one.wiki)).toBe(0);
  one.clock.aheadMs = 0.85 * hourMs;
  expect(await tokenOf(node, wanted)).toBe(before);
  await vi.waitFor(async () => expect(await tokenOf(node, wanted)).not.toBe(before), { timeout: 15_000 });
  expect(refreshes(one.wiki)).toBe(1);
});

test.each([503, 400, 429])(
  'while the authorization server answers %i, tokens that still count are used, and then calls may be tried again',
  async (status) => {
    proves('upstream-sign-in.kept-on-failure', {
      file: 'gateway/identity/renewal.ts',
      find: 'if (code === undefined || !isOver.has(code)) throw error;',
      replace: "if (code === 'none') throw error;",
    });
    const one = await stage();
    const node = one.node();
    await one.connect(node, 'ada');
    const wanted = await one.wanted();
    const before = await tokenOf(node, wanted);
    one.wiki.set.tokenStatus = status;
    one.clock.aheadMs = 0.9 * hourMs;
    expect(await tokenOf(node, wanted)).toBe(before);
    const failed = () => node.events.filter(({ event }) => event === 'identity_renewal_failed');
    await vi.waitFor(() => expect(failed()).toHaveLength(1), { timeout: 15_000 });
    expect(failed()[0]).toMatchObject({ user: { name: 'ada' }, detail: { server: 'wiki', kind: 'own' } });
    expect(await tokenOf(node, wanted)).toBe(before);
    one.clock.aheadMs = 2 * hourMs;
    await expect(tokenOf(node, wanted)).rejects.toMatchObject({ code: 'IDENTITY_RENEWAL_FAILED' });
    one.wiki.set.tokenStatus = undefined;
    one.clock.aheadMs += 120_000;
    expect(await tokenOf(node, wanted)).not.toBe(before);
  },
);

test('a sign-in that its server ended is told with the page to go to, and never tried again', async () => {
  proves('upstream-sign-in.ended-is-told', {
    file: 'gateway/identity/renewal.ts',
    find: "new Set(['invalid_grant', 'invalid_client', 'unauthorized_client'])",
    replace: 'new Set()',
  });
  const one = await stage();
  const node = one.node();
  await one.connect(node, 'ada');
  const wanted = await one.wanted();
  await tokenOf(node, wanted);
  one.wiki.endAll({ access: true });
  one.clock.aheadMs = 2 * hourMs;
  for (let times = 0; times < 2; times++) {
    const asked = tokenOf(node, wanted);
    await expect(asked).rejects.toMatchObject({ code: 'IDENTITY_ENDED' });
    await expect(asked).rejects.toThrow(`"wiki" has ended the sign-in of the identity of "ada". Connect to it at ${pageAddress}`);
  }
  expect(node.events.filter(({ event }) => event === 'identity_ended')).toHaveLength(1);
  await one.connect(node, 'ada');
  one.clock.aheadMs = 0;
  expect(await tokenOf(node, wanted)).not.toBe('');
});

test('renewed tokens are stored before anybody gets them: a gateway server that dies then loses nothing', async () => {
  proves('upstream-sign-in.stored-first', {
    file: 'gateway/identity/renewal.ts',
    find: 'if (await store.renewIdentity(row.id, row.sealed, sealed, lease)) {',
    replace: 'if (sealed) {',
  });
  const one = await stage();
  const dying = one.node();
  await one.connect(dying, 'ada');
  const wanted = await one.wanted();
  one.clock.aheadMs = 2 * hourMs;
  const renewed = await tokenOf(dying, wanted);
  const next = one.node();
  expect(await tokenOf(next, wanted)).toBe(renewed);
  one.clock.aheadMs += 2 * hourMs;
  expect(await tokenOf(next, wanted)).not.toBe(renewed);
});

test('a key that is rotated in the middle of a refresh costs no token', async () => {
  const one = await stage();
  const node = one.node();
  await one.connect(node, 'ada');
  const wanted = await one.wanted();
  const before = await tokenOf(node, wanted);
  one.clock.aheadMs = 2 * hourMs;
  one.wiki.set.beforeAnswer = async () => {
    one.wiki.set.beforeAnswer = undefined;
    await rotateKeys(openKeys(one.dir, []), one.store);
  };
  const after = await tokenOf(node, wanted);
  expect(after).not.toBe(before);
  expect(await tokenOf(one.node(), wanted)).toBe(after);
});

test.each(['it is over', 503] as const)(
  'whoever was slower than the lease changes nothing of whoever has it now, where the server answers %s',
  async (answer) => {
    proves('upstream-sign-in.own-lease', {
      file: 'gateway/store/sql/identity.ts',
      find: "lease === undefined ? found : found.where('lease_until', '=', lease)",
      replace: 'found',
    });
    const one = await stage();
    const node = one.node();
    await one.connect(node, 'ada');
    const wanted = await one.wanted();
    await tokenOf(node, wanted);
    if (answer === 503) one.wiki.set.tokenStatus = answer;
    else one.wiki.endAll({ access: true });
    one.clock.aheadMs = 2 * hourMs;
    const row = (await one.store.identities()).find(({ kind }) => kind === 'oauth');
    if (!row) throw new Error('there is no sign-in');
    const now = () => Date.now() + one.clock.aheadMs;
    one.wiki.set.beforeAnswer = async () => {
      one.wiki.set.beforeAnswer = undefined;
      one.clock.aheadMs += 120_000;
      expect(await one.store.leaseIdentity(row.id, row.sealed, now(), now() + hourMs)).toBe(true);
    };
    await expect(tokenOf(node, wanted)).rejects.toMatchObject({ code: 'IDENTITY_RENEWAL_FAILED' });
    expect(await one.store.identityById(row.id)).toEqual(row);
    expect(await one.store.leaseIdentity(row.id, row.sealed, now(), now() + hourMs)).toBe(false);
    expect(node.events.filter(({ event }) => event === 'identity_ended')).toEqual([]);
  },
);

test('a sign-in anew while a refresh is under way wins over what the refresh brings', async () => {
  const one = await stage();
  const node = one.node();
  await one.connect(node, 'ada');
  const wanted = await one.wanted();
  const before = await tokenOf(node, wanted);
  one.clock.aheadMs = 2 * hourMs;
  one.wiki.set.beforeAnswer = async () => {
    one.wiki.set.beforeAnswer = undefined;
    one.clock.aheadMs = 0;
    await one.connect(node, 'ada');
  };
  const after = await tokenOf(node, wanted);
  expect(after).not.toBe(before);
  expect(await tokenOf(one.node(), wanted)).toBe(after);
});

test('tokens that the server refuses are renewed once, and a server that refuses those too is left alone', async () => {
  const one = await stage();
  const node = one.node();
  await one.connect(node, 'ada');
  const wanted = await one.wanted();
  const refused = await node.identities.identity(wanted);
  expect(await Promise.all([1, 2, 3].map(() => node.identities.renewRefused(wanted, refused)))).toEqual([true, true, true]);
  expect(refreshes(one.wiki)).toBe(1);
  const again = await node.identities.identity(wanted);
  expect(await node.identities.renewRefused(wanted, again)).toBe(false);
  expect(refreshes(one.wiki)).toBe(1);
});
