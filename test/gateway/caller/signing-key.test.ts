// The signing key: made once, readable by its owner only, and never replaced silently.
import { sign, verify, createPublicKey } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSigningKey } from '../../../gateway/caller/signing-key.ts';

describe('the signing key', () => {
  let dir: string;
  let file: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'drawbridge-key-'));
    file = join(dir, 'key', 'signing.jwk');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  test('is made at first, for its owner only, and is the same from then on', async () => {
    const made = await openSigningKey(dir);
    const found = await openSigningKey(dir);
    expect(found.kid).toBe(made.kid);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = Buffer.from('text');
    expect(verify('sha256', text, createPublicKey(made.key), sign('sha256', text, found.key))).toBe(true);
  });

  test('that others may read is refused', async () => {
    await openSigningKey(dir);
    await chmod(file, 0o640);
    await expect(openSigningKey(dir)).rejects.toThrow(`Can't use ${file}: others may read it.`);
  });

  test.each([
    ['is cut off', (text: string) => text.slice(0, 40)],
    ['has the kid of another', (text: string) => text.replace(/"kid":"[^"]+"/, '"kid":"other"')],
  ])('that %s is refused and left as it is', async (_, damage) => {
    await openSigningKey(dir);
    const damaged = damage(await readFile(file, 'utf8'));
    await writeFile(file, damaged);
    await expect(openSigningKey(dir)).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
    expect(await readFile(file, 'utf8')).toBe(damaged);
  });
});
