// What a store says of what was seen: the uses of hosts, and what workstations told of their posture. Run against each implementation beside the store suite.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../../gateway/store/open.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, enrolled, group, postureOf, quiet, samplePolicy, slug, workstationOf } from './sample.ts';
import type { Ground } from './store.ts';

const day = 86_400_000;

export function describeSeen(kind: string, ground: () => Promise<Ground>): void {
  describe(`a store on ${kind}, of what was seen:`, () => {
    let place: Ground;
    let store: Store;
    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      await applyPolicy(store, samplePolicy);
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    test('the last write is another one after anything was committed, also records and by somebody else, and stays while things are read', async () => {
      proves('store.last-write', {
        file: 'gateway/store/sqlite.ts',
        find: '`${String(others.get())}:${String(own.get())}`',
        replace: '`${String(own.get())}`',
      });
      const other = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      try {
        const seen = new Set<string>();
        const isNews = async (): Promise<boolean> => {
          const { size } = seen;
          return seen.add(await store.lastWrite()).size > size;
        };
        await isNews();
        for (const [by, chain] of [
          [store, 'a'],
          [other, 'b'],
        ] as const) {
          await by.appendRecords(...group(chain, 0, 1));
          expect(await isNews()).toBe(true);
          await by.sawHosts([{ id: chain, title: 'x', user: slug('ada'), gateway: slug('main'), at: 1 }]);
          expect(await isNews()).toBe(true);
          await by.replacePolicy(samplePolicy, await by.revision(), 2);
        }
        await isNews();
        const before = await store.lastWrite();
        await store.recordsAfter('a', 0, 10);
        await other.policy();
        await store.alert.claimUntold(1, 2);
        await store.sawHosts([]);
        // Of a database server others write to as well.
        if (kind === 'SQLite') expect(await store.lastWrite()).toBe(before);
      } finally {
        await other.close();
      }
    });

    test('a host has a row for each person and gateway, with the first and the last use and its minutes', async () => {
      proves('host.uses', {
        file: 'gateway/store/sql/host.ts',
        find: "on.columns(['host_id', 'user_slug', 'gateway_slug']).doUpdateSet({",
        replace: "on.columns(['host_id', 'user_slug', 'gateway_slug']).doUpdateSet({ first_at: 1,",
      });
      const minute = 60_000;
      const seen = (user: string, gateway: string, at: number) => ({
        id: 'token:a',
        title: undefined,
        user: slug(user),
        gateway: slug(gateway),
        at,
      });
      // the same one twice in one go, in whatever order, is one row
      await store.sawHosts([
        seen('ada', 'main', 10 * minute),
        seen('ada', 'main', 9 * minute),
        seen('ada', 'other', 10 * minute),
      ]);
      await store.sawHosts([seen('ada', 'main', 10 * minute + 1), seen('ben', 'main', 10 * minute)]);
      await store.sawHosts([seen('ada', 'main', 12 * minute)]);
      const use = (user: string, gateway: string, firstAt: number, lastAt: number, minutes: number) => ({
        ...{ user, gateway, firstAt, lastAt, minutes },
      });
      expect(await store.hostUses('token:a')).toEqual([
        use('ada', 'main', 10 * minute, 12 * minute, 2),
        use('ada', 'other', 10 * minute, 10 * minute, 1),
        use('ben', 'main', 10 * minute, 10 * minute, 1),
      ]);
      expect(await store.hostUses('token:b')).toEqual([]);
      await store.sawHosts([seen('ben', 'main', 200 * day)]);
      expect(await store.hostUses('token:a')).toEqual([use('ben', 'main', 10 * minute, 200 * day, 2)]);
      await store.sawHosts([]);
    });

    test('keeps the newest posture of each enrolled workstation, and none of another', async () => {
      const [first, second, gone] = [await enrolled(store, 'ada'), await enrolled(store, 'ben'), await enrolled(store, 'ben')];
      await store.revokeWorkstation(gone.id, 4000);
      const told = (workstation: typeof first.id, status: 'compliant' | 'noncompliant', at: number) => ({
        workstation,
        posture: postureOf(status),
        at,
      });
      const revision = await store.revision();
      await store.tellPostures([
        told(first.id, 'noncompliant', 1),
        told(second.id, 'compliant', 2),
        told(gone.id, 'compliant', 3),
      ]);
      await store.tellPostures([told(first.id, 'compliant', 4), told(workstationOf('ada').id, 'compliant', 4)]);
      await store.tellPostures([]);
      expect(await store.revision()).toBe(revision);
      expect(await store.postures()).toEqual(
        new Map([told(first.id, 'compliant', 4), told(second.id, 'compliant', 2)].map((one) => [one.workstation, one])),
      );
    });
  });
}
