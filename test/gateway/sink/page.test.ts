// What a sink is sent next, over the chains of several gateway servers.
import { expect, test } from 'vitest';
import type { SinkId, Slug } from '#contract/id.ts';
import type { Item } from '../../../gateway/sink/item.ts';
import { cursorsAfter, nextPage } from '../../../gateway/sink/page.ts';
import { overLimit } from '../../../gateway/sink/skip.ts';
import type { StoredSink } from '../../../gateway/store/sink.ts';
import type { ChainedRecord } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { group } from '../../suite/sample.ts';

/** What three gateway servers wrote: so many records each, of so many bytes. */
function written(counts: Readonly<Record<string, number>>, bytes = 100) {
  const all = new Map(Object.entries(counts).map(([chain, count]) => [chain, count === 0 ? [] : group(chain, 0, count)[0]]));
  const store = {
    chains: async () => [...all.keys()],
    recordsAfter: async (chain: string, seq: number, limit: number) => (all.get(chain) ?? []).slice(seq, seq + limit),
    chainHead: async (chain: string) => ({ record: all.get(chain)?.at(-1) }) as never,
  };
  const text = 'x'.repeat(bytes);
  const itemOf = ({ chain, seq, at }: ChainedRecord): Item => ({
    chain,
    seq,
    id: `${chain}-${seq}`,
    at,
    record: {},
    body: {},
    text,
  });
  return { store, itemOf };
}

test('each chain has its share of a page, however much another one owes, and each record comes once and in its order', async () => {
  proves('sink.fair', {
    file: 'gateway/sink/page.ts',
    find: 'Math.max(Math.floor(Math.min(readAtOnce, batch.records) / of), 1)',
    replace: 'Math.min(readAtOnce, batch.records)',
  });
  const { store, itemOf } = written({ a: 700, b: 60, c: 0 });
  let cursors: ReadonlyMap<string, number> = new Map();
  const came: string[] = [];
  for (let number = 0; ; number++) {
    const page = await nextPage({ store, cursors, batch: { records: 100, bytes: 1e6 }, itemOf, number });
    if (page.looked === 0) break;
    if (number === 0) expect(page.items.filter(({ chain }) => chain === 'b').length).toBeGreaterThanOrEqual(30);
    // Half of them are not taken at first.
    const settled = number % 2 === 0 ? page.items.length >> 1 : page.items.length;
    came.push(...page.items.slice(0, settled).map(({ id }) => id));
    cursors = new Map([...cursors, ...cursorsAfter(page, settled)]);
  }
  for (const [chain, count] of [
    ['a', 700],
    ['b', 60],
  ] as const)
    expect(came.filter((id) => id.startsWith(chain))).toEqual(
      Array.from({ length: count }, (_, index) => `${chain}-${index + 1}`),
    );
});

test('no chain is left out by the bytes of another one', async () => {
  const { store, itemOf } = written({ a: 50, b: 50, c: 50 }, 900);
  const seen = new Set<string>();
  for (let number = 0; number < 3; number++)
    for (const { chain } of (await nextPage({ store, cursors: new Map(), batch: { records: 100, bytes: 1000 }, itemOf, number }))
      .items)
      seen.add(chain);
  expect([...seen].toSorted()).toEqual(['a', 'b', 'c']);
});

test('a sink that owes too much is spared the oldest of every chain, and not all of one', async () => {
  const { store } = written({ a: 900, b: 300 });
  const sink = { id: 'x' as SinkId, slug: 'x' as Slug, config: { limit: 1000 } as StoredSink['config'] };
  const skipped = await overLimit(store, sink, new Map());
  expect(skipped?.count).toBe(300);
  expect(Object.fromEntries(skipped?.cursors ?? [])).toEqual({ a: 225, b: 75 });
  expect(await overLimit(store, sink, new Map([['a', 200]]))).toBeUndefined();
});
