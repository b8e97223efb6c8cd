// Captured payloads, and the data keys that they lie under, as verbs (a part of store.ts). The store can't open them. An implementer promises: a payload is written in the
// transaction of its record (`appendRecords`) or not at all, and one that has kept its time by the policy of now is shown to nobody, whether it is gone already or not.
import type { RecordId } from '#contract/id.ts';
import type { SealedPayload } from '#contract/payload.ts';
import type { ChainedRecord } from './store.ts';

export interface PayloadKey {
  readonly id: string;
  readonly sealed: string;
  readonly madeAt: number;
}

export interface StoredPayload {
  readonly payload: SealedPayload;
  readonly record: ChainedRecord | undefined;
}

export interface PayloadStore {
  /** Does not bump the revision, as none of these does but `resealKeys`. */
  addKey(key: PayloadKey): Promise<void>;
  keys(): Promise<readonly PayloadKey[]>;
  /** Replaces sealed keys that are still what they were; how many. */
  resealKeys(changes: readonly { readonly id: string; readonly before: string; readonly after: string }[]): Promise<number>;
  /** Of one record, with the record itself; none where there are none that still count. */
  of(
    record: RecordId,
    now: number,
  ): Promise<{ readonly payloads: readonly SealedPayload[]; readonly record: ChainedRecord | undefined }>;
  /** Those that still count, in the order of record and direction, after this one; each with the record that it was written with, undefined where that is gone. */
  page(
    after: Pick<SealedPayload, 'record' | 'direction'> | undefined,
    limit: number,
    now: number,
  ): Promise<readonly StoredPayload[]>;
  /** Which payloads of these records there are, as `<record>/<direction>`, and of when each says that it is. */
  there(records: readonly RecordId[]): Promise<ReadonlyMap<string, number>>;
  /** Removes payloads that have kept their time, the oldest first, at most `limit`; how many. */
  removeExpired(now: number, limit: number): Promise<number>;
  /** Removes data keys that were made before this and have no payload any more; how many. */
  removeKeys(madeBefore: number): Promise<number>;
}
