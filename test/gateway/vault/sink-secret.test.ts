// The secrets of sinks over a real store: sealed to their sink and to where it sends.
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { listSinks, setSinkSecret, sinkNamed } from '../../../gateway/admin/sink.ts';
import { openKeys } from '../../../gateway/vault/open.ts';
import { rotateKeys } from '../../../gateway/vault/rotate.ts';
import { kidOf } from '../../../gateway/vault/seal.ts';
import { openSinkSecrets } from '../../../gateway/vault/sink-secret.ts';
import { proves } from '../../requirement.ts';
import { openData } from '../data.ts';

const policyOf = (origin = 'https://splunk.example.org:8088') =>
  PolicyFile.parse({
    version: 1,
    sinks: {
      splunk: { kind: 'splunk', url: origin },
      cloud: { kind: 'otlp', logsUrl: 'https://otlp.example.org/v1/logs', secretHeaders: ['DD-Api-Key', 'X-Org'] },
      hook: { kind: 'webhook', url: 'https://hook.example.org/in' },
      archive: { kind: 'file' },
    },
  });

async function stage() {
  const data = await openData(policyOf());
  onTestFinished(() => data.close());
  const keys = openKeys(data.dir, []);
  const { store } = data;
  return {
    ...data,
    keys,
    set: (slug: string, value: string, header?: string) =>
      setSinkSecret(
        { store, actor: { kind: 'command-line', osUser: 'root' }, reason: null },
        { keys: keys.keys, slug, header, value: new Secret(value), now: 1000 },
      ),
    opened: async (slug: string) => {
      const all = await store.sink.secrets();
      const opened = await openSinkSecrets(await sinkNamed(store, slug), all, openKeys(data.dir, []).keys);
      return Object.fromEntries([...opened].map(([name, value]) => [name, reveal(value)]));
    },
    apply: async (policy: PolicyFile) => store.replacePolicy(policy, await store.revision(), 2000),
  };
}

test('a secret opens for its own sink, also after the key was rotated, and stands nowhere in the database as it is', async () => {
  const one = await stage();
  await one.set('splunk', 'token-of-splunk');
  await one.set('cloud', 'key-of-cloud', 'dd-api-key');
  await one.set('cloud', 'Bearer org', 'X-Org');
  expect(await one.opened('cloud')).toEqual({ 'dd-api-key': 'key-of-cloud', 'x-org': 'Bearer org' });
  const { rewrapped, kid } = await rotateKeys(openKeys(one.dir, []), one.store);
  expect(rewrapped).toBe(3);
  expect((await one.store.sink.secrets()).map(({ sealed }) => kidOf(sealed))).toEqual([kid, kid, kid]);
  expect(await one.opened('splunk')).toEqual({ token: 'token-of-splunk' });
  const bytes = Buffer.concat([await readFile(one.file), await readFile(`${one.file}-wal`)]);
  for (const value of ['token-of-splunk', 'key-of-cloud', 'Bearer org']) expect(bytes.includes(value)).toBe(false);
});

test('a secret does not go where another policy sends the same sink', async () => {
  proves('sink.secret-bound', {
    file: 'gateway/vault/sink-secret.ts',
    find: 'found?.origin !== destinationOf(config)',
    replace: 'found === undefined',
  });
  const one = await stage();
  await one.set('splunk', 'token-of-splunk');
  await one.apply(policyOf('https://elsewhere.example.org:8088'));
  await expect(one.opened('splunk')).rejects.toMatchObject({ code: 'SINK_SECRET_MISSING' });
  expect((await listSinks(one.store, 1)).find(({ sink }) => sink === 'splunk')).toMatchObject({ state: 'needs-secret' });
  await one.set('splunk', 'another-token');
  expect(await one.opened('splunk')).toEqual({ token: 'another-token' });
});

test('a secret of one sink does not open in the place of another', async () => {
  const one = await stage();
  await one.set('cloud', 'key-of-cloud', 'DD-Api-Key');
  await one.set('cloud', 'org', 'X-Org');
  const [first, second] = await one.store.sink.secrets();
  if (!first || !second) throw new Error('there are no secrets');
  await one.store.sink.setSecret({ ...first, sealed: second.sealed });
  await expect(one.opened('cloud')).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
});

test('what can be no such secret is refused with words, and what is missing is said', async () => {
  const one = await stage();
  const refused = async (slug: string, value: string, header?: string) =>
    one.set(slug, value, header).then(
      () => '',
      (error: unknown) => String(error),
    );
  expect(await refused('archive', 'x')).toContain('has none');
  expect(await refused('cloud', 'x')).toContain('dd-api-key, x-org');
  expect(await refused('cloud', 'x', 'other')).toContain('dd-api-key, x-org');
  expect(await refused('splunk', 'Splunk abc')).toContain('without "Splunk"');
  expect(await refused('splunk', 'a\nb')).toContain('printable');
  expect(await refused('hook', 'whsec_short')).toContain('24 to 64');
  expect(await refused('hooc', 'x')).toContain('Did you mean "hook"');
  await one.set('hook', `whsec_${Buffer.alloc(32, 7).toString('base64')}`);
  const states = Object.fromEntries(
    (await listSinks(one.store, 1)).map((of) => [of.sink, `${of.state} ${of.missing.join()}`.trim()]),
  );
  expect(states).toEqual({
    archive: 'sending',
    cloud: 'needs-secret dd-api-key,x-org',
    hook: 'sending',
    splunk: 'needs-secret token',
  });
});
