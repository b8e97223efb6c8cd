// The next records that a sink owes, over all chains, up to a batch: each chain has its share of it, so that none waits for the backlog of another one.
// The rule: where it stops is exactly after the last record that was looked at, so that none is passed over; one that is missing in the database is counted.
import { setImmediate } from 'node:timers/promises';
import type { Cursors } from '../store/sink.ts';
import type { ChainedRecord, Store } from '../store/store.ts';
import type { Item } from './item.ts';

export interface Page {
  readonly items: readonly Item[];
  /** Where each chain stands once all of them are done. */
  readonly ends: Cursors;
  /** Records that were looked at, also those that the filter holds back. */
  readonly looked: number;
  /** Records that are gone from the database before one that is there, so that nobody can send them any more. */
  readonly gaps: readonly { readonly chain: string; readonly seq: number; readonly count: number }[];
}

/** Records that are read at once: the event loop is held for about a millisecond. */
const readAtOnce = 200;
/** Records that are looked at for one page, where a filter holds back most. */
const lookAtMost = 20_000;

export async function nextPage(of: {
  readonly store: Pick<Store, 'chains' | 'recordsAfter'>;
  readonly cursors: Cursors;
  readonly batch: { readonly records: number; readonly bytes: number };
  readonly itemOf: (record: ChainedRecord) => Item | undefined;
  /** Which page it is: another chain comes first in each. */
  readonly number: number;
}): Promise<Page> {
  const { store, cursors, batch, itemOf } = of;
  const items: Item[] = [];
  const ends = new Map<string, number>();
  const gaps: { chain: string; seq: number; count: number }[] = [];
  let [bytes, looked] = [0, 0];

  /** False once the page is full. */
  const add = (record: ChainedRecord, after: number): boolean => {
    const item = itemOf(record);
    if (item !== undefined && items.length > 0 && bytes + item.text.length > batch.bytes) return false;
    const { chain, seq } = record;
    if (seq > after + 1) gaps.push({ chain, seq, count: seq - after - 1 });
    looked++;
    ends.set(chain, seq);
    if (item === undefined) return looked < lookAtMost;
    items.push(item);
    bytes += item.text.length;
    return items.length < batch.records && looked < lookAtMost;
  };

  /** One chain's share. `more`: it may have more; `full`: the page takes no more. */
  async function share(chain: string, of: number): Promise<'none' | 'more' | 'full'> {
    let after = ends.get(chain) ?? cursors.get(chain) ?? 0;
    const before = bytes;
    const wanted = Math.max(Math.floor(Math.min(readAtOnce, batch.records) / of), 1);
    const records = await store.recordsAfter(chain, after, wanted);
    for (const record of records) {
      if (bytes - before > batch.bytes / of) return 'more';
      if (!add(record, after)) return 'full';
      after = record.seq;
    }
    return records.length < wanted ? 'none' : 'more';
  }

  const chains = await store.chains();
  const first = of.number % Math.max(chains.length, 1);
  for (let open: readonly string[] = [...chains.slice(first), ...chains.slice(0, first)]; open.length > 0;) {
    const more: string[] = [];
    for (const chain of open) {
      const left = await share(chain, open.length);
      if (left === 'full') return { items, ends, looked, gaps };
      if (left === 'more') more.push(chain);
      await setImmediate();
    }
    open = more;
  }
  return { items, ends, looked, gaps };
}

/** Where each chain stands once the first `settled` of a page's items are done. */
export function cursorsAfter({ items, ends }: Page, settled: number): Cursors {
  if (settled >= items.length) return ends;
  const next = new Map<string, number>();
  for (const { chain, seq } of items.slice(settled)) if (!next.has(chain)) next.set(chain, seq - 1);
  return new Map([...ends].map(([chain, seq]) => [chain, next.get(chain) ?? seq]));
}

/** Records that are gone, up to there. */
export function missingUpTo({ gaps }: Page, cursors: Cursors): number {
  return gaps.reduce((sum, { chain, seq, count }) => sum + ((cursors.get(chain) ?? 0) >= seq ? count : 0), 0);
}
