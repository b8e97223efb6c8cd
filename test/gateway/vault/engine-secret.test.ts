// What engines are shown in a header, over a real store and the keys of a data directory.
import { expect, onTestFinished, test } from 'vitest';
import { PolicyEngine } from '#contract/engine.ts';
import { PolicyFile } from '#contract/policy.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { setEngineSecret } from '../../../gateway/admin/engine-secret.ts';
import { openEngineSecret } from '../../../gateway/vault/engine-secret.ts';
import { openKeys } from '../../../gateway/vault/open.ts';
import { rotateKeys } from '../../../gateway/vault/rotate.ts';
import { proves } from '../../requirement.ts';
import { slug } from '../../suite/sample.ts';
import { byHand, openData } from '../data.ts';

const judge = { kind: 'webhook', url: 'https://judge.example.org/verdict', secretHeader: 'X-Key' };
const policy = PolicyFile.parse({ version: 1, engines: { judge, other: judge, open: { ...judge, secretHeader: undefined } } });

async function scene() {
  const data = await openData(policy);
  onTestFinished(() => data.close());
  const { store } = data;
  const keys = openKeys(data.dir, []);
  const of = { ...keys, slug: 'judge', value: new Secret('Bearer planted-value'), now: 1 };
  const set = (change: object = {}) => setEngineSecret({ ...byHand, store }, { ...of, ...change });
  const open = async (name = 'judge', change: object = {}) =>
    reveal(await openEngineSecret({ store, ...keys }, name, PolicyEngine.parse({ ...judge, ...change })));
  return { store, keys, set, open };
}

test('opens for its engine, its header and its address alone, whatever row it was put into, also after a rotation', async () => {
  proves('rule.engine-secret-bound', {
    file: 'gateway/vault/engine-secret.ts',
    find: 'row: engine, name: header, origin }',
    replace: "row: '', name: '', origin: '' }",
  });
  const { store, keys, set, open } = await scene();
  await set();
  expect(await open()).toBe('Bearer planted-value');
  expect(await open('judge', { url: 'https://judge.example.org/elsewhere', secretHeader: 'x-key' })).toBe('Bearer planted-value');
  for (const [change, reason] of [
    [{ url: 'https://other.example.org/verdict' }, 'was set for https://judge.example.org'],
    [{ secretHeader: 'Authorization' }, 'was set for the header x-key'],
  ] as const)
    await expect(open('judge', change)).rejects.toMatchObject({
      code: 'ENGINE_SECRET_MISSING',
      message: expect.stringContaining(reason),
    });
  await expect(open('other')).rejects.toMatchObject({ message: expect.stringContaining('engine secret set other') });
  const [row] = await store.engineSecret.all();
  if (!row) throw new Error('there is one');
  expect(JSON.stringify(row)).not.toContain('planted');
  // Who can write to the database moves it: it does not open.
  await store.engineSecret.set({ ...row, engine: slug('other') });
  await expect(open('other')).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
  await store.engineSecret.set({ ...row, origin: 'https://other.example.org' });
  await expect(open('judge', { url: 'https://other.example.org/' })).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
  await set();
  expect(await rotateKeys(keys, store)).toMatchObject({ unreadable: ['engine/other'] });
  expect(await open()).toBe('Bearer planted-value');
});

test('is no value that a header can not carry, and none of an engine that wants none', async () => {
  const { store, set } = await scene();
  for (const value of ['', 'two\nlines', 'ü', 'x'.repeat(8193)])
    await expect(set({ value: new Secret(value) })).rejects.toMatchObject({ code: 'SETTING_INVALID' });
  await expect(set({ slug: 'open' })).rejects.toMatchObject({ message: expect.stringContaining('secretHeader') });
  await expect(set({ slug: 'none' })).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  expect(await store.engineSecret.all()).toEqual([]);
  for (const name of ['Host', 'content-length', 'Signature', 'Signature-Input', 'Accept', 'a b', ''])
    expect(PolicyEngine.safeParse({ ...judge, secretHeader: name }).success).toBe(false);
});
