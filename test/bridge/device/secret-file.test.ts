// The weaker store: a 0600 file, changed whole and in order.
import { chmod, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reveal, Secret } from '#contract/secret.ts';
import { openSecretFile } from '../../../bridge/device/secret-file.ts';
import { folder } from '../../gateway/tunnel/stage.ts';

describe('the secret file', () => {
  test('keeps what changes at the same time', async () => {
    const dir = await folder();
    const file = openSecretFile(join(dir, 'secret.json'));
    const names = Array.from({ length: 20 }, (_, index) => `name-${index}`);
    await Promise.all(names.map((name) => file.set(name, new Secret(name))));
    const found = await Promise.all(names.map((name) => file.get(name)));
    expect(found.map((secret) => secret && reveal(secret))).toEqual(names);
    expect(await readdir(dir)).toEqual(['secret.json']);
  });

  test('gives nothing for a name that every object has', async () => {
    const file = openSecretFile(join(await folder(), 'secret.json'));
    expect(await file.get('constructor')).toBeUndefined();
    await file.set('__proto__', new Secret('x'));
    expect(await file.get('toString')).toBeUndefined();
  });

  test('whose mode was loosened is tightened when it is read', async () => {
    const path = join(await folder(), 'secret.json');
    const file = openSecretFile(path);
    await file.set('a', new Secret('1'));
    await chmod(path, 0o644);
    await file.get('a');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('that is damaged or a link is refused and left alone', async () => {
    const dir = await folder();
    await writeFile(join(dir, 'damaged.json'), '{"a":');
    const damaged = openSecretFile(join(dir, 'damaged.json'));
    await expect(damaged.get('a')).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
    await expect(damaged.set('a', new Secret('1'))).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
    await writeFile(join(dir, 'target.json'), '{}');
    await symlink(join(dir, 'target.json'), join(dir, 'link.json'));
    await expect(openSecretFile(join(dir, 'link.json')).get('a')).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  });
});
