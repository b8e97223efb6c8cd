// How each chain of records stands to what the policy says of how long they are kept. The rule: what is held up is said together with who holds it up.
import type { ChainRetention } from '#contract/admin-audit.ts';
import { retentionCutoff } from '#contract/retention.ts';
import type { Store } from '../store/store.ts';

/** `records`: for how long they are kept, such as `400d`; null: for good. */
export async function retentionStanding(
  store: Pick<Store, 'chains' | 'recordsAfter' | 'retention'>,
  now: number,
): Promise<{ readonly records: string | null; readonly chains: ChainRetention[] }> {
  const days = (await store.retention.setting())?.records;
  const before = days === undefined ? -Infinity : retentionCutoff(days, now);
  const chains: ChainRetention[] = [];
  for (const chain of await store.chains()) {
    const [oldest] = await store.recordsAfter(chain, 0, 1);
    const needed = await store.retention.needed(chain, before);
    const [next] = await store.recordsAfter(chain, needed.seq, 1);
    chains.push({
      chain,
      removed: (await store.retention.removal(chain))?.seq ?? 0,
      oldestAt: oldest?.at ?? null,
      overdueMs: oldest === undefined ? 0 : Math.max(before - oldest.at, 0),
      heldBy: next !== undefined && next.at < before ? needed.by : null,
    });
  }
  return { records: days ?? null, chains };
}
