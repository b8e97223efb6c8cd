// One audited trace of one call: who, where, what, as whose identity, what was decided and why, and how long each leg took; beside the calls events, and
// what administrators changed. Metadata only: no argument, result, token or file content is in it.
import { z } from 'zod';
import { ErrorCode } from './error.ts';
import { RuleHit } from './rule.ts';
import { Captured } from './payload.ts';
import { ConnectionId, GatewayId, RecordId, ServerId, TokenId, UserId, WorkstationId } from './id.ts';

/** Times of the four legs, in microseconds since the request arrived; absent where the call did not get that far. */
export const Legs = z.object({
  /** The request was read whole, identified and allowed. */
  hostToGateway: z.number().optional(),
  /** It was handed to the upstream server. */
  gatewayToServer: z.number().optional(),
  /** The upstream's answer was read whole. */
  serverToGateway: z.number().optional(),
  /** The answer was encoded for the host. */
  gatewayToHost: z.number().optional(),
});
export type Legs = z.infer<typeof Legs>;

const named = <T extends z.ZodType>(id: T) => z.object({ id, name: z.string() });

export const CallRecord = z.object({
  version: z.literal(1),
  kind: z.literal('call'),
  id: RecordId,
  /** Arrival, ms since 1970. */
  at: z.number().int(),
  /** `modern` (2026-07-28 and later), `legacy` (up to 2025-11-25), or `unknown` where the request could not be read. */
  era: z.enum(['modern', 'legacy', 'unknown']),
  /** How it came: over HTTP, or over a tunnel from a host that uses the shim. */
  via: z.enum(['http', 'shim']),
  method: z.string(),
  user: named(UserId).nullable(),
  /** The AI host, as its token or its config entry names it. */
  host: z.string().nullable(),
  /** Its token; of a host that signed in, its connection. */
  token: z.union([TokenId, ConnectionId]).nullable(),
  gateway: named(GatewayId).nullable(),
  server: named(ServerId).nullable(),
  /** The upstream's own name of the tool. */
  tool: z.string().nullable(),
  /** What else the request was about, by the upstream's own name, URI or URI template, or the foreign method that it was; records from before there was anything else lack it. */
  item: z
    .object({ kind: z.enum(['tool', 'prompt', 'resource', 'template', 'method']), name: z.string() })
    .nullable()
    .default(null),
  workstation: WorkstationId.nullable(),
  /** As whose identity the upstream was called. Local servers run as the person at the workstation. */
  identity: z.object({ kind: z.enum(['none', 'own', 'shared']), id: z.string().nullable() }),
  decision: z.enum(['allowed', 'refused', 'failed']),
  /** The error code where it was not answered by the upstream. */
  code: ErrorCode.nullable(),
  /** Items that a list left out because they are not provisioned, and `<server>__*` for each server that it had to do without; at most 200. */
  hidden: z.array(z.string()).max(200),
  /** Servers that did not answer, so that a list shows them as they last were; at most 200. */
  stale: z.array(z.string()).max(200).default([]),
  /** A request that was a round of one call, which stayed open while its server asked the host: the same `call` in each, and in its questions' events. */
  parked: z.object({ call: z.uuid(), round: z.number().int() }).optional(),
  /** What the rules of its gateway found, at most 50; `hitsBeyond` counts the others. */
  hits: z.array(RuleHit).max(50).optional(),
  hitsBeyond: z.number().int().optional(),
  /** What was kept of what was asked and answered, where its gateway does that. */
  captured: Captured.optional(),
  /** The upstream answered with a JSON-RPC error or a tool error. */
  upstreamError: z.boolean(),
  requestBytes: z.number().int(),
  responseBytes: z.number().int(),
  legs: Legs,
});
export type CallRecord = z.infer<typeof CallRecord>;

/** Something that happened to a workstation or by a sign-in, beside the calls. */
export const EventRecord = z.object({
  version: z.literal(1),
  kind: z.literal('event'),
  id: RecordId,
  at: z.number().int(),
  /** Stable name, e.g. `workstation_enrolled`, `tunnel_replaced`, `proof_refused`. */
  event: z.string().regex(/^[a-z_]+$/),
  user: named(UserId).nullable(),
  workstation: WorkstationId.nullable(),
  code: ErrorCode.nullable(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type EventRecord = z.infer<typeof EventRecord>;

/** Who did something as an administrator. */
export const DeedActor = z.discriminatedUnion('kind', [
  /** By the admin API, with a personal access token. */
  z.object({ kind: z.literal('user'), user: named(UserId), accessToken: TokenId.nullable() }),
  /** On the machine of the gateway server, as this user of its operating system. */
  z.object({ kind: z.literal('command-line'), osUser: z.string() }),
  /** A part of the gateway server, on behalf of a program elsewhere (a directory). */
  z.object({ kind: z.literal('system'), part: z.string() }),
]);
export type DeedActor = z.infer<typeof DeedActor>;

/** What an administrator changed. It is written in the transaction of the change itself, so neither is there without the other; no secret is in it. */
export const DeedRecord = z.object({
  version: z.literal(1),
  kind: z.literal('deed'),
  id: RecordId,
  at: z.number().int(),
  actor: DeedActor,
  /** The operation of the admin API, such as `teams.replace`; the command line's are the same ones. */
  operation: z.string().regex(/^[a-z-]+\.[a-z-]+$/),
  /** What it was done to: a slug, an id, `<gateway>/<server>`. */
  target: z.string().nullable(),
  reason: z.string().nullable(),
  /** How it was and how it is now; null where there was or is nothing. */
  before: z.json(),
  after: z.json(),
});
export type DeedRecord = z.infer<typeof DeedRecord>;

/** What `kind` may be. */
export const recordKinds = ['call', 'event', 'deed'] as const;
export const AuditRecord = z.discriminatedUnion('kind', [CallRecord, EventRecord, DeedRecord]);
export type AuditRecord = z.infer<typeof AuditRecord>;
