// The newest records, then new ones as they are committed, over all chains in the order they come.
import { setTimeout as wait } from 'node:timers/promises';
import { AuditRecord } from '#contract/audit.ts';
import type { ChainedRecord, Store } from '../store/store.ts';

const lookEveryMs = 200;
const batch = 500;

/** Yields the newest `count` records, oldest first; with `follow`, then every later one until `signal` aborts. */
export async function* tailRecords(of: {
  store: Store;
  count: number;
  follow: boolean;
  signal: AbortSignal;
}): AsyncGenerator<AuditRecord> {
  const seen = new Map<string, number>();
  const newest = await of.store.newestRecords(Math.max(of.count, 1));
  for (const record of newest.toReversed()) {
    if (of.count > 0) yield parse(record);
    seen.set(record.chain, record.seq);
  }
  if (!of.follow) return;
  // A chain that none of the newest records is of starts at its head.
  for (const chain of await of.store.chains()) {
    if (!seen.has(chain)) seen.set(chain, (await of.store.chainHead(chain))?.record.seq ?? -1);
  }
  while (!of.signal.aborted) {
    for (const chain of await of.store.chains()) {
      const records = await of.store.recordsAfter(chain, seen.get(chain) ?? -1, batch);
      for (const record of records) {
        yield parse(record);
        seen.set(chain, record.seq);
      }
    }
    await wait(lookEveryMs, undefined, { signal: of.signal }).catch(() => undefined);
  }
}

function parse(record: ChainedRecord): AuditRecord {
  return AuditRecord.parse(JSON.parse(record.body));
}
