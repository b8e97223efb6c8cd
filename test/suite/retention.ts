// What a store promises of records whose time is over, run against each implementation beside the store suite.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { SinkId } from '#contract/id.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Removal } from '../../gateway/store/retention.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, group, quiet } from './sample.ts';
import type { Ground } from './store.ts';

const markOf = (seq: number, change: Partial<Removal> = {}): Removal => ({
  chain: 'main',
  seq,
  hash: `hash ${seq}`,
  at: 9000,
  before: 5000,
  mac: 'mac',
  ...change,
});
const policyOf = (...sinks: readonly string[]) =>
  PolicyFile.parse({
    version: 1,
    retention: { records: '30d' },
    sinks: Object.fromEntries(sinks.map((slug) => [slug, { kind: 'file' }])),
  });

export function describeRetention(kind: string, ground: () => Promise<Ground>): void {
  describe(`records whose time is over, in a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });
    const indexAll = async () => {
      while ((await store.search.index(1000)) > 0);
    };
    const seqs = async (chain = 'main') => (await store.recordsAfter(chain, 0, 1000)).map(({ seq }) => seq);
    const found = async () =>
      (await store.search.find({}, { limit: 1000 })).map(({ chain, seq }) => `${chain} ${seq}`).toSorted();

    test('are kept for as long as the policy in force says', async () => {
      expect(await store.retention.setting()).toBeUndefined();
      await applyPolicy(store, policyOf());
      expect(await store.retention.setting()).toEqual({ records: '30d' });
      expect((await store.filedPolicy()).retention).toEqual({ records: '30d' });
      await applyPolicy(store, PolicyFile.parse({ version: 1 }));
      expect(await store.retention.setting()).toBeUndefined();
    });

    test('go from the beginning of their chain, with what the search has of them, and the mark stands for them', async () => {
      proves('audit.retention-search', {
        file: 'gateway/store/sql/removal.ts',
        find: "await tx.deleteFrom('entry').where('record', '>', from).where('record', '<=', to).execute();",
        replace: '',
      });
      await store.appendRecords(...group('other', 0, 4));
      await store.appendRecords(...group('main', 0, 6));
      await indexAll();
      const revision = await store.revision();
      expect(await store.retention.remove(markOf(4), 0)).toEqual({ setAside: 0 });
      expect(await store.revision()).toBe(revision);
      expect(await seqs()).toEqual([5, 6]);
      expect(await seqs('other')).toEqual([1, 2, 3, 4]);
      expect(await found()).toEqual(['main 5', 'main 6', 'other 1', 'other 2', 'other 3', 'other 4']);
      const { first, last } = await store.search.span({});
      expect(last - first).toBeGreaterThanOrEqual(5);
      // The first number that the index has left is that of the other chain's first record.
      expect((await store.search.span({ from: 0 })).first).toBe(2);
      expect(await store.retention.removals()).toEqual([markOf(4)]);
      expect(await store.retention.removal('other')).toBeUndefined();
      // What comes after them is found as before, and the index has no gap to fill.
      expect(await store.search.behind()).toBe(0);
      await store.appendRecords(...group('main', 6, 2));
      expect(await store.search.behind()).toBe(2);
      await indexAll();
      expect(await store.retention.remove(markOf(7), 4)).toEqual({ setAside: 0 });
      expect((await found()).filter((one) => one.startsWith('main'))).toEqual(['main 8']);
      expect(await store.retention.removals()).toEqual([markOf(7)]);
    });

    test('go once, however many remove them at once, and only from where the chain begins', async () => {
      proves('audit.retention-once', {
        file: 'gateway/store/sql/removal.ts',
        find: "where('chain', '=', chain).where('seq', '=', after)",
        replace: "where('chain', '=', chain)",
      });
      await store.appendRecords(...group('main', 0, 9));
      await indexAll();
      const begun = await Promise.all([2, 3, 4].map((seq) => store.retention.remove(markOf(seq), 0)));
      expect(begun.filter((one) => one !== undefined)).toHaveLength(1);
      const at = (await store.retention.removal('main'))?.seq ?? 0;
      expect(await seqs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].filter((seq) => seq > at));
      const more = await Promise.all([6, 7, 8].map((seq) => store.retention.remove(markOf(seq), at)));
      expect(more.filter((one) => one !== undefined)).toHaveLength(1);
      const then = (await store.retention.removal('main'))?.seq ?? 0;
      expect(await store.retention.remove(markOf(9), at)).toBeUndefined();
      expect(await store.retention.remove(markOf(9), 0)).toBeUndefined();
      expect(await store.retention.remove(markOf(9, { chain: 'none' }), 0)).toBeUndefined();
      expect(await seqs()).toEqual([6, 7, 8, 9].filter((seq) => seq > then));
    });

    test('stay as long as the index, the alerts or a sink have not read them', async () => {
      proves('audit.retention-owed', {
        file: 'gateway/store/sql/removal.ts',
        find: 'last.seq < mark.seq',
        replace: 'last.seq < 0',
      });
      await applyPolicy(store, policyOf('siem'));
      const sink = SinkId.parse((await store.sink.sinks())[0]?.id);
      await store.appendRecords(...group('main', 0, 9));
      const needs = () => store.retention.needed('main', 5);
      expect(await needs()).toEqual({ seq: 0, by: 'index' });
      expect(await store.retention.remove(markOf(1), 0)).toBeUndefined();
      await indexAll();
      expect(await needs()).toEqual({ seq: 0, by: 'sink siem' });
      expect(await store.retention.remove(markOf(1), 0)).toBeUndefined();
      await store.sink.lease(sink, 'a', 1, 2);
      const none = { sent: 7, rejected: 0, skipped: 0, parked: [], error: null, complaint: null, at: 1 };
      const parked = [{ chain: 'main', seq: 2, reason: 'too long' }];
      expect(await store.sink.report(sink, 'a', { ...none, parked, cursors: new Map([['main', 7]]) })).toBe(true);
      expect(await needs()).toEqual({ seq: 7, by: 'sink siem' });
      await store.alert.takeAlerts({ chain: 'main', seq: 3, raised: [], settled: [], now: 1 });
      expect(await needs()).toEqual({ seq: 3, by: 'alerts' });
      expect(await store.retention.remove(markOf(4, { before: 5 }), 0)).toBeUndefined();
      expect(await seqs()).toHaveLength(9);
      expect(await store.retention.removals()).toEqual([]);
      // Who wrote nothing since then is not waited for; what was set aside goes with its records.
      expect(await store.retention.needed('main', 10)).toEqual({ seq: 7, by: 'sink siem' });
      expect(await store.retention.remove(markOf(8, { before: 10 }), 0)).toBeUndefined();
      expect(await store.retention.remove(markOf(7, { before: 10 }), 0)).toEqual({ setAside: 1 });
      expect(await store.sink.parked(sink)).toEqual([]);
      expect(await seqs()).toEqual([8, 9]);
    });

    test('all of a chain may go: what comes to it later is owed by sinks from there on', async () => {
      await store.appendRecords(...group('main', 0, 3));
      await indexAll();
      expect(await store.retention.remove(markOf(3), 0)).toEqual({ setAside: 0 });
      expect(await store.chainHead('main')).toBeUndefined();
      expect(await store.chains()).toEqual(['main']);
      await applyPolicy(store, policyOf('siem'));
      const standing = async () => (await store.sink.standing())[0];
      expect(await standing()).toMatchObject({ owed: 0, cursors: new Map([['main', 3]]) });
      await store.appendRecords(...group('main', 3, 2));
      expect(await standing()).toMatchObject({ owed: 2 });
      expect(await seqs()).toEqual([4, 5]);
    });
  });
}
