// The keys with which requests are signed: made when they are needed, announced before they are used, and never read by others.
import { createPublicKey, sign, verify } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addRequestKey, openRequestKeys } from '../../../gateway/caller/request-key.ts';
import { proves } from '../../requirement.ts';
import { until } from '../../walk/deployment.ts';

let dir: string;
const file = () => join(dir, 'key', 'request.jwks');
const kidsOf = async (keys = openRequestKeys(dir)) => (await keys.all()).map(({ published }) => published.kid);
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-request-key-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('the first is made when it is needed, for its owner only, and by many at once it is one', async () => {
  const all = await Promise.all(Array.from({ length: 5 }, () => kidsOf()));
  expect(new Set(all.flat()).size).toBe(1);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  expect(await readdir(join(dir, 'key'))).toEqual(['request.jwks']);
  const { key, published } = await openRequestKeys(dir).current(Date.now());
  expect(Object.keys(published)).not.toContain('d');
  const text = Buffer.from('text');
  expect(verify(null, text, createPublicKey({ key: published, format: 'jwk' }), sign(null, text, key))).toBe(true);
});

test('a new one is published at once, signs after two hours, and the one before it stays published', async () => {
  proves('egress.key-announced', {
    file: 'gateway/caller/request-key.ts',
    find: "const made = newKey(how === 'announced' ? now + announcedMs : now);",
    replace: 'const made = newKey(now);',
  });
  const now = Date.now();
  const keys = openRequestKeys(dir);
  const [old] = await kidsOf(keys);
  const { kid, signsFrom } = await addRequestKey(dir, 'announced', now);
  // Somebody else's change is seen, within a second.
  await until('the new key', async () => (await kidsOf(keys)).length === 2);
  expect(await kidsOf(keys)).toEqual([kid, old]);
  expect(signsFrom - now).toBeGreaterThanOrEqual(2 * 3_600_000);
  expect((await keys.current(signsFrom - 1)).published.kid).toBe(old);
  expect((await keys.current(signsFrom)).published.kid).toBe(kid);
  // Once more before it signs: the one that signs stays, the one that never did is gone.
  const third = await addRequestKey(dir, 'announced', now + 1000);
  expect(await kidsOf()).toEqual([third.kid, old]);
  // And after it signs, the one that it took the place of is gone.
  const fourth = await addRequestKey(dir, 'announced', third.signsFrom);
  expect(await kidsOf()).toEqual([fourth.kid, third.kid]);
});

test('where one may have been read, the new one signs at once and no other is published', async () => {
  await kidsOf();
  const { kid, signsFrom } = await addRequestKey(dir, 'at once', Date.now());
  expect(await kidsOf()).toEqual([kid]);
  expect((await openRequestKeys(dir).current(signsFrom)).published.kid).toBe(kid);
});

test('a file that others may read, or that holds something else, is refused and left as it is', async () => {
  await kidsOf();
  await chmod(file(), 0o640);
  await expect(kidsOf()).rejects.toMatchObject({ code: 'FILE_UNUSABLE', message: expect.stringContaining('others may read it') });
  await chmod(file(), 0o600);
  await writeFile(file(), '{"keys":[]}');
  await expect(kidsOf()).rejects.toMatchObject({ code: 'FILE_UNUSABLE', message: expect.stringContaining('no valid keys') });
});
