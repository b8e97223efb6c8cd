// The record of a request while it is under way: each stage adds what it found out, and the end makes a CallRecord of it.
import { performance } from 'node:perf_hooks';
import type { CallRecord } from '#contract/audit.ts';
import type { ErrorCode } from '#contract/error.ts';
import { type GatewayId, newRecordId, type ServerId } from '#contract/id.ts';
import type { Answered, Caller, Former, HitLog, Identified, Received } from '../call.ts';
import { type Exposed, nounOf } from '../mcp/feature.ts';
import type { Trace } from '../upstream/upstream.ts';
import type { Taken, Taking } from './capture.ts';

/** What is known of a request that was refused before its caller or its envelope was. */
export interface Arrived {
  readonly era: CallRecord['era'];
  readonly via: 'http' | 'shim';
  readonly method?: string;
  readonly caller?: Caller;
  /** Where it came with a token that counts no more. */
  readonly former?: Former;
  readonly requestBytes: number;
  readonly arrivedAt: Received['arrivedAt'];
}

export interface Draft {
  readonly method: string;
  readonly base: Pick<CallRecord, 'at' | 'era' | 'via' | 'method' | 'user' | 'host' | 'token' | 'requestBytes'>;
  readonly arrivedAt: number;
  gateway: { id: GatewayId; name: string } | null;
  server: { id: ServerId; name: string } | null;
  /** By the upstream's own name, once it is known. */
  item: Exposed | null;
  /** The decision was made, `performance.now()`. */
  decidedAt: number | undefined;
  code: ErrorCode | null;
  hidden: string[];
  /** Servers that a list had to do without, and those that it shows as they last were. */
  leftOut: string[];
  stale: string[];
  /** It was a round of a call that stayed open meanwhile. */
  parked?: NonNullable<CallRecord['parked']>;
  /** What rules found. */
  readonly hits: HitLog;
  /** Where its gateway captures payloads. */
  taking?: Taking | undefined;
  readonly trace: Trace;
}

const hiddenLimit = 200;

export function beginRecord(request: Arrived | Identified, method: string, identified: Identified | undefined): Draft {
  const caller = request.caller ?? ('former' in request ? request.former : undefined);
  return {
    method,
    base: {
      at: request.arrivedAt.wall,
      era: request.era,
      via: 'via' in request ? request.via : (identified?.caller.via ?? 'http'),
      method,
      user: caller?.user ? { id: caller.user.id, name: caller.user.slug } : null,
      host: caller?.host ?? null,
      token: caller?.token ?? null,
      requestBytes: 'body' in request ? request.body.length : request.requestBytes,
    },
    arrivedAt: request.arrivedAt.monotonic,
    gateway: null,
    server: null,
    item: null,
    decidedAt: undefined,
    code: null,
    hidden: [],
    leftOut: [],
    stale: [],
    hits: { hits: [], beyond: 0, isOfName: false, isClosed: false },
    trace: {},
  };
}

/** Refused: we said no. Failed: we said yes, and it came to nothing: whatever was forwarded, and before that these. */
const failures: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SERVER_EXITED',
  'SERVER_START_FAILED',
  'SERVER_BACKING_OFF',
  'SERVER_TIMEOUT',
  'SERVER_GARBAGE',
  'ANSWER_TOO_LARGE',
  'TUNNEL_LOST',
  'WORKSTATION_OFFLINE',
  'WORKSTATION_AMBIGUOUS',
  'SERVER_NOT_OFFERED',
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_LOST',
  'UPSTREAM_MOVED',
  'UPSTREAM_FAILED',
  'UPSTREAM_BUSY',
  'UPSTREAM_VERSION',
  'UPSTREAM_SESSION_LOST',
  'IDENTITY_MISSING',
  'IDENTITY_REFUSED',
  'VAULT_KEY_MISSING',
  'VAULT_DAMAGED',
  'BUSY',
  'CANCELLED',
  'STORE_UNAVAILABLE',
  'STOPPING',
  'INTERNAL',
]);

/** We said no, whether the server had the request already or not. */
const byRule: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['RULE_BLOCKED', 'RULE_UNDECIDED']);

export function finishRecord(draft: Draft, answered: Answered, responseBytes: number, taken?: Taken): CallRecord {
  const { base, trace, hits, item, code } = draft;
  hits.isClosed = true;
  const { decidedAt } = draft;
  const { forwardedAt, answeredAt } = trace;
  const legs: CallRecord['legs'] = { gatewayToHost: micros(draft, performance.now()) };
  if (decidedAt !== undefined) legs.hostToGateway = micros(draft, decidedAt);
  if (forwardedAt !== undefined) legs.gatewayToServer = micros(draft, forwardedAt);
  if (answeredAt !== undefined) legs.serverToGateway = micros(draft, answeredAt);
  // Member by member, and what few have behind the others: spread into it, they would cost as much as all the rest.
  const record: CallRecord = {
    version: 1,
    kind: 'call',
    id: taken?.id ?? newRecordId(base.at),
    at: base.at,
    era: base.era,
    via: base.via,
    method: item?.kind === 'methods' && hits.isOfName ? '?' : base.method,
    user: base.user,
    host: base.host,
    token: base.token,
    requestBytes: base.requestBytes,
    gateway: draft.gateway,
    server: draft.server,
    tool: item?.kind === 'tools' ? item.name : null,
    item: itemOf(draft),
    workstation: trace.destination?.workstation ?? null,
    identity: trace.identity ?? { kind: 'none', id: null },
    decision: code === null ? 'allowed' : decisionOf(code, forwardedAt !== undefined),
    code,
    hidden: hiddenOf(draft),
    stale: draft.stale.slice(0, hiddenLimit),
    upstreamError: answered.kind === 'relayed' && answered.isError,
    responseBytes,
    legs,
  };
  if (hits.hits.length > 0) {
    record.hits = hits.hits;
    record.hitsBeyond = hits.beyond;
  }
  if (draft.parked) record.parked = draft.parked;
  if (taken) record.captured = taken.captured;
  return record;
}

function decisionOf(code: ErrorCode, wasForwarded: boolean): CallRecord['decision'] {
  if (byRule.has(code)) return 'refused';
  return wasForwarded || failures.has(code) ? 'failed' : 'refused';
}

/** The servers first: what a list could not ask for is more than what it hid. */
function hiddenOf({ leftOut, hidden }: Draft): string[] {
  return [...leftOut.map((server) => `${server}__*`), ...hidden].slice(0, hiddenLimit);
}

function itemOf({ item }: Draft): CallRecord['item'] {
  if (item === null || item.kind === 'tools') return null;
  return { kind: nounOf(item.kind), name: item.name };
}

function micros(draft: Draft, at: number): number {
  return Math.round((at - draft.arrivedAt) * 1000);
}
