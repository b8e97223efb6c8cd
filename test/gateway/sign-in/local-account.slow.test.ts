// The emergency account while somebody guesses at it, on a real store.
import { generateKeyPairSync, hash } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLocalAccounts, type LocalAccounts } from '../../../gateway/sign-in/local-account.ts';
import { accountLinkModel } from '../../../gateway/store/sign-in.ts';
import { proves } from '../../requirement.ts';
import { type Data, openData } from '../data.ts';

const email = 'ada@example.org';
const password = 'correct horse battery staple';
const minuteMs = 60_000;
let data: Data;
let accounts: LocalAccounts;
let secret: string;
let now: number;
beforeEach(async () => {
  data = await openData();
  now = 1_800_000_000_000;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  accounts = createLocalAccounts({
    store: data.store.signIn,
    signingKey: { key: privateKey, kid: 'one' },
    now: () => now,
  });
  await makeAccount();
});
afterEach(() => data.close());

async function makeAccount(): Promise<void> {
  const item = { model: accountLinkModel, key: hash('sha256', 'link'), family: null, uid: null, connection: null, body: '{}' };
  await data.store.signIn.putItem({ ...item, expiresAt: now + minuteMs, consumedAt: null }, now);
  ({ secret } = await accounts.offer('link'));
  await accounts.make('link', { email, password, code: code() });
}
const code = () => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: now });
const wrongCode = () => String((Number(code()) + 500_000) % 1_000_000).padStart(6, '0');
const come = (network: string, change: object = {}) => accounts.check({ email, password, code: code(), network, ...change });
const refused = { code: 'SIGN_IN_REFUSED' };

test('whoever guesses passwords from many networks locks out those, and nobody who comes from elsewhere', async () => {
  proves('sign-in.emergency-open', {
    file: 'gateway/sign-in/local-account.ts',
    find: "const network = hash('sha256', from);",
    replace: "const network = hash('sha256', email + from.slice(0, 0));",
  });
  for (const network of ['192.0.2.1', '192.0.2.2']) {
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => come(network, { password: 'wrong' })));
    expect(all.every(({ status }) => status === 'rejected')).toBe(true);
    await expect(come(network)).rejects.toMatchObject(refused);
  }
  expect(await come('198.51.100.1')).toBe(email);
  now += 15 * minuteMs;
  expect(await come('192.0.2.1')).toBe(email);
});

test('more than can be checked at once wait for their turn, and the right one gets it', async () => {
  const wrong = Array.from({ length: 8 }, (_, nth) => come(`192.0.2.${nth}`, { password: 'wrong' }));
  const [right, ...others] = await Promise.allSettled([come('198.51.100.1'), ...wrong]);
  expect(others.map((one) => one.status === 'rejected' && one.reason)).toEqual(
    wrong.map(() => expect.objectContaining({ code: 'SIGN_IN_REFUSED' })),
  );
  expect(right).toEqual({ status: 'fulfilled', value: email });
});

test('five wrong codes with the right password lock the account for a quarter of an hour, wherever they come from', async () => {
  for (let nth = 0; nth < 5; nth++)
    await expect(come(`192.0.2.${nth}`, { code: wrongCode() })).rejects.toMatchObject({
      ...refused,
      fields: { wrong: 'code' },
    });
  await expect(come('198.51.100.1')).rejects.toMatchObject(refused);
  now += 15 * minuteMs;
  expect(await come('198.51.100.1')).toBe(email);
});

test('attempts that were counted while the clock was a day ahead lock nobody out once it is right again', async () => {
  const right = now;
  now += 24 * 60 * minuteMs;
  for (let nth = 0; nth < 5; nth++) await expect(come('192.0.2.1', { code: wrongCode() })).rejects.toMatchObject(refused);
  now = right + 2 * minuteMs;
  expect(await come('192.0.2.1')).toBe(email);
});
