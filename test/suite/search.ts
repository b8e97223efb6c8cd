// What a store finds among its records, run against each implementation beside the store suite: compared with a plain look through all of them.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuditRecord } from '#contract/audit.ts';
import { createTexts } from '../../gateway/audit/text.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { RecordFilter } from '../../gateway/store/search.ts';
import type { ChainedRecord, Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { callRecord, group, quiet, recordOf, userId } from './sample.ts';
import type { Ground } from './store.ts';

const [ada, bob] = [userId(), userId()];
const people = [
  { id: ada, name: 'ada' },
  { id: bob, name: 'Zoë-Ann' },
];
const tools = ['create-issue', 'create-issue-comment', 'read_file', 'quote\'d "tool" & | ! :*', '機密'];
const legs = { gatewayToHost: 4, hostToGateway: 1, gatewayToServer: 2, serverToGateway: 3 };
const day = 86_400_000;

/** The record of that number: each third of another chain, some of them much older than what was written before them. */
function recordAt(number: number): AuditRecord {
  const at = 1000 * day + number * 1000 - (number % 17 === 0 ? 500_000 : 0);
  if (number % 7 === 0)
    return { ...recordOf(at), event: 'workstation_paused', detail: { reason: `ticket ${number % 3}`, number } };
  return {
    ...callRecord(number % 2 === 0 ? ada : bob, { at, tool: tools[number % tools.length] ?? null, legs }),
    user: people[number % 2] ?? null,
    host: number % 3 === 0 ? 'codex' : 'cursor',
    ...(number % 5 === 0 ? { decision: 'refused', code: 'TOOL_NOT_PROVISIONED' } : {}),
  };
}

/** Exactly what a filter says, said another way. */
const holds = (filter: RecordFilter, record: AuditRecord, words: readonly RegExp[]): boolean => {
  const { from = -Infinity, until = Infinity, kind } = filter;
  if (record.at < from || record.at >= until || (kind !== undefined && record.kind !== kind)) return false;
  if (filter.user !== undefined && (record.kind === 'deed' || record.user?.name !== filter.user)) return false;
  const call = record.kind === 'call' ? record : undefined;
  const same = (wanted: string | undefined, is: string | null | undefined) => wanted === undefined || wanted === is;
  const { host, tool, decision, code } = filter;
  if (!same(host, call?.host) || !same(tool, call?.tool) || !same(decision, call?.decision)) return false;
  if (!same(code, record.kind === 'deed' ? null : record.code)) return false;
  return words.every((word) => word.test(JSON.stringify(record)));
};

const filters: readonly (readonly [string, RecordFilter, readonly RegExp[]])[] = [
  ['everything', {}, []],
  ['a user', { user: 'ada' }, []],
  ['a user whose name has an accent', { user: 'Zoë-Ann' }, []],
  ['a tool, and none that only begins so', { tool: 'create-issue' }, []],
  ['a tool of signs that mean something to a query', { tool: tools[3] }, []],
  ['a tool of another script', { tool: '機密' }, []],
  ['a host, a decision and a code', { host: 'codex', decision: 'refused', code: 'TOOL_NOT_PROVISIONED' }, []],
  ['a kind', { kind: 'event' }, []],
  ['a span of time', { from: 1000 * day + 100_000, until: 1000 * day + 150_000 }, []],
  ['a span of time and a user', { from: 1000 * day - 450_000, until: 1000 * day + 20_000, user: 'ada' }, []],
  ['what was before', { until: 1000 * day }, []],
  ['words in any order and case', { text: 'ISSUE Create' }, [/issue/, /create/]],
  ['a word without its accent', { text: 'zoe' }, [/Zoë/]],
  ['the beginning of a word', { text: 'works*' }, [/workstation_paused/]],
  ['words of an event', { text: 'ticket 2' }, [/ticket 2/]],
  ['an id', { text: ada }, [new RegExp(ada)]],
  ['the beginning of an id, which is none of a word', { text: `${ada.slice(0, 8)}*` }, [/(?!)/]],
  ['a value that nobody has', { user: 'nobody' }, [/(?!)/]],
  ['signs alone', { text: '&& "' }, [/(?!)/]],
];

export function describeSearch(kind: string, ground: () => Promise<Ground>): void {
  describe(`a search in a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    let all: readonly { readonly chain: string; readonly record: AuditRecord }[];
    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      all = Array.from({ length: 300 }, (_, number) => ({ chain: number % 3 === 0 ? 'two' : 'one', record: recordAt(number) }));
      // Of calls like most the text is taken apart, and the others' is whole.
      const textOf = createTexts();
      for (const chain of ['one', 'two']) {
        const own = all.filter((one) => one.chain === chain);
        const [rows, seal] = group(chain, 0, own.length);
        const of = (row: ChainedRecord) => own[row.seq - 1]?.record;
        await store.appendRecords(
          rows.map((row) => {
            const record = of(row);
            if (record === undefined) throw new Error('there is none');
            return { ...row, at: record.at, body: textOf(record) };
          }),
          seal,
        );
      }
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    async function found(filter: RecordFilter, limit: number): Promise<string[]> {
      const ids: string[] = [];
      for (let before: number | undefined; ;) {
        const page = await store.search.find(filter, { before, limit });
        expect(page.length).toBeLessThanOrEqual(limit);
        const numbers = page.map(({ number }) => number);
        expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
        ids.push(...page.map(({ body }) => AuditRecord.parse(JSON.parse(body)).id));
        before = numbers.at(-1);
        if (before === undefined) return ids;
      }
    }

    test('finds exactly the records that a filter describes, page by page', async () => {
      proves('audit.search', {
        file: 'gateway/store/sql/search.ts',
        find: 'and entry.at >= ${from} and entry.at < ${until}',
        replace: 'and entry.at < ${from + until}',
      });
      while ((await store.search.index(37)) > 0);
      for (const [name, filter, words] of filters) {
        const expected = all.filter(({ record }) => holds(filter, record, words)).map(({ record }) => record.id);
        expect((await found(filter, 23)).toSorted(), name).toEqual(expected.toSorted());
      }
      const [empty] = filters.filter(([name]) => name.startsWith('a value'));
      expect(empty && (await found(empty[1], 10))).toEqual([]);
    });

    test('finds each record once, however many bring the index up to date, and says how many are not in it yet', async () => {
      proves('audit.search-once', {
        file: 'gateway/store/sql/search.ts',
        find: ".set({ next, peak, lag }).where('next', '=', state.next)",
        replace: '.set({ next, peak, lag })',
      });
      expect(await store.search.behind()).toBe(300);
      expect(await found({}, 100)).toEqual([]);
      let indexed = 0;
      while ((await store.search.behind()) > 0)
        for (const count of await Promise.all([40, 40, 30].map((limit) => store.search.index(limit)))) indexed += count;
      expect(indexed).toBe(300);
      const ids = await found({}, 100);
      expect(ids).toHaveLength(300);
      expect(new Set(ids).size).toBe(300);
    });
  });
}
