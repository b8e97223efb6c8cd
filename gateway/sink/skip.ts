// Which records a sink that may lose some is spared, where it owes more than its limit: the oldest of each chain, as it has its share in what is owed.
// The rule: so many that it is a tenth below the limit, so that what is lost is told now and then and not with each record.
import type { Cursors, StoredSink } from '../store/sink.ts';
import type { Store } from '../store/store.ts';

export interface Skipped {
  readonly cursors: Cursors;
  readonly count: number;
}

/** Undefined where it owes no more than it may. */
export async function overLimit(
  store: Pick<Store, 'chains' | 'chainHead'>,
  { config: { limit } }: StoredSink,
  cursors: Cursors,
): Promise<Skipped | undefined> {
  const owed = new Map<string, number>();
  for (const chain of await store.chains()) {
    const head = await store.chainHead(chain);
    owed.set(chain, Math.max((head?.record.seq ?? 0) - (cursors.get(chain) ?? 0), 0));
  }
  const total = [...owed.values()].reduce((sum, count) => sum + count, 0);
  if (total <= limit) return undefined;
  const count = total - Math.floor(limit * 0.9);
  let left = count;
  const moved = new Map(cursors);
  for (const [chain, behind] of owed) {
    const here = Math.min(Math.ceil((count * behind) / total), behind, left);
    if (here > 0) moved.set(chain, (cursors.get(chain) ?? 0) + here);
    left -= here;
  }
  return { cursors: moved, count };
}
