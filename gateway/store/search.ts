// Searching the records, as verbs: an index beside them, brought up to date off the calls' way.
// An implementer promises: a record is in the index once or not yet, in the order in which it got its number; what the index does not have yet is counted by `behind`.
import type { ChainedRecord } from './store.ts';

/** What a record must say, exactly; `text`: words that must all stand somewhere in it, the last letters of one left open by `*`. Times: ms, from ≤ at < until. */
export interface RecordFilter {
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  readonly user?: string | undefined;
  readonly host?: string | undefined;
  readonly gateway?: string | undefined;
  readonly server?: string | undefined;
  /** A tool, prompt, resource or template. */
  readonly tool?: string | undefined;
  readonly decision?: string | undefined;
  readonly code?: string | undefined;
  readonly kind?: string | undefined;
  readonly text?: string | undefined;
}

/** `number`: its place in the index, which grows with time over all chains; it says where the next page begins. */
export interface FoundRecord extends ChainedRecord {
  readonly number: number;
}

/** On SQLite a record of which each word is written counts as so many of those that share theirs with others, so that all batches take about as long. */
export const wholeCost = 3;

export interface SearchStore {
  /**
   * Puts at most `limit` records into the index; how many. Zero: nothing is left, or somebody else did it just now. Where more are left they may be fewer, but no
   * fewer than a `wholeCost`th. Does not bump the revision.
   */
  index(limit: number): Promise<number>;
  /** Records that are not in the index yet. */
  behind(): Promise<number>;
  /** Newest first, before the place `before`. */
  find(
    filter: RecordFilter,
    page: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<readonly FoundRecord[]>;
  /** The places between which records of that time stand: first and last. */
  span(filter: Pick<RecordFilter, 'from' | 'until'>): Promise<{ readonly first: number; readonly last: number }>;

  /** A job (an export, a verification) runs at the gateway server of that chain. Those whose time is over are forgotten. Does not bump the revision, nor do the others. */
  jobBegun(of: { readonly id: string; readonly chain: string; readonly expiresAt: number }, now: number): Promise<void>;
  /** The chain of the gateway server where it runs; undefined where there is none, or its time is over. */
  jobAt(id: string, now: number): Promise<string | undefined>;
  /** One of that gateway server is gone, or all. */
  jobsGone(chain: string, id?: string): Promise<void>;
}
