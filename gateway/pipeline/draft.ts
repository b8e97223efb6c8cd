// The record of a request while it is under way: each stage adds what it found out, and the end makes a CallRecord of it.
import { performance } from 'node:perf_hooks';
import type { CallRecord } from '#contract/audit.ts';
import type { ErrorCode } from '#contract/error.ts';
import { type GatewayId, newRecordId, type ServerId, type WorkstationId } from '#contract/id.ts';
import type { Answered, Caller, HitLog, Identified, Received } from '../call.ts';
import { features, type Item } from '../mcp/feature.ts';
import type { Trace } from '../upstream/upstream.ts';
import type { Taken, Taking } from './capture.ts';

/** What is known of a request that was refused before its caller or its envelope was. */
export interface Arrived {
  readonly era: CallRecord['era'];
  readonly via: 'http' | 'shim';
  readonly method?: string;
  readonly caller?: Caller;
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
  item: Item | null;
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
  const caller = request.caller;
  return {
    method,
    base: {
      at: request.arrivedAt.wall,
      era: request.era,
      via: 'via' in request ? request.via : (identified?.caller.via ?? 'http'),
      method,
      user: caller ? { id: caller.user.id, name: caller.user.slug } : null,
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
  'UPSTREAM_FAILED',
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
  const { trace, hits } = draft;
  hits.isClosed = true;
  const legs: CallRecord['legs'] = { gatewayToHost: micros(draft, performance.now()) };
  if (draft.decidedAt !== undefined) legs.hostToGateway = micros(draft, draft.decidedAt);
  if (trace.forwardedAt !== undefined) legs.gatewayToServer = micros(draft, trace.forwardedAt);
  if (trace.answeredAt !== undefined) legs.serverToGateway = micros(draft, trace.answeredAt);
  const workstation: WorkstationId | null = trace.destination?.workstation ?? null;
  return {
    version: 1,
    kind: 'call',
    id: taken?.id ?? newRecordId(draft.base.at),
    ...draft.base,
    gateway: draft.gateway,
    server: draft.server,
    tool: draft.item?.kind === 'tools' ? draft.item.name : null,
    item: itemOf(draft),
    workstation,
    identity: trace.identity ?? { kind: 'none', id: null },
    decision:
      draft.code === null
        ? 'allowed'
        : byRule.has(draft.code)
          ? 'refused'
          : trace.forwardedAt !== undefined || failures.has(draft.code)
            ? 'failed'
            : 'refused',
    code: draft.code,
    // The servers first: what a list could not ask for is more than what it hid.
    hidden: [...draft.leftOut.map((server) => `${server}__*`), ...draft.hidden].slice(0, hiddenLimit),
    stale: draft.stale.slice(0, hiddenLimit),
    ...(hits.hits.length > 0 && { hits: hits.hits, hitsBeyond: hits.beyond }),
    ...(draft.parked && { parked: draft.parked }),
    ...(taken && { captured: taken.captured }),
    upstreamError: answered.kind === 'relayed' && answered.isError,
    requestBytes: draft.base.requestBytes,
    responseBytes,
    legs,
  };
}

function itemOf({ item }: Draft): CallRecord['item'] {
  if (item === null || item.kind === 'tools') return null;
  return { kind: features[item.kind].noun, name: item.name };
}

function micros(draft: Draft, at: number): number {
  return Math.round((at - draft.arrivedAt) * 1000);
}
