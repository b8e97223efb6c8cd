// The ways out as an administrator writes them: what is taken, what the world may know of it, and what is said of what is not taken.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { reveal } from '#contract/secret.ts';
import { readEgressFile } from '../../../gateway/admin/egress-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-egress-file-'));
  await writeFile(join(dir, 'password'), 'open sesame\n', { mode: 0o600 });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function read(value: unknown) {
  const file = join(dir, 'egress.yaml');
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
  return readEgressFile(file);
}
const corp = {
  proxy: 'https://proxy.example.org:3128',
  user: 'gateway',
  passwordFile: 'password',
  addresses: ['198.51.100.0/28'],
};

test('a whole file is taken, with its password from beside it, and only addresses are for the world', async () => {
  const { ways, published } = await read(`
version: 1
default: office
ways:
  office: { from: 10.0.0.5, addresses: [203.0.113.8] }
  inside: { from: 10.0.0.6 }
  corp: { proxy: 'https://proxy.example.org:3128', user: gateway, passwordFile: password, addresses: [198.51.100.0/28, 203.0.113.8] }
  lax: { proxy: 'http://127.0.0.1:3128', resolve: proxy, addresses: ['2001:db8::/64'] }
`);
  expect(ways.usual).toBe('office');
  expect([...ways.byName.keys()]).toEqual(['office', 'inside', 'corp', 'lax']);
  expect(ways.byName.get('office')).toEqual({ kind: 'source', address: '10.0.0.5' });
  const way = ways.byName.get('corp');
  expect(way).toMatchObject({ kind: 'proxy', resolver: 'gateway' });
  expect(way?.kind === 'proxy' && way.authorization ? reveal(way.authorization) : undefined).toBe(
    `Basic ${Buffer.from('gateway:open sesame').toString('base64')}`,
  );
  expect(JSON.stringify([...ways.byName])).not.toContain('sesame');
  expect(ways.byName.get('lax')).toMatchObject({ resolver: 'proxy', authorization: undefined });
  expect(published).toEqual({
    addresses: ['203.0.113.8', '10.0.0.6', '198.51.100.0/28', '2001:db8::/64'],
    isComplete: true,
  });
});

test('the direct way is one only where it is the default or stands there, and what is not known is said', async () => {
  const locked = await read({ version: 1, default: 'corp', ways: { corp } });
  expect(locked.ways.byName.has('direct')).toBe(false);
  expect(locked.published.isComplete).toBe(true);
  const open = await read({ version: 1, ways: { corp } });
  expect(open.ways.byName.get('direct')).toEqual({ kind: 'direct' });
  expect(open.published).toEqual({ addresses: ['198.51.100.0/28'], isComplete: false });
  const known = await read({ version: 1, ways: { direct: { addresses: ['203.0.113.7'] }, corp } });
  expect(known.published).toEqual({ addresses: ['203.0.113.7', '198.51.100.0/28'], isComplete: true });
  const { addresses: _, ...unknown } = corp;
  expect((await read({ version: 1, default: 'corp', ways: { corp: unknown } })).published.isComplete).toBe(false);
});

test.each([
  ['a default that is not there', { version: 1, default: 'corp', ways: {} }, /no way "corp"/],
  [
    'a password in the URL',
    { version: 1, ways: { corp: { proxy: 'http://me:it@proxy.example.org:3128' } } },
    /without a password/,
  ],
  ['a proxy of another kind', { version: 1, ways: { corp: { proxy: 'socks5://proxy.example.org' } } }, /http:\/\/HOST:PORT/],
  ['a user without a password', { version: 1, ways: { corp: { proxy: 'http://p.example.org', user: 'x' } } }, /both user and/],
  ['an unknown key', { version: 1, ways: { corp: { ...corp, password: 'x' } } }, /ways\.corp/],
  ['an address that is none', { version: 1, ways: { a: { from: 'eth0' } } }, /ways\.a/],
  [
    'another way by the name of the direct one',
    { version: 1, ways: { direct: { from: '10.0.0.1' } } },
    /name this one otherwise/,
  ],
  ['a way that says nothing', { version: 1, ways: { a: {} } }, /give proxy or from/],
  ['another version', { version: 2 }, /version/],
])('a file with %s is refused, and says so', async (_, value, words) => {
  await expect(read(value)).rejects.toMatchObject({ code: 'FILE_UNUSABLE', message: expect.stringMatching(words) });
});

test('a password that others can read is refused', async () => {
  await chmod(join(dir, 'password'), 0o644);
  await expect(read({ version: 1, ways: { corp } })).rejects.toMatchObject({
    message: expect.stringContaining('others may read'),
  });
});
