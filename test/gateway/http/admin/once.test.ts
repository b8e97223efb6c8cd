// Requests that are to be done once, where something fails in between: what changed nothing is done again at once, what changed something is never done twice.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { PolicyFile } from '#contract/policy.ts';
import { doing } from '../../../../gateway/admin/context.ts';
import { createOnce, type Once } from '../../../../gateway/http/admin/once.ts';
import type { Store } from '../../../../gateway/store/store.ts';
import { proves } from '../../../requirement.ts';
import { byHand, openData, type Data } from '../../data.ts';

let data: Data;
let now: number;
let once: Once;
beforeEach(async () => {
  data = await openData(PolicyFile.parse({ version: 1 }));
  now = 1000;
  once = createOnce({ store: data.store, now: () => now });
});
afterEach(() => data.close());

const asked = { key: 'k', secret: 'dbp_x', request: 'POST /x' };
const done = { status: 201, body: { id: 1 } };
const change = (store: Store) =>
  doing({ ...byHand, store }, now, { operation: 'x', target: null, before: null, after: null }).administration.noteDeed();
const unavailable = () => new Fault('STORE_UNAVAILABLE');
let ran = 0;
const failing = (before: (store: Store) => Promise<void>) => async (store: Store) => {
  ran++;
  await before(store);
  throw unavailable();
};
const working = async (store: Store) => {
  ran++;
  await change(store);
  return done;
};
beforeEach(() => {
  ran = 0;
});

test('what failed before it changed something is done at once when it is sent again', async () => {
  proves('admin.once-failed', {
    file: 'gateway/http/admin/once.ts',
    find: 'await administration.forgetOnce(stored).catch(() => undefined);',
    replace: 'failed.clear();',
  });
  await expect(
    once(
      asked,
      failing(async () => undefined),
    ),
  ).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(await once(asked, working)).toEqual(done);
  expect(await once(asked, working)).toEqual(done);
  expect(ran).toBe(2);
});

test('what failed after it changed something is never done twice', async () => {
  proves('admin.once-done', {
    file: 'gateway/store/sql/change.ts',
    find: "if (once !== undefined) await tx.updateTable('idempotency').set({ done: 1 }).where('key', '=', once).execute();",
    replace: '',
  });
  await expect(once(asked, failing(change))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await expect(once(asked, working)).rejects.toMatchObject({ code: 'KEY_LOST' });
  now += 200_000;
  await expect(once(asked, working)).rejects.toMatchObject({ code: 'KEY_LOST' });
  expect(ran).toBe(1);
});

test('a store that can not be told of the failure does not lose the key either', async () => {
  const { store } = data;
  const deaf = { ...store, administration: { ...store.administration, forgetOnce: () => Promise.reject(unavailable()) } };
  const here = createOnce({ store: deaf, now: () => now });
  await expect(
    here(
      asked,
      failing(async () => undefined),
    ),
  ).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  // Another gateway server can't know, and waits.
  await expect(once(asked, working)).rejects.toMatchObject({ code: 'KEY_UNDER_WAY' });
  expect(await here(asked, working)).toEqual(done);
  expect(await once(asked, working)).toEqual(done);
});

test('what another gateway server began and never ended is done after two minutes, where it changed nothing', async () => {
  let end = () => {};
  const dying = once(asked, () => new Promise((_, reject) => (end = () => reject(unavailable()))));
  const other = createOnce({ store: data.store, now: () => now });
  await expect.poll(() => other(asked, working).catch((error: unknown) => Object(error).code)).toBe('KEY_UNDER_WAY');
  now += 120_000;
  expect(await other(asked, working)).toEqual(done);
  end();
  await expect(dying).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(await other(asked, working)).toEqual(done);
});

test('an answer that could not be kept is given all the same', async () => {
  const { store } = data;
  const forgetful = { ...store, administration: { ...store.administration, endOnce: () => Promise.reject(unavailable()) } };
  const here = createOnce({ store: forgetful, now: () => now });
  expect(await here(asked, working)).toEqual(done);
  await expect(here(asked, working)).rejects.toMatchObject({ code: 'KEY_LOST' });
  expect(ran).toBe(1);
});
