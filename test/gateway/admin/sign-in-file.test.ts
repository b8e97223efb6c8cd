// How people sign in, as an administrator writes it: what is taken, and what is said of what is not.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { reveal } from '#contract/secret.ts';
import { readSignInFile } from '../../../gateway/admin/sign-in-file.ts';
import { proves } from '../../requirement.ts';

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-sign-in-file-'));
  file = join(dir, 'sign-in.yaml');
  await writeFile(join(dir, 'secret'), 'of the client\n', { mode: 0o600 });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const provider = { title: 'Login', issuer: 'https://login.example.org', clientId: 'drawbridge', clientSecretFile: 'secret' };
const read = async (value: unknown) => {
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
  return readSignInFile(file, ['direct', 'corp']);
};

test('a whole file is taken, and its secrets from beside it', async () => {
  const settings = await read(`
version: 1
identityProviders:
  company: { title: Login, issuer: https://login.example.org, clientId: drawbridge, clientSecretFile: secret, domains: [example.org] }
hosts:
  known-host: { title: Known, redirectUris: ['http://127.0.0.1/callback'] }
`);
  expect(settings).toMatchObject({
    identityProviders: [{ slug: 'company', issuer: 'https://login.example.org', domains: ['example.org'] }],
    hosts: [{ clientId: 'known-host', title: 'Known', redirectUris: ['http://127.0.0.1/callback'] }],
    clientDocuments: { allowPrivate: [] },
    registration: 'open',
  });
  expect(settings.identityProviders.map(({ clientSecret }) => reveal(clientSecret))).toEqual(['of the client']);
  expect(JSON.stringify(settings)).not.toContain('of the client');
});

test.each([
  ['no identity provider', { version: 1, identityProviders: {} }, /name at least one/],
  ['an unknown key', { version: 1, identityProviders: { a: { ...provider, secret: 'x' } } }, /identityProviders\.a.*secret/],
  ['plain http', { version: 1, identityProviders: { a: { ...provider, issuer: 'http://login.example.org' } } }, /https/],
  ['two without domains', { version: 1, identityProviders: { a: provider, b: provider } }, /domains.*needed/],
  [
    'one domain twice',
    { version: 1, identityProviders: { a: { ...provider, domains: ['x.org'] }, b: { ...provider, domains: ['x.org'] } } },
    /x\.org stands at a too/,
  ],
  ['a domain that is none', { version: 1, identityProviders: { a: { ...provider, domains: ['X.org'] } } }, /lower case/],
  ['a way out that is none', { version: 1, identityProviders: { a: { ...provider, egress: 'other' } } }, /no way out "other"/],
  ['another version', { version: 2, identityProviders: { a: provider } }, /version/],
  ['a key that stands twice', 'version: 1\nversion: 1\n', /unique/i],
  [
    'a secret that is not there',
    { version: 1, identityProviders: { a: { ...provider, clientSecretFile: 'no' } } },
    /no such file/,
  ],
])('a file with %s is refused, and says so', async (_, value, words) => {
  await expect(read(value)).rejects.toMatchObject({ code: 'FILE_UNUSABLE', message: expect.stringMatching(words) });
});

test('a secret that others can read, or that is empty, is refused', async () => {
  proves('sign-in.secret-file', {
    file: 'gateway/admin/settings-file.ts',
    find: '& 0o077) !== 0',
    replace: '& 0o077) < 0',
  });
  const value = { version: 1, identityProviders: { a: provider } };
  await chmod(join(dir, 'secret'), 0o640);
  await expect(read(value)).rejects.toMatchObject({ message: expect.stringContaining('others may read it') });
  await writeFile(join(dir, 'secret'), '\n');
  await chmod(join(dir, 'secret'), 0o600);
  await expect(read(value)).rejects.toMatchObject({ message: expect.stringContaining('it is empty') });
});
