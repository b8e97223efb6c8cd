// Answers as bytes, in the era of the host that asked: what the upstream wrote is kept, only the id and what an era requires are set.
import { entryOf, type Fault } from '#contract/error.ts';
import { product } from '#contract/product.ts';
import type { Answered, Encode, Encoded, Era } from '../call.ts';
import { openBrace } from './byte.ts';
import { agreedVersion, legacyVersions, servedVersions } from './era.ts';
import type { Edit } from './item-link.ts';
import { errorResponse } from './jsonrpc.ts';
import { subscriptionKey } from './news.ts';
import { inOrder, type Member, membersOf, overwrite } from './span.ts';
import { tasksExtension } from './task-name.ts';

export const serverInfo = product;
/** What a gateway passes on, whichever of its servers has it. */
const capabilities = {
  legacy: {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    completions: {},
    logging: {},
  },
  modern: {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    completions: {},
    logging: {},
    extensions: { [tasksExtension]: {} },
  },
} as const;
/** Which of its tools run as tasks, a server says of each tool. */
const tasks = { list: {}, cancel: {}, requests: { tools: { call: {} } } } as const;
const serverInfoKey = 'io.modelcontextprotocol/serverInfo';
/** Lists are filtered per caller and change with the policy: never shared, always asked again. */
const uncached = { ttlMs: 0, cacheScope: 'private' } as const;

/** In `_meta` of a list: servers that it had to do without, and those that it shows as they last were. */
const leftOutKey = 'drawbridge/leftOut';
const staleKey = 'drawbridge/stale';

/** "Resource not found" up to 2025-11-25 (server/resources). */
const legacyNotFound = -32002;

/** Encodes for a request with this id (JSON text as the host wrote it; `null` where it could not be read). `version` is what a legacy initialize asked for. */
export function encoderFor(era: Era, id: string, version?: string): Encode {
  return (answered) => {
    switch (answered.kind) {
      case 'relayed':
        return { status: relayedStatus(era, answered), body: relay(era, id, answered) };
      case 'listed':
        return { status: 200, body: list(era, id, answered) };
      case 'described':
        return ok(id, era === 'modern' ? discovered(answered) : initialized(answered, version));
      case 'empty':
        return ok(id, era === 'modern' ? { resultType: 'complete' } : {});
      case 'listened':
        return ok(id, { resultType: 'complete', _meta: { [subscriptionKey]: JSON.parse(id), [serverInfoKey]: serverInfo } });
      case 'fault':
        return encodeFault(era, id, answered.fault, answered.wasForwarded ?? false);
    }
  };
}

/** Encodes for a notification: 202 where it was taken, or is none that anybody here knows; else an error of HTTP (2025-11-25, basic/transports, Sending Messages to the Server). */
export function encoderForTold(era: Era): Encode {
  const encode = encoderFor(era, 'null');
  return (answered) => {
    const isIgnored = answered.kind === 'fault' && answered.fault.code === 'METHOD_UNKNOWN';
    if (answered.kind === 'empty' || isIgnored) return { status: 202, body: Buffer.alloc(0) };
    const encoded = encode(answered);
    return { ...encoded, status: Math.max(encoded.status, 400) };
  };
}

/** A fault as the JSON-RPC error of its table entry; `data` carries our own code and whether a retry makes sense. */
function encodeFault(era: Era, id: string, fault: Fault, wasForwarded: boolean): Encoded {
  const { status, rpc, retry } = entryOf(fault.code);
  const { seconds } = fault.fields;
  const wait = fault.code === 'UPSTREAM_BUSY' && typeof seconds === 'number' ? { retryAfterSeconds: seconds } : {};
  const data = {
    code: fault.code,
    // What ran once may not be told to be safe to repeat, and not to be useless either.
    retry: wasForwarded ? 'unknown' : retry,
    ...wait,
    ...(fault.code === 'VERSION_UNSUPPORTED' ? { supported: servedVersions, requested: fault.fields['requested'] } : {}),
    ...(fault.code === 'CAPABILITY_MISSING' ? { requiredCapabilities: JSON.parse(String(fault.fields['capabilities'])) } : {}),
  };
  // A legacy host takes an unknown method as an answer to its request, not as a missing page. What was forwarded was no mistake of the caller's.
  const isAnswer =
    (era === 'legacy' && fault.code === 'METHOD_UNKNOWN') || (wasForwarded && status < 500 && !modernStatuses.has(String(rpc)));
  const code = era === 'legacy' && fault.code === 'RESOURCE_UNKNOWN' ? legacyNotFound : rpc;
  return {
    status: isAnswer ? 200 : status,
    ...(fault.code === 'STEP_UP_NEEDED' ? { isStepUp: true } : {}),
    ...wait,
    body: errorResponse(id, { code, message: fault.message, data }),
  };
}

/** Errors of 2026-07-28 that have an HTTP status of their own (basic/transports/streamable-http, basic: "per-request protocol fields"). */
const modernStatuses: ReadonlyMap<string, number> = new Map([
  ['-32601', 404],
  ['-32020', 400],
  ['-32021', 400],
  ['-32022', 400],
]);

/** What an upstream answers is an answer, but for the errors whose status the specification fixes. */
function relayedStatus(era: Era, { body, error }: Extract<Answered, { kind: 'relayed' }>): number {
  if (era === 'legacy' || !error) return 200;
  const code = membersOf(body, error.start).find(({ key }) => key === 'code')?.value;
  return (code && modernStatuses.get(body.toString('latin1', code.start, code.end))) ?? 200;
}

function relay(era: Era, id: string, answered: Extract<Answered, { kind: 'relayed' }>): Buffer {
  const { body, id: idSpan, edits: links = [] } = answered;
  const edits: Edit[] = [{ span: idSpan, by: id }, ...links];
  if (era === 'modern') edits.push(...modernized(answered));
  return overwrite(body, inOrder(edits));
}

/** What 2026-07-28 wants in a result and older servers leave out, and what it has another code for. */
function modernized({ body, result, error, isCacheable }: Extract<Answered, { kind: 'relayed' }>): Edit[] {
  if (error) return membersOf(body, error.start).flatMap((member) => modernCode(body, member));
  if (!result || body[result.start] !== openBrace) return [];
  const members = membersOf(body, result.start);
  const find = (key: string) => members.find((member) => member.key === key)?.value;
  const type = find('resultType');
  const missing = type ? [] : ['"resultType":"complete"'];
  const edits: Edit[] = [];
  if (isCacheable === true && (!type || body.toString('utf8', type.start, type.end) === '"complete"')) {
    if (!find('ttlMs')) missing.push(`"ttlMs":${uncached.ttlMs}`);
    const scope = find('cacheScope');
    // What the policy let one caller see is nobody else's.
    if (!scope) missing.push(`"cacheScope":"${uncached.cacheScope}"`);
    else edits.push({ span: scope, by: `"${uncached.cacheScope}"` });
  }
  if (missing.length === 0) return edits;
  const open = { start: result.start + 1, end: result.start + 1 };
  return [{ span: open, by: `${missing.join(',')}${members.length > 0 ? ',' : ''}` }, ...edits];
}

/** "Resource not found" of older revisions, which 2026-07-28 forbids. */
function modernCode(body: Buffer, { key, value }: Member): Edit[] {
  if (key !== 'code' || body.toString('latin1', value.start, value.end) !== String(legacyNotFound)) return [];
  return [{ span: value, by: '-32602' }];
}

function list(era: Era, id: string, { member, items, nextCursor, without }: Extract<Answered, { kind: 'listed' }>): Buffer {
  const { leftOut = [], stale = [] } = without ?? {};
  const meta = { ...(leftOut.length > 0 && { [leftOutKey]: leftOut }), ...(stale.length > 0 && { [staleKey]: stale }) };
  const next = nextCursor === undefined ? '' : `,"nextCursor":${JSON.stringify(nextCursor)}`;
  const comma = Buffer.from(',');
  const head = `{"jsonrpc":"2.0","id":${id},"result":{${era === 'modern' ? `"resultType":"complete","ttlMs":${uncached.ttlMs},"cacheScope":"${uncached.cacheScope}",` : ''}"${member}":[`;
  return Buffer.concat([
    Buffer.from(head),
    ...items.flatMap((item, index) => (index === 0 ? [item] : [comma, item])),
    Buffer.from(`]${next}${without ? `,"_meta":${JSON.stringify(meta)}` : ''}}}`),
  ]);
}

type Described = Extract<Answered, { kind: 'described' }>;

function discovered({ instructions, beyond }: Described): object {
  return {
    resultType: 'complete',
    supportedVersions: servedVersions,
    capabilities: declaring(capabilities.modern, beyond),
    instructions,
    ...uncached,
    _meta: { [serverInfoKey]: serverInfo },
  };
}

function initialized({ instructions, beyond }: Described, version: string | undefined): object {
  const protocolVersion = agreedVersion(version);
  const hasTasks = protocolVersion === legacyVersions[0];
  const own = declaring({ ...capabilities.legacy, ...(hasTasks && { tasks }) }, beyond);
  return { protocolVersion, capabilities: own, serverInfo, instructions };
}

/** The gateway server's own word of an extension comes before a server's. */
function declaring(own: Readonly<Record<string, object>>, { extensions, ...beyond }: Described['beyond'] = {}): object {
  const all = { ...Object(extensions), ...own['extensions'] };
  return { ...own, ...beyond, ...(Object.keys(all).length > 0 && { extensions: all }) };
}

function ok(id: string, result: object): Encoded {
  return { status: 200, body: Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}`) };
}
