// What a store promises of alerts, run against each implementation beside the store suite.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AlertId, newId, type WorkstationId } from '#contract/id.ts';
import type { PostureSummary } from '#contract/posture-summary.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Raised, Settled } from '../../gateway/store/alert.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, enrolled, postureOf, quiet, samplePolicy, slug } from './sample.ts';
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
    let clock = 0;
    /** Each time as if those who claimed before had ended without a word. */
    const untold = () => store.alert.claimUntold((clock += 100), clock + 50);
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
        find: 'if (numUpdatedRows > 0n) return;',
        replace: '',
      });
      expect(await store.alert.alertsRead('main')).toBeUndefined();
      await take(5, [raised('server:a', 100), raised('server:b', 101, { level: 'info', count: 3 })]);
      expect(await store.alert.alertsRead('main')).toBe(5);
      const [first, second] = await untold();
      expect([first, second]).toMatchObject([
        { key: 'server:a', count: 1, firstAt: 100, closedAt: null },
        { key: 'server:b', count: 3, level: 'info' },
      ]);
      if (!first || !second) throw new Error('there are two');
      await store.alert.told(first.id, 6, clock + 50);
      await take(7, [raised('server:a', 200, { count: 2, words: 'still' })]);
      expect((await untold()).map(({ key }) => key)).toEqual(['server:b']);
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
      const again = (await untold()).find(({ key }) => key === 'server:a');
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

    test('are told by one gateway server at a time, and by another where that one ended', async () => {
      proves('alert.one-tells', {
        file: 'gateway/store/sql/alert-telling.ts',
        find: "tx.updateTable('alert').set({ lease_until: until })",
        replace: "tx.updateTable('alert').set({ lease_until: null })",
      });
      await take(1, [raised('server:a', 100), raised('server:b', 101)]);
      const claims = await Promise.all(Array.from({ length: 8 }, () => store.alert.claimUntold(1000, 2000)));
      expect(claims.flat().map(({ key }) => key)).toEqual(['server:a', 'server:b']);
      expect(await store.alert.claimUntold(1999, 3000)).toEqual([]);
      const again = await store.alert.claimUntold(2000, 3000);
      expect(again.map(({ id }) => id)).toEqual(claims.flat().map(({ id }) => id));
      for (const { id } of again) await store.alert.told(id, 2001, 3000);
      await take(2, [raised('server:a', 300)]);
      expect(await store.alert.claimUntold(9000, 9001)).toEqual([]);
    });

    test('tell that they closed to whoever was told that they opened, once, also where they open again before that', async () => {
      proves('alert.closed-told', {
        file: 'gateway/store/sql/alert-telling.ts',
        find: 'told_at !== null || lease_until !== null',
        replace: 'told_at === undefined && lease_until === undefined',
      });
      await take(
        1,
        ['server:a', 'server:b', 'server:c'].map((key) => raised(key, 100)),
      );
      const closings = () => store.alert.claimClosed((clock += 100), clock + 50);
      const [first] = await untold();
      if (!first) throw new Error('there are three');
      await store.alert.told(first.id, 2, clock + 50);
      // Whoever began to tell of one will have told.
      await take(2, [], [{ key: 'server:a', upTo: 100 }]);
      await take(3, [raised('server:a', 200), raised('server:d', 200)]);
      await store.alert.settleAlerts([{ key: 'server:b', upTo: 100 }], 4);
      await take(5, [], [{ key: 'server:d', upTo: 200 }]);
      const claimed = await closings();
      expect(claimed).toMatchObject([
        { id: first.id, key: 'server:a', closedAt: 2, words: 'server:a is down' },
        { key: 'server:b', closedAt: 4 },
      ]);
      expect(await store.alert.claimClosed(clock, clock + 50)).toEqual([]);
      expect((await closings()).map(({ telling }) => telling)).toEqual(claimed.map(({ telling }) => telling));
      for (const { telling } of claimed) await store.alert.toldClosed(telling);
      expect(await closings()).toEqual([]);
      const again = (await untold()).find(({ key }) => key === 'server:a');
      expect(again?.id).not.toBe(first.id);
      expect(await store.alert.closeAlert(again?.id ?? first.id, 9)).toBe(true);
      expect(await closings()).toMatchObject([{ id: again?.id, key: 'server:a', closedAt: 9 }]);
    });

    test('tell that one closed only after whoever was about to tell that it opened has, or has ended', async () => {
      proves('alert.opened-first', {
        file: 'gateway/store/sql/alert-telling.ts',
        find: 'lease_until: told_at === null ? lease_until : null',
        replace: 'lease_until: null',
      });
      await take(1, [raised('server:a', 100), raised('server:b', 101)]);
      const [a, b] = await store.alert.claimUntold(1000, 2000);
      await store.alert.settleAlerts([{ key: 'server:a', upTo: 100 }], 1001);
      await store.alert.settleAlerts([{ key: 'server:b', upTo: 101 }], 1002);
      const closing = async (now: number) => (await store.alert.claimClosed(now, now + 5000)).map(({ id }) => id);
      expect(await closing(1003)).toEqual([]);
      if (a) await store.alert.told(a.id, 1004, 2000);
      expect(await closing(1005)).toEqual([a?.id]);
      expect(await closing(1999)).toEqual([]);
      expect(await closing(2000)).toEqual([b?.id]);
      // Who tells of it now keeps it, though the one who took so long has told at last.
      if (b) await store.alert.told(b.id, 2001, 2000);
      expect(await closing(2002)).toEqual([]);
    });

    test('know which hosts are new, each once, whenever they came', async () => {
      const use = { user: slug('ada'), gateway: slug('main'), title: 'Codex' };
      await store.sawHosts([{ ...use, id: 'codex', at: 2000 }]);
      await store.decideHost('later', 'allowed', 1);
      expect(await store.alert.newHosts()).toEqual([{ id: 'codex', title: 'Codex', user: 'ada', gateway: 'main', at: 2000 }]);
      const seen = [{ id: 'codex', at: 2000, raised: raised('host:codex', 2000) }];
      await Promise.all([store.alert.lookedAt('host', seen, 1), store.alert.lookedAt('host', seen, 1)]);
      expect(await store.alert.alerts()).toMatchObject([{ key: 'host:codex', count: 1 }]);
      // One with the same time, and one that another gateway server wrote later for an earlier time.
      await store.sawHosts([{ ...use, id: 'other', at: 2000 }]);
      await store.sawHosts([{ ...use, id: 'early', at: 1000 }]);
      await store.sawHosts([{ ...use, id: 'codex', at: 3000 }]);
      expect((await store.alert.newHosts()).map(({ id }) => id).toSorted()).toEqual(['early', 'other']);
    });

    test('know which postures changed, each change once, and close those of devices that are whole or gone', async () => {
      proves('alert.device-over', {
        file: 'gateway/store/sql/alert.ts',
        find: "              .where('off_policy', '=', 0)",
        replace: "              .where('off_policy', 'is not', null)",
      });
      await applyPolicy(store, samplePolicy);
      const [ada, ben] = [await enrolled(store, 'ada'), await enrolled(store, 'ben')];
      const tell = (workstation: WorkstationId, status: PostureSummary['status'], at: number) =>
        store.tellPostures([{ workstation, posture: postureOf(status), at }]);
      const look = async () => {
        const changed = await store.alert.changedPostures();
        const looked = changed.map(({ workstation: id, at }) => ({ id, at, raised: raised(`device:${id}:posture`, at) }));
        await Promise.all([store.alert.lookedAt('posture', looked, 1), store.alert.lookedAt('posture', looked, 1)]);
        return changed.map(({ user, posture, at }) => [user, posture.status, at]);
      };
      const open = async () => (await store.alert.openAlerts('device:')).map(({ key }) => key).toSorted();
      const keys = [ada, ben].map(({ id }) => `device:${id}:posture`).toSorted();
      await tell(ada.id, 'noncompliant', 10);
      await tell(ben.id, 'noncompliant', 11);
      expect((await look()).toSorted()).toEqual([
        ['ada', 'noncompliant', 10],
        ['ben', 'noncompliant', 11],
      ]);
      // The same again is no change.
      await tell(ada.id, 'noncompliant', 20);
      expect(await look()).toEqual([]);
      expect((await store.alert.alerts()).map(({ count }) => count)).toEqual([1, 1]);
      expect([await store.alert.settleDevices(100, 100), await open()]).toEqual([0, keys]);
      // What can't be seen is not whole.
      await tell(ada.id, 'stopped', 30);
      expect([await store.alert.settleDevices(100, 100), await open()]).toEqual([0, keys]);
      await tell(ada.id, 'compliant', 40);
      await tell(ada.id, 'compliant', 50);
      expect(await store.alert.settleDevices(39, 100)).toBe(0);
      expect(await store.alert.settleDevices(40, 100)).toBe(1);
      expect(await open()).toEqual([`device:${ben.id}:posture`]);
      await take(1, [raised(`device:${ben.id}:paused`, 60), raised('server:a', 60)]);
      const revision = await store.revision();
      await store.revokeWorkstation(ben.id, 70);
      expect([await store.alert.settleDevices(0, 100), await open()]).toEqual([2, []]);
      expect(await store.revision()).toBe(revision + 1);
      expect(await store.alert.openAlerts('server:')).toEqual([{ key: 'server:a', at: 60 }]);
      expect(await store.alert.settleAlerts([{ key: 'server:a', upTo: 59 }], 100)).toBe(0);
      expect(await store.alert.settleAlerts([{ key: 'server:a', upTo: 60 }], 100)).toBe(1);
    });
  });
}
