// Payloads under seal, over a real store and the keys of a data directory.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { newRecordId } from '#contract/id.ts';
import type { SealedPayload } from '#contract/payload.ts';
import { openKeys } from '../../../gateway/vault/open.ts';
import { createPayloadSeals, openPayload } from '../../../gateway/vault/payload-key.ts';
import { rotateKeys } from '../../../gateway/vault/rotate.ts';
import { kidOf } from '../../../gateway/vault/seal.ts';
import { proves } from '../../requirement.ts';
import { openData } from '../data.ts';

const dayMs = 86_400_000;

async function stage() {
  const data = await openData();
  onTestFinished(() => data.close());
  const { keys } = openKeys(data.dir, []);
  const clock = { now: 1000 * dayMs };
  const { store, dir } = data;
  const seals = createPayloadSeals({ store, keys, now: () => clock.now });
  const payload = { record: newRecordId(), direction: 'request', at: 1 } as const;
  const sealed = async (text: string): Promise<SealedPayload> => (await seals.current()).seal(payload, text);
  return { store, dir, keys, clock, seals, sealed, open: (one: SealedPayload) => openPayload({ store, keys }, one) };
}

test('what is sealed opens, and only as the payload of its record and direction', async () => {
  proves('capture.sealed-to-its-row', {
    file: 'gateway/vault/payload-key.ts',
    find: "'sealed', record, direction, key, at]",
    replace: "'sealed', key, at]",
  });
  const { sealed, open } = await stage();
  const one = await sealed('what was said');
  expect(JSON.stringify(one)).not.toContain('what was said');
  expect(Buffer.from(one.sealed, 'base64url').includes('what was said')).toBe(false);
  expect(await open(one)).toBe('what was said');
  for (const change of [{ record: newRecordId() }, { direction: 'response' }, { at: 2 }, { sealed: `${one.sealed}A` }] as const)
    await expect(open({ ...one, ...change })).rejects.toMatchObject({ code: 'VAULT_DAMAGED' });
});

test('one key serves for a day, also where many ask for the first one at once', async () => {
  const { seals, store, clock, sealed, open } = await stage();
  const [first, ...others] = await Promise.all([1, 2, 3].map(() => seals.current()));
  expect(others.every((one) => one === first)).toBe(true);
  expect(seals.current()).toBe(first);
  const old = await sealed('old');
  clock.now += dayMs;
  const young = await sealed('young');
  expect(young.key).not.toBe(old.key);
  expect(await store.payload.keys()).toHaveLength(2);
  expect([await open(old), await open(young)]).toEqual(['old', 'young']);
});

test('a rotation seals the keys anew: all payloads open, also those of a gateway server that goes on, and none needs the old key', async () => {
  proves('capture.rotated', {
    file: 'gateway/vault/rotate.ts',
    find: 'return [...identities, ...secrets, ...engines, ...payloadKeys];',
    replace: 'return [...identities, ...secrets, ...engines];',
  });
  const { sealed, open, dir, store } = await stage();
  const before = await sealed('before');
  expect(await rotateKeys(openKeys(dir, []), store)).toMatchObject({ rewrapped: 1, unreadable: [] });
  const after = await sealed('after');
  expect([await open(before), await open(after)]).toEqual(['before', 'after']);
  const { keys } = openKeys(dir, []);
  for (const key of await store.payload.keys()) expect(kidOf(key.sealed)).toBe(await keys.current());
  expect((await readFile(join(dir, 'key', 'vault.key'), 'utf8')).trim().split('\n')).toHaveLength(1);
});

test('where the key of the vault can not be read nothing is sealed, and the next one asks anew', async () => {
  const { seals, dir, sealed } = await stage();
  await sealed('this makes the file');
  const another = createPayloadSeals({ store: (await stage()).store, keys: openKeys(dir, []).keys, now: Date.now });
  const file = join(dir, 'key', 'vault.key');
  const right = await readFile(file, 'utf8');
  await writeFile(file, 'nonsense');
  await expect(another.current()).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
  await writeFile(file, right);
  expect(await another.current()).toBeDefined();
  expect(await seals.current()).toBeDefined();
});
