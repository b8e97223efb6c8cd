// What a store promises of records that are taken apart, which lie several in a row: whoever reads them finds what others find. Run against each implementation beside the store suite.
import { createSecretKey } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CallRecord } from '#contract/audit.ts';
import { PolicyFile } from '#contract/policy.ts';
import { extend, type Position, start } from '../../gateway/audit/chain.ts';
import { createTexts } from '../../gateway/audit/text.ts';
import { openUnmigrated } from '../../gateway/store/location.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { ChainedRecord, KeptTexts, SealedRecord, Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, callRecord, quiet, userId } from './sample.ts';
import type { Ground } from './store.ts';

const legs = { gatewayToHost: 4, hostToGateway: 1, gatewayToServer: 2, serverToGateway: 3 };
const key = createSecretKey(Buffer.alloc(32));

export function describeRuns(kind: string, ground: () => Promise<Ground>): void {
  describe(`records that are taken apart, in a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    let ends: Map<string, Position>;
    let textOf: ReturnType<typeof createTexts>;
    const open = async () => {
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      textOf = createTexts();
    };
    beforeEach(async () => {
      place = await ground();
      ends = new Map();
      await open();
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    /** Appends them as one group; the records as they are to be read. */
    async function append(calls: readonly CallRecord[], chain = 'main'): Promise<readonly ChainedRecord[]> {
      const from = ends.get(chain) ?? start(chain);
      const { records, seal } = extend(
        key,
        from,
        calls.map((one) => ({ at: one.at, body: textOf(one) })),
      );
      await store.appendRecords(records, seal);
      ends.set(chain, seal);
      return records.map(({ seq, at, hash }, index) => ({ chain, seq, at, body: JSON.stringify(calls[index]), hash }));
    }
    const user = userId();
    /** Those of every seventh number were refused, which is written whole. */
    const sample = callRecord(user);
    /** In the order of the pipeline. */
    const callOf = (at: number, tool = `tool-${at % 3}`): CallRecord => {
      const change = { at, tool, legs, server: sample.server };
      const { version, kind, id, era, via, method, host, token, requestBytes, ...others } = callRecord(user, change);
      const first = { version, kind, id, at, era, via, method, user: others.user, host, token, requestBytes };
      const refused = { decision: 'refused', code: 'TOOL_NOT_PROVISIONED' } as const;
      return { ...first, ...others, ...(at % 7 === 0 && refused) };
    };
    const callsFrom = (at: number, count: number) => Array.from({ length: count }, (_, i) => callOf(at + i));

    test('are read as the others are, from wherever, and however many at once', async () => {
      const one = [...(await append(callsFrom(1, 200))), ...(await append(callsFrom(201, 1)))];
      const other = await append(callsFrom(50, 80), 'other');
      // Another process, which knows nothing of what is shared already.
      await store.close();
      await open();
      const all = [...one, ...(await append(callsFrom(202, 70)))];
      for (const limit of [1, 2, 7, 33, 100, 1000]) {
        for (const after of [0, 1, 6, 7, 63, 64, 199, 200, 270, 271])
          expect(await store.recordsAfter('main', after, limit), `${limit} after ${after}`).toEqual(
            all.slice(after, after + limit),
          );
        const newest = [...all, ...other].toSorted((a, b) => b.at - a.at || b.seq - a.seq || (a.chain < b.chain ? -1 : 1));
        expect(await store.newestRecords(limit)).toEqual(newest.slice(0, limit));
      }
      const sealed = await store.sealedAfter('main', 0, 1000);
      expect(sealed.map(({ chain, seq, at, body, hash }) => ({ chain, seq, at, body, hash }))).toEqual(all);
      for (const limit of [1, 7, 64, 100]) {
        const kept: KeptTexts = new Map();
        const read: SealedRecord[] = [];
        for (let size = limit; size === limit;) {
          const page = await store.sealedAfter('main', read.length, limit, kept);
          size = page.length;
          read.push(...page);
        }
        expect(read, `${limit} at once`).toEqual(sealed);
        // Of whom has kept those of one chain.
        expect(await store.sealedAfter('other', 0, 100, kept)).toMatchObject(other);
      }
      expect(sealed.flatMap(({ seq, seal }) => (seal ? [`${seal.after} to ${seq}`] : []))).toEqual([
        '0 to 200',
        '200 to 201',
        '201 to 271',
      ]);
      expect((await store.sealsAfter('main', 0, 10)).map(({ seq, hash }) => [seq, hash])).toEqual(
        [200, 201, 271].map((seq) => [seq, all[seq - 1]?.hash]),
      );
      expect(await store.chainHead('main')).toMatchObject({ record: all.at(-1), seal: { seq: 271, hash: all.at(-1)?.hash } });

      while ((await store.search.index(50)) > 0);
      expect(await store.search.behind()).toBe(0);
      const found = await store.search.find({ tool: 'tool-1', decision: 'allowed' }, { limit: 1000 });
      const wanted = [...all, ...other].filter(({ body }) => body.includes('"tool-1"') && body.includes('"allowed"'));
      const inOrder = (of: readonly ChainedRecord[]) =>
        of
          .map(({ chain, seq, at, body, hash }) => ({ chain, seq, at, body, hash }))
          .toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
      expect(inOrder(found)).toEqual(inOrder(wanted));
      const newest = (await store.newestCalls([user], 300)).get(user);
      expect(newest?.map(({ at }) => at)).toEqual(
        [...all, ...other]
          .map(({ at }) => at)
          .toSorted((a, b) => b - a)
          .slice(0, 300),
      );
    });

    test('are, where alerts are looked for, the latest of those that are the same call again one after the other', async () => {
      const mixed = await append(Array.from({ length: 20 }, (_, i) => callOf(1 + i, 'same')));
      const [early, late, between] = await append([callOf(100, 'same'), callOf(300, 'same'), callOf(200, 'same')]);
      const many = await append(Array.from({ length: 100 }, (_, i) => callOf(1000 + 7 * i, i < 90 ? 'same' : 'other')));
      const all = [...mixed, early, late, between, ...many];
      // Those of every seventh number were refused; a row has 64.
      const wanted = [5, 6, 12, 13, 19].map((i) => mixed[i]);
      const said = [...wanted, late, many[63], many[89], many[99]];
      for (const limit of [1, 2, 7, 33, 64, 100, 1000]) {
        const found: ChainedRecord[] = [];
        for (let from = -1, upTo = 0; upTo > from;) {
          from = upTo;
          const page = await store.alert.toLookAt('main', from, limit);
          upTo = page.upTo;
          expect(upTo).toBe(Math.min(from + limit, all.length));
          found.push(...page.records);
        }
        expect(found, `${limit} at once`).toEqual(said);
      }
      expect(await store.alert.toLookAt('none', 0, 10)).toEqual({ records: [], upTo: 0 });
    });

    test('are read from where their chain begins now, however far that is', async () => {
      await applyPolicy(store, PolicyFile.parse({ version: 1, retention: { records: '30d' } }));
      await append(callsFrom(1, 100));
      const left = [...(await append(callsFrom(101, 1))), ...(await append(callsFrom(102, 70)))];
      while ((await store.search.index(100)) > 0);
      await store.retention.remove({ chain: 'main', seq: 100, hash: 'h', at: 9000, before: 5000, mac: 'm' }, 0);
      for (const limit of [1, 2, 5, 50, 71, 100, 1000])
        expect(await store.recordsAfter('main', 0, limit), `${limit}`).toEqual(left.slice(0, limit));
    });

    test('are found by what was captured of them', async () => {
      const kept = [callOf(501), callOf(502), callOf(503)];
      const { records, seal } = extend(
        key,
        ends.get('kept') ?? start('kept'),
        kept.map((one) => ({ at: one.at, body: textOf(one) })),
      );
      await store.payload.addKey({ id: 'k', sealed: 's', madeAt: 1 });
      const [, second] = kept;
      if (second === undefined) throw new Error('there is none');
      const payload = { record: second.id, direction: 'request', key: 'k', sealed: 'x', at: Date.now() } as const;
      await store.appendRecords(records, seal, [{ ...payload, seq: 2 }]);
      const { record } = await store.payload.of(second.id, Date.now());
      expect(record).toEqual({ chain: 'kept', seq: 2, at: 502, body: JSON.stringify(second), hash: records[1]?.hash });
    });

    test('go with the texts that nobody names any more, and those of the others stay', async () => {
      proves('audit.apart-retention', {
        file: 'gateway/store/sql/run.ts',
        find: "sql<number | null>`max(base)`.as('base')",
        replace: "sql<number | null>`max(base) + 100`.as('base')",
      });
      await applyPolicy(store, PolicyFile.parse({ version: 1, retention: { records: '30d' } }));
      const mark = (seq: number) => ({ chain: 'main', seq, hash: 'h', at: 9000, before: 5000, mac: 'm' });
      const texts = async () => {
        const engine = await openUnmigrated(place.location, quiet);
        const rows = await engine.db.selectFrom('shared_text').select('id').execute();
        await engine.close();
        return rows.length;
      };
      const other = await append(callsFrom(1, 6), 'other');
      const first = await append(callsFrom(1, 3));
      expect(await texts()).toBe(2 * 5);
      await store.close();
      await open();
      const second = [...(await append(callsFrom(1, 3))), ...(await append([callOf(8, 'another')]))];
      expect(await texts()).toBe(2 * 5 + 6);
      while ((await store.search.index(100)) > 0);
      // Their texts were counted from the beginning, and so may those of the next ones be.
      await store.retention.remove(mark(3), 0);
      expect(await store.recordsAfter('main', 0, 100)).toEqual(second);
      expect(first).toHaveLength(3);
      // Now one went that knew nothing of those before.
      await store.retention.remove(mark(6), 3);
      expect(await texts()).toBe(5 + 6);
      expect(await store.recordsAfter('main', 0, 100)).toEqual(second.slice(-1));
      await store.retention.remove(mark(7), 6);
      expect(await store.recordsAfter('main', 0, 100)).toEqual([]);
      // Whoever wrote them goes on, with texts that it takes to be there.
      const third = await append([callOf(8, 'another')]);
      expect(await store.recordsAfter('main', 0, 100)).toEqual(third);
      expect(await store.recordsAfter('other', 0, 100)).toEqual(other);
    });

    test('that could not be committed leave nothing behind that others build on', async () => {
      const first = await append(callsFrom(1, 3));
      const from = ends.get('main') ?? start('main');
      const { records, seal } = extend(key, from, [{ at: 4, body: textOf(callOf(4, 'fresh')) }]);
      const taken = records.map((one) => ({ ...one, seq: 3 }));
      await expect(store.appendRecords(taken, { ...seal, seq: 3 })).rejects.toThrow();
      const second = await append([callOf(4, 'fresh')]);
      expect(await store.recordsAfter('main', 0, 100)).toEqual([...first, ...second]);
    });
  });
}
