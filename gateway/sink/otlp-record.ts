// Records as OTLP has them: each as a log record, and each call as a span with its legs as events. Pure.
// The rule: the ids of trace and span come from the record's own id, so that what is sent twice is the same, and log and span of a call find each other.
import { hash } from 'node:crypto';
import { product } from '#contract/product.ts';
import { type Fields, fieldsOf, textAt, valueAt } from './field.ts';
import type { Item } from './item.ts';

export interface Resource {
  readonly organization: string;
  readonly host: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Of OTLP's severities the first of INFO, WARN and ERROR. */
const severities: Readonly<Record<string, readonly [number, string]>> = {
  refused: [13, 'WARN'],
  failed: [17, 'ERROR'],
};

export function logsRequest(items: readonly Item[], resource: Resource, nowMs: number): Fields {
  const logRecords = items.map((item) => logRecordOf(item, nowMs));
  return { resourceLogs: [{ resource: resourceOf(resource), scopeLogs: [{ scope, logRecords }] }] };
}

export function tracesRequest(items: readonly Item[], resource: Resource): Fields {
  return { resourceSpans: [{ resource: resourceOf(resource), scopeSpans: [{ scope, spans: items.map(spanOf) }] }] };
}

export function isSpan({ record }: Item): boolean {
  return record['kind'] === 'call';
}

const scope = { name: 'drawbridge.audit', version: product.version };

function logRecordOf(item: Item, nowMs: number): Fields {
  const { record, text, at } = item;
  const isOdd = textAt(record, 'kind') !== 'call' && textAt(record, 'code') !== undefined;
  const [severityNumber, severityText] = severities[isOdd ? 'refused' : (textAt(record, 'decision') ?? '')] ?? [9, 'INFO'];
  return {
    timeUnixNano: nanos(at),
    observedTimeUnixNano: nanos(nowMs),
    severityNumber,
    severityText,
    eventName: textAt(record, 'event') ?? `mcp.${textAt(record, 'kind') ?? 'record'}`,
    body: { stringValue: text },
    attributes: attributesOf(item),
    ...idsOf(item),
  };
}

function spanOf(item: Item): Fields {
  const { record, at } = item;
  const legs = Object.entries(fieldsOf(record['legs'])).flatMap(([name, micros]) =>
    typeof micros === 'number' ? [{ name, micros }] : [],
  );
  const end = Math.max(0, ...legs.map(({ micros }) => micros));
  const decision = textAt(record, 'decision');
  const code = textAt(record, 'code');
  const isError = decision !== 'allowed' || record['upstreamError'] === true;
  const method = textAt(record, 'method') ?? 'unknown';
  const used = textAt(record, 'tool') ?? textAt(record, 'item', 'name');
  return {
    ...idsOf(item),
    name: used === undefined ? method : `${method} ${used}`,
    kind: 2,
    startTimeUnixNano: nanos(at),
    endTimeUnixNano: nanos(at, end),
    attributes: attributesOf(item),
    events: legs.map(({ name, micros }) => ({ timeUnixNano: nanos(at, micros), name })),
    ...(isError ? { status: { code: 2, ...(code === undefined ? {} : { message: code }) } } : {}),
  };
}

function attributesOf({ record, id, chain, seq }: Item): readonly Fields[] {
  const texts = {
    'drawbridge.record.id': id,
    'drawbridge.record.kind': textAt(record, 'kind'),
    'drawbridge.record.chain': chain,
    'mcp.method.name': textAt(record, 'method'),
    'gen_ai.tool.name': textAt(record, 'tool'),
    'drawbridge.item.kind': textAt(record, 'item', 'kind'),
    'drawbridge.item.name': textAt(record, 'item', 'name'),
    'enduser.id': textAt(record, 'user', 'name'),
    'drawbridge.host': textAt(record, 'host'),
    'drawbridge.gateway': textAt(record, 'gateway', 'name'),
    'drawbridge.server': textAt(record, 'server', 'name'),
    'drawbridge.workstation': textAt(record, 'workstation'),
    'drawbridge.decision': textAt(record, 'decision'),
    'error.type': textAt(record, 'code'),
  };
  const known = Object.entries(texts).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: { stringValue: value } }],
  );
  return [...known, { key: 'drawbridge.record.seq', value: { intValue: String(seq) } }];
}

function idsOf({ record, id }: Item): { readonly traceId: string; readonly spanId: string } {
  const whole = textAt(valueAt(record, 'parked'), 'call') ?? id;
  const bare = whole.replaceAll('-', '').toLowerCase();
  const traceId = /^(?!0{32})[0-9a-f]{32}$/.test(bare) ? bare : hash('sha256', whole).slice(0, 32);
  return { traceId, spanId: hash('sha256', id).slice(0, 16) };
}

function resourceOf({ organization, host, attributes }: Resource): Fields {
  const all = {
    'service.name': `${product.name}-gateway`,
    'service.version': product.version,
    'service.instance.id': host,
    'drawbridge.organization': organization,
    ...attributes,
  };
  return { attributes: Object.entries(all).map(([key, value]) => ({ key, value: { stringValue: value } })) };
}

function nanos(ms: number, micros = 0): string {
  return String(BigInt(Math.trunc(ms)) * 1_000_000n + BigInt(Math.trunc(micros)) * 1000n);
}
