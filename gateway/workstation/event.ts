// Records of what happens to workstations, beside the calls. Refusals are cheap to provoke from outside, so they have a bound: what is over it is
// counted, and the next record says how many there were.
import type { AuditRecord, EventRecord } from '#contract/audit.ts';
import type { ErrorCode } from '#contract/error.ts';
import type { Report } from '#contract/report.ts';
import { newRecordId, type WorkstationId } from '#contract/id.ts';

export type RecordEvent = (record: AuditRecord) => Promise<void>;

export interface EventDraft {
  readonly event:
    | 'workstation_enrolled'
    | 'enroll_refused'
    | 'proof_refused'
    | 'tunnel_opened'
    | 'tunnel_replaced'
    | 'tunnel_closed'
    // somebody asked the admin API for what they may not
    | 'admin_refused'
    // somebody came to SCIM without a token of a directory
    | 'directory_refused'
    // what a workstation reports of itself
    | Report['event'];
  readonly user?: NonNullable<EventRecord['user']> | null;
  readonly workstation?: WorkstationId | null;
  readonly code?: ErrorCode | null;
  readonly detail?: EventRecord['detail'];
}

export function eventRecord(draft: EventDraft, now: number): EventRecord {
  return {
    version: 1,
    kind: 'event',
    id: newRecordId(now),
    at: now,
    event: draft.event,
    user: draft.user ?? null,
    workstation: draft.workstation ?? null,
    code: draft.code ?? null,
    detail: draft.detail ?? {},
  };
}

const refusalsPerMinute = 120;

/** Records refusals, at most 120 a minute. */
export function createRefusals(record: RecordEvent, now: () => number): (draft: EventDraft) => Promise<void> {
  let minute = 0;
  let inMinute = 0;
  let uncounted = 0;
  return async (draft) => {
    const at = now();
    if (Math.floor(at / 60_000) !== minute) {
      minute = Math.floor(at / 60_000);
      inMinute = 0;
    }
    if (++inMinute > refusalsPerMinute) {
      uncounted++;
      return;
    }
    const detail = uncounted === 0 ? draft.detail : { ...draft.detail, notRecordedBefore: uncounted };
    uncounted = 0;
    await record(eventRecord({ ...draft, ...(detail === undefined ? {} : { detail }) }, at));
  };
}
