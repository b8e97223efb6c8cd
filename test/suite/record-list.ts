// Records and seals in two lists, read as a store reads them: what a property test can damage a thousand times a second.
import type { ChainedRecord, Seal, Store } from '../../gateway/store/store.ts';

export interface RecordList {
  readonly records: readonly ChainedRecord[];
  readonly seals: readonly Seal[];
}

export function recordsIn(list: RecordList | (() => RecordList)): Pick<Store, 'chains' | 'recordsAfter' | 'sealsAfter'> {
  const now = typeof list === 'function' ? list : () => list;
  return {
    chains: async () => {
      const { records, seals } = now();
      return [...new Set([...records, ...seals].map(({ chain }) => chain))];
    },
    recordsAfter: async (chain, seq, limit) => page(now().records, chain, seq, limit),
    sealsAfter: async (chain, seq, limit) => page(now().seals, chain, seq, limit),
  };
}

function page<Row extends { chain: string; seq: number }>(rows: readonly Row[], chain: string, seq: number, limit: number) {
  return rows.filter((row) => row.chain === chain && row.seq > seq).slice(0, limit);
}
