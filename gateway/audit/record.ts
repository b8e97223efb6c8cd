// What the rest of the gateway server knows of the audit: it appends records, and a record that can't be kept refuses its call.
import type { AuditRecord, EventRecord } from '#contract/audit.ts';
import { newRecordId } from '#contract/id.ts';
import type { SealedPayload } from '#contract/payload.ts';

export interface Recorder {
  /**
   * `durable`: resolves when the record is committed. `batched`: resolves when it is queued.
   * Rejects with AUDIT_UNAVAILABLE where it can't be, and then the record's call must be refused.
   */
  append(record: AuditRecord): Promise<void>;
  /** Commits what is waiting. Later appends are refused. Idempotent. */
  close(): Promise<void>;
}

/** One that also tells when a record is committed, however the others are kept. */
export interface KeepingRecorder extends Recorder {
  /**
   * Resolves when the record is committed with these payloads of it, also in `batched` mode. Rejects as `append` does, and with CAPTURE_FAILED where the data key of the
   * payloads is gone: then `orElse` is committed in its place, without them.
   */
  keep(record: AuditRecord, payloads?: readonly SealedPayload[], orElse?: AuditRecord): Promise<void>;
}

/** What the gateway server did or found by itself: nobody's, and on no workstation. */
export function ownEvent(event: string, detail: EventRecord['detail'], at: number): EventRecord {
  return { version: 1, kind: 'event', id: newRecordId(at), at, event, user: null, workstation: null, code: null, detail };
}
