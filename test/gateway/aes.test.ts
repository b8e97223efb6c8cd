// What is sealed opens as it was or not at all, and what earlier releases sealed, each in its own form, opens still.
import { createPrivateKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Secret, TOTP } from 'otpauth';
import { describe, expect, test } from 'vitest';
import { decrypt, encrypt, packed, unpacked } from '../../gateway/aes.ts';
import { createOnce } from '../../gateway/http/admin/once.ts';
import { createSeal } from '../../gateway/pipeline/seal.ts';
import { createLocalAccounts } from '../../gateway/sign-in/local-account.ts';
import { openBytes } from '../../gateway/vault/seal.ts';
import { proves } from '../requirement.ts';
import { openData } from './data.ts';

const key = Buffer.alloc(32, 7);
const bytes = fc.uint8Array({ maxLength: 100 });

test('any bytes come back as they were, with what they are about', () => {
  fc.assert(
    fc.property(bytes, bytes, (plain, about) => {
      const opened = decrypt(key, unpacked(packed(encrypt(key, plain, about))), about);
      expect(opened).toEqual(Buffer.from(plain));
    }),
  );
});

test('nothing opens that was changed, cut, is about something else or was sealed with another key', () => {
  proves('vault.sealed-whole', {
    file: 'gateway/aes.ts',
    find: 'const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes }).setAAD(about).setAuthTag(tag);',
    replace: 'const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes }).setAuthTag(tag);',
  });
  const about = Buffer.from('about');
  fc.assert(
    fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (plain, at, by) => {
      const whole = packed(encrypt(key, plain, about));
      expect(decrypt(key, unpacked(whole), about)).toEqual(Buffer.from(plain));
      const changed = Buffer.from(whole);
      changed[at % whole.length] = (whole[at % whole.length] ?? 0) ^ by;
      expect(decrypt(key, unpacked(changed), about)).toBeUndefined();
      expect(decrypt(key, unpacked(whole.subarray(0, at % whole.length)), about)).toBeUndefined();
      expect(decrypt(key, unpacked(whole), Buffer.from('another'))).toBeUndefined();
      expect(decrypt(randomBytes(32), unpacked(whole), about)).toBeUndefined();
    }),
  );
});

test('half a tag is no tag', () => {
  const { nonce, text, tag } = encrypt(key, 'text');
  expect(decrypt(key, { nonce, text, tag: tag.subarray(0, 8) })).toBeUndefined();
});

/** Each was made by the release that sealed each of them in a place of its own. */
describe('what was sealed before there was one place for it opens still:', () => {
  test('an id, a state or a cursor that a host brings back', () => {
    const earlier = 'PqVfw0fpWKVF7uZmbco772mciy6CFdeyRBGSsEUwygvw_cBCca3qvfNd2Bm1_pBuQFq6ebLYe0ZXAXG25fnn3WF0';
    expect(createSeal(key, 'task').open(earlier)).toEqual({ text: 'what was sealed before', isEarlier: true });
  });

  test('a value in the vault', () => {
    const earlier = 'VqqRRm7hGGI75WMlO-JV0D3NpLpC4qZvqWQb7q2-kmU1LzELBP_epD-FgghoWgcfSXY';
    expect(openBytes(key, earlier, Buffer.from('about')).toString()).toBe('what was sealed before');
  });

  test('the answer to a POST with an Idempotency-Key', async ({ onTestFinished }) => {
    const { store, close } = await openData();
    onTestFinished(close);
    const asked = { key: 'k1', secret: 'dbp_before', request: 'POST' };
    const { administration } = store;
    const earlier = 'XUzbC8IyaWNWe_PUCauxQ8rH3I7eIpLCj8a43-KjApXzd8UVgNA2Xn8TCcR4JB-fTZvtqilGwgJvLjKcupGaLkcREKmRxL3aCQ';
    // As the earlier release would have ended it.
    const before = { ...administration, endOnce: (stored: string) => administration.endOnce(stored, earlier) };
    await createOnce({ store: { ...store, administration: before }, now: Date.now })(asked, () =>
      Promise.resolve({ status: 500, body: null }),
    );
    const again = await createOnce({ store, now: Date.now })(asked, () => Promise.reject(new Error('done twice')));
    expect(again).toEqual({ status: 201, body: { was: 'sealed before' } });
  });

  test('the secret of the account for an emergency', async ({ onTestFinished }) => {
    const { store, close } = await openData();
    onTestFinished(close);
    const now = 1_800_000_000_000;
    const [email, password] = ['ada@example.org', 'correct horse battery staple'];
    await store.signIn.putAccount({
      email,
      password: 'scrypt$wqJrO6745wHzHspKtxQyTQ$voA6khBOkhMmW-9IWHwOQH6bq2LTdYI5icd_ObsPJlE',
      totp: 'rqAjGN5kA72oKkpE.hUmj_EKI-VE1GjkXi1cGSw.RyRWmHIO_wxX3oGljk0ugMFirSO3Yxm5CUYGapF4orE',
      createdAt: now,
    });
    const code = new TOTP({ secret: Secret.fromBase32('T2B424HHW6JSTYTTNTD4GRSOEN4SEJX6') }).generate({ timestamp: now });
    // An Ed25519 key of 32 known bytes (RFC 8410).
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), key]);
    const signingKey = { kid: 'one', key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
    const accounts = createLocalAccounts({ store: store.signIn, signingKey, now: () => now });
    expect(await accounts.check({ email, password, code, network: '192.0.2.1' })).toBe(email);
  });
});
