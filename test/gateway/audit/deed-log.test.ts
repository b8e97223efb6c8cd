// The deeds of administrators: written with their change, brought into the chain once, whatever ends in between.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeedRecord } from '#contract/audit.ts';
import { newRecordId } from '#contract/id.ts';
import { createDeedLog } from '../../../gateway/audit/deed-log.ts';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import type { KeepingRecorder } from '../../../gateway/audit/record.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { Fault } from '#contract/error.ts';
import { proves } from '../../requirement.ts';
import { until } from '../../walk/deployment.ts';
import { openData, quiet, twoTeams, type Data } from '../data.ts';

let data: Data;
let recorder: KeepingRecorder;
let now = 1_000_000;
beforeEach(async () => {
  data = await openData(twoTeams);
  recorder = await openRecorder({
    store: data.store,
    ...(await openAuditKey(data.dir)),
    chain: 'main',
    mode: 'batched',
    logger: quiet,
  });
});
afterEach(async () => {
  await recorder.close();
  await data.close();
});

function deed(operation = 'hosts.block'): DeedRecord {
  const actor = { kind: 'command-line', osUser: 'root' } as const;
  return {
    version: 1,
    kind: 'deed',
    id: newRecordId(now),
    at: now,
    actor,
    operation,
    target: 'x',
    reason: null,
    before: null,
    after: {},
  };
}
const onRecord = async () =>
  (await data.store.recordsAfter('main', 0, 1000)).map(({ body }) => JSON.parse(body) as DeedRecord).map(({ id }) => id);
const log = (of: Pick<KeepingRecorder, 'keep'> = recorder) =>
  createDeedLog({ store: data.store, recorder: of, logger: quiet, now: () => now });

describe('a deed', () => {
  test('is written in the transaction of its change, once, and not where nothing is changed', async () => {
    proves('admin.deed-with-change', {
      file: 'gateway/store/sql/change.ts',
      find: 'if (deed) await writeDeed(tx, { ...deed, target: result.target ?? deed.target });',
      replace: '',
    });
    const { store } = data;
    const one = store.recording(deed());
    expect(await one.decideHost('token:a', 'blocked', now)).toBe(true);
    expect(await one.decideHost('token:b', 'blocked', now)).toBe(true);
    expect(await store.administration.deedsWaiting()).toBe(1);
    expect(await store.recording(deed()).decideHost('token:a', 'blocked', now)).toBe(false);
    expect(await store.administration.deedsWaiting()).toBe(1);
    const failing = store.recording(deed());
    await expect(failing.replacePolicy(twoTeams, -1, now)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await store.administration.deedsWaiting()).toBe(1);
    await store.decideHost('token:c', 'blocked', now);
    expect(await store.administration.deedsWaiting()).toBe(1);
  });

  test('comes into the chain and leaves the outbox, in order', async () => {
    const made = [deed(), deed(), deed()];
    for (const [index, one] of made.entries()) await data.store.recording(one).decideHost(`token:${index}`, 'blocked', now);
    const deeds = log();
    deeds.look();
    await until('all are on record', async () => (await data.store.administration.deedsWaiting()) === 0);
    expect(await onRecord()).toEqual(made.map(({ id }) => id));
    await deeds.close();
  });

  test('that was put on record by somebody who ended before saying so is there once', async () => {
    proves('admin.deed-recorded', {
      file: 'gateway/audit/deed-log.ts',
      find: 'const missing = taken.filter(({ deed }) => !there.has(deed.id));',
      replace: 'const missing = taken;',
    });
    const [kept, lost] = [deed(), deed()];
    for (const one of [kept, lost]) await data.store.recording(one).decideHost(`token:${one.id}`, 'blocked', now);
    const { administration } = data.store;
    expect((await administration.takeDeeds(now, now + 10_000, 10)).map(({ again }) => again)).toEqual([false, false]);
    await recorder.keep(kept);
    // While that one may still be about it, nobody else is.
    expect(await administration.takeDeeds(now, now + 10_000, 10)).toEqual([]);
    now += 10_000;
    const deeds = log();
    deeds.look();
    await until('nothing waits', async () => (await administration.deedsWaiting()) === 0);
    expect(await onRecord()).toEqual([kept.id, lost.id]);
    await deeds.close();
  });

  test('waits where records are not accepted, and comes when they are again', async () => {
    await data.store.recording(deed()).decideHost('token:a', 'blocked', now);
    let isRefusing = true;
    let asked = 0;
    const deeds = log({
      keep(record) {
        asked++;
        return isRefusing ? Promise.reject(new Fault('AUDIT_UNAVAILABLE')) : recorder.keep(record);
      },
    });
    deeds.look();
    await until('it was tried', async () => asked > 0);
    expect(await data.store.administration.deedsWaiting()).toBe(1);
    isRefusing = false;
    now += 1;
    deeds.look();
    await until('it is on record', async () => (await data.store.administration.deedsWaiting()) === 0);
    await deeds.close();
  });
});
