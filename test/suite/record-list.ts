// Records and seals in two lists, read as a store reads them: what a property test can damage a thousand times a second.
import type { Removal } from '../../gateway/store/retention.ts';
import type { ChainedRecord, Seal, Store } from '../../gateway/store/store.ts';

export interface RecordList {
  readonly records: readonly ChainedRecord[];
  readonly seals: readonly Seal[];
  readonly removals?: readonly Removal[];
}

export function recordsIn(
  list: RecordList | (() => RecordList),
): Pick<Store, 'chains' | 'sealedAfter'> & { readonly retention: Pick<Store['retention'], 'removal' | 'removals'> } {
  const now = typeof list === 'function' ? list : () => list;
  return {
    retention: {
      removals: async () => now().removals ?? [],
      removal: async (chain) => now().removals?.find((one) => one.chain === chain),
    },
    chains: async () => {
      const { records, seals } = now();
      return [...new Set([...records, ...seals].map(({ chain }) => chain))];
    },
    sealedAfter: async (chain, seq, limit) => {
      const { records, seals } = now();
      const page = records.filter((row) => row.chain === chain && row.seq > seq).slice(0, limit);
      return page.map((row) => ({ ...row, seal: seals.find((one) => one.chain === chain && one.seq === row.seq) }));
    },
  };
}
