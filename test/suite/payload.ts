// What a store promises of captured payloads, run against each implementation beside the store suite.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId, newRecordId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, group, quiet } from './sample.ts';
import type { Ground } from './store.ts';

const dayMs = 86_400_000;
const now = 1000 * dayMs;
const keeping = (retention?: object) => PolicyFile.parse({ version: 1, retention });

export function describePayloads(kind: string, ground: () => Promise<Ground>): void {
  describe(`the payloads of a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    const key = newId();
    const payload = (seq: number, at: number, change: { key?: string } = {}) => {
      const record = newRecordId(at);
      const of = (direction: 'request' | 'response') =>
        ({ record, direction, seq, key, sealed: `sealed ${seq}`, at, ...change }) as const;
      return [of('request'), of('response')];
    };

    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      await store.payload.addKey({ id: key, sealed: 'a key', madeAt: now });
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    test('are written with their records, and found by them', async () => {
      const [asked, answered] = payload(2, now);
      if (!asked || !answered) throw new Error('no payload');
      await store.appendRecords(...group('main', 0, 3), [asked, answered]);
      const later = payload(4, now);
      await store.appendRecords(...group('main', 3, 2), later);
      const { payloads, record } = await store.payload.of(asked.record, now);
      const { seq: _, ...stored } = asked;
      expect(payloads).toEqual([stored, { ...stored, direction: 'response' }]);
      expect(record).toMatchObject({ chain: 'main', seq: 2 });
      expect((await store.payload.of(later[0]?.record ?? asked.record, now)).record).toMatchObject({ seq: 4 });
      expect(await store.payload.of(newRecordId(now), now)).toEqual({ payloads: [], record: undefined });
    });

    test('are paged in their order with their records, those that still count; which there are is told', async () => {
      const [first, second, old] = [payload(1, now), payload(2, now), payload(3, now - 40 * dayMs)];
      await store.appendRecords(...group('main', 0, 3), [...first, ...second, ...old]);
      const seen: string[] = [];
      for (let last: Parameters<typeof store.payload.page>[0]; ;) {
        const page = await store.payload.page(last, 3, now);
        seen.push(...page.map((one) => `${one.payload.record} ${one.payload.direction} ${one.record?.seq}`));
        last = page.at(-1)?.payload;
        if (page.length < 3) break;
      }
      const expected = [...first, ...second].map(({ record, direction, seq }) => `${record} ${direction} ${seq}`);
      expect(seen).toEqual(expected.toSorted());
      const ids = [first, second].flatMap(([one]) => (one ? [one.record] : []));
      const there = await store.payload.there([...ids, newRecordId(now)]);
      expect(there).toEqual(new Map([...first, ...second].map((one) => [`${one.record}/${one.direction}`, one.at])));
      expect(await store.payload.there([])).toEqual(new Map());
    });

    test('that can not be written take their records with them', async () => {
      const lost = payload(1, now, { key: newId() });
      await expect(store.appendRecords(...group('main', 0, 1), lost)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await store.chainHead('main')).toBeUndefined();
      await store.appendRecords(...group('main', 0, 1), payload(1, now));
      const again = payload(2, now, { key: newId() });
      await expect(store.appendRecords(...group('main', 1, 1), again)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect((await store.chainHead('main'))?.record.seq).toBe(1);
    });

    test('go when they have kept their time by the policy of now, a few at a time; nobody is shown one that has', async () => {
      proves('capture.retention', {
        file: 'gateway/store/sql/payload.ts',
        find: "where('at', '>=', await cutoff(tx, now))",
        replace: "where('at', '>=', 0)",
      });
      const [old, older] = [payload(1, now - 31 * dayMs), payload(2, now - 40 * dayMs)];
      const young = payload(3, now - 29 * dayMs);
      await store.appendRecords(...group('main', 0, 3), [...old, ...older, ...young]);
      const there = async (of: ReturnType<typeof payload>) =>
        (await store.payload.of(of[0]?.record ?? newRecordId(), now)).payloads.length;
      expect([await there(old), await there(young)]).toEqual([0, 2]);
      await applyPolicy(store, keeping({ payloads: '60d' }));
      expect([await there(old), await there(older), await store.payload.removeExpired(now, 10)]).toEqual([2, 2, 0]);
      await applyPolicy(store, keeping({ payloads: '35d' }));
      expect(await store.payload.removeExpired(now, 1)).toBe(1);
      expect(await store.payload.removeExpired(now, 10)).toBe(1);
      expect([await there(old), await there(older), await there(young)]).toEqual([2, 0, 2]);
      // No longer than the records are kept.
      await applyPolicy(store, keeping({ payloads: '35d', records: '30d' }));
      expect(await store.payload.removeExpired(now, 10)).toBe(2);
      await applyPolicy(store, keeping());
      expect([await there(old), await there(young)]).toEqual([0, 2]);
      expect((await store.chainHead('main'))?.record.seq).toBe(3);
    });

    test('have keys that stay while anything lies under them, and change only from what they were', async () => {
      const idle = newId();
      await store.payload.addKey({ id: idle, sealed: 'another', madeAt: now });
      await store.appendRecords(...group('main', 0, 1), payload(1, now));
      expect(await store.payload.removeKeys(now)).toBe(0);
      expect(await store.payload.removeKeys(now + 1)).toBe(1);
      const before = await store.revision();
      expect(await store.payload.resealKeys([{ id: key, before: 'not this', after: 'x' }])).toBe(0);
      expect(await store.revision()).toBe(before);
      expect(await store.payload.resealKeys([{ id: key, before: 'a key', after: 'sealed anew' }])).toBe(1);
      expect(await store.payload.keys()).toEqual([{ id: key, sealed: 'sealed anew', madeAt: now }]);
    });
  });
}
