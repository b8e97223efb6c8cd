// What the rest of the gateway server knows of the audit: it appends records, and may look at the newest.
import { AuditRecord } from '#contract/audit.ts';
import type { Store } from '../store/store.ts';

export interface Recorder {
  /**
   * `durable`: resolves when the record is committed. `batched`: resolves when it is queued.
   * Rejects with AUDIT_UNAVAILABLE where it can't be, and then the record's call must be refused.
   */
  append(record: AuditRecord): Promise<void>;
  /** Commits what is waiting. Later appends are refused. Idempotent. */
  close(): Promise<void>;
}

export interface TailedRecord {
  readonly chain: string;
  readonly seq: number;
  /** Undefined where the stored text is no record: see what verifyAudit says of it. */
  readonly record: AuditRecord | undefined;
}

/** The newest records over all chains, the newest last. */
export async function tailRecords(store: Store, { limit }: { readonly limit: number }): Promise<readonly TailedRecord[]> {
  const newest = await store.newestRecords(limit);
  return newest.toReversed().map(({ chain, seq, body }) => ({ chain, seq, record: recordOf(body) }));
}

function recordOf(body: string): AuditRecord | undefined {
  try {
    return AuditRecord.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
