// What a store promises of alerts, run against each implementation beside the store suite.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AlertId, newId } from '#contract/id.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Raised, Settled } from '../../gateway/store/alert.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { quiet, slug } from './sample.ts';
import type { Ground } from './store.ts';

const raised = (key: string, at: number, change: Partial<Raised> = {}): Raised => ({
  key,
  level: 'error',
  words: `${key} is down`,
  count: 1,
  record: null,
  at,
  ...change,
});

export function describeAlerts(kind: string, ground: () => Promise<Ground>): void {
  describe(`the alerts of a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    const take = (seq: number, of: readonly Raised[], settled: readonly Settled[] = []) =>
      store.alert.takeAlerts({ chain: 'main', seq, raised: of, settled, now: seq });
    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    test('are one for each subject, counted, told once, and opened anew after they were closed', async () => {
      proves('alert.once', {
        file: 'gateway/store/sql/alert.ts',
        find: 'if (numUpdatedRows > 0n) continue;',
        replace: '',
      });
      expect(await store.alert.alertsRead('main')).toBeUndefined();
      await take(5, [raised('server:a', 100), raised('server:b', 101, { level: 'info', count: 3 })]);
      expect(await store.alert.alertsRead('main')).toBe(5);
      const [first, second] = await store.alert.untold();
      expect([first, second]).toMatchObject([
        { key: 'server:a', count: 1, firstAt: 100, closedAt: null },
        { key: 'server:b', count: 3, level: 'info' },
      ]);
      if (!first || !second) throw new Error('there are two');
      await store.alert.told(first.id, 6);
      await take(7, [raised('server:a', 200, { count: 2, words: 'still' })]);
      expect((await store.alert.untold()).map(({ key }) => key)).toEqual(['server:b']);
      expect((await store.alert.alerts()).find(({ key }) => key === 'server:a')).toMatchObject({
        id: first.id,
        count: 3,
        at: 200,
        firstAt: 100,
        words: 'still',
      });
      await take(8, [], [{ key: 'server:a', upTo: 199 }]);
      expect((await store.alert.alerts()).every(({ closedAt }) => closedAt === null)).toBe(true);
      await take(
        8,
        [],
        ['server:a', 'nothing'].map((key) => ({ key, upTo: 200 })),
      );
      expect((await store.alert.alerts()).map(({ key, closedAt }) => [key, closedAt])).toEqual([
        ['server:b', null],
        ['server:a', 8],
      ]);
      await take(9, [raised('server:a', 300)]);
      const again = (await store.alert.untold()).find(({ key }) => key === 'server:a');
      expect(again).toMatchObject({ count: 1, firstAt: 300, closedAt: null });
      expect(again?.id).not.toBe(first.id);
    });

    test('are closed by an administrator, once', async () => {
      await take(1, [raised('server:a', 100)]);
      const [{ id } = { id: AlertId.parse(newId()) }] = await store.alert.alerts();
      const revision = await store.revision();
      expect(await store.alert.closeAlert(id, 5)).toBe(true);
      expect(await store.alert.closeAlert(id, 6)).toBe(false);
      expect(await store.revision()).toBe(revision + 1);
      expect(await store.alert.alerts()).toMatchObject([{ closedAt: 5 }]);
    });

    test('know which hosts are new', async () => {
      const use = { user: slug('ada'), gateway: slug('main'), title: 'Codex' };
      await store.sawHosts([{ ...use, id: 'codex', at: 1000 }]);
      await store.sawHosts([{ ...use, id: 'other', at: 2000 }]);
      await store.sawHosts([{ ...use, id: 'codex', at: 3000 }]);
      expect(await store.alert.newHosts(1000)).toEqual([{ id: 'other', title: 'Codex', user: 'ada', gateway: 'main', at: 2000 }]);
      expect(await store.alert.newHosts(0)).toHaveLength(2);
      expect(await store.alert.newHosts(2000)).toEqual([]);
    });
  });
}
