// The newest records, then new ones as they are committed, over all chains in the order they come.
import { setTimeout as wait } from 'node:timers/promises';
import { AuditRecord } from '#contract/audit.ts';
import type { ChainedRecord, Store } from '../store/store.ts';

const lookEveryMs = 200;
const batch = 500;

/** A record where it stands in its chain; `record` is undefined where the stored text is none: `audit verify` says what is wrong with it. */
export interface Tailed {
  readonly chain: string;
  readonly seq: number;
  readonly record: AuditRecord | undefined;
}

/** Yields the newest `count` records, oldest first; with `follow`, then every later one until it aborts. */
export async function* tailRecords(of: { store: Store; count: number; follow: AbortSignal | undefined }): AsyncGenerator<Tailed> {
  const { store, count, follow } = of;
  const seen = new Map<string, number>();
  // At least one is asked for, to know where to go on.
  const newest = await store.newestRecords(Math.max(count, 1));
  for (const record of newest.toReversed()) {
    if (count > 0) yield parseRecord(record);
    seen.set(record.chain, record.seq);
  }
  if (!follow) return;
  // A chain that none of the newest records is of starts at its head.
  for (const chain of await store.chains()) {
    if (!seen.has(chain)) seen.set(chain, (await store.chainHead(chain))?.record.seq ?? 0);
  }
  while (!follow.aborted) {
    for (const chain of await store.chains()) {
      for (const record of await store.recordsAfter(chain, seen.get(chain) ?? 0, batch)) {
        yield parseRecord(record);
        seen.set(chain, record.seq);
      }
    }
    await wait(lookEveryMs, undefined, { signal: follow }).catch(() => undefined);
  }
}

export function parseRecord({ chain, seq, body }: ChainedRecord): Tailed {
  try {
    return { chain, seq, record: AuditRecord.safeParse(JSON.parse(body)).data };
  } catch {
    return { chain, seq, record: undefined };
  }
}
