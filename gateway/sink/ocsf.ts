// A record as OCSF API Activity (schema.ocsf.io, version 1.6.0, class 6003 of category 6). Pure.
// The rule: what the class has a place for stands there, and all that it has none for stands in `unmapped`, so that nothing is lost on the way.
import { product } from '#contract/product.ts';
import { type Fields, fieldsOf, textAt, valueAt } from './field.ts';

const activities = { 2: 'Read', 99: 'Other' } as const;
const severities = { 1: 'Informational', 2: 'Low', 3: 'Medium' } as const;
/** What has a place of its own. */
const mapped = new Set([
  'id',
  'at',
  'seq',
  'method',
  'event',
  'user',
  'host',
  'gateway',
  'server',
  'tool',
  'item',
  'code',
  'workstation',
]);
const reads =
  /^(?:initialize|ping|server\/discover|resources\/read|prompts\/get|completion\/complete|tasks\/get|tasks\/result|.*\/list)$/;

export function asApiActivity(record: Fields, organization: string): Fields {
  const isCall = record['kind'] === 'call';
  const operation = textAt(record, 'method') ?? textAt(record, 'event') ?? textAt(record, 'kind') ?? 'unknown';
  const isRead = isCall && textAt(record, 'item', 'kind') !== 'method' && reads.test(operation);
  const activity = isRead ? 2 : 99;
  const decision = textAt(record, 'decision');
  const code = textAt(record, 'code');
  const severity = decision === 'refused' || (!isCall && code !== undefined) ? 3 : decision === 'failed' ? 2 : 1;
  const hasFailed =
    decision === 'refused' || decision === 'failed' || record['upstreamError'] === true || (!isCall && code !== undefined);
  const host = textAt(record, 'host');
  const server = textAt(record, 'server', 'name');
  const workstation = textAt(record, 'workstation');
  const total = lastLeg(record['legs']);
  return {
    activity_id: activity,
    activity_name: activity === 99 ? operation : activities[activity],
    category_uid: 6,
    category_name: 'Application Activity',
    class_uid: 6003,
    class_name: 'API Activity',
    type_uid: 600_300 + activity,
    type_name: `API Activity: ${activities[activity]}`,
    severity_id: severity,
    severity: severities[severity],
    time: record['at'],
    ...(total === undefined ? {} : { duration: Math.round(total / 1000) }),
    status_id: hasFailed ? 2 : 1,
    status: hasFailed ? 'Failure' : 'Success',
    ...(code === undefined ? {} : { status_code: code }),
    message: [operation, server, textAt(record, 'tool')].filter((part) => part !== undefined).join(' '),
    metadata: {
      version: '1.6.0',
      uid: record['id'],
      sequence: record['seq'],
      event_code: operation,
      log_name: 'audit',
      tenant_uid: organization,
      product: { name: product.title, vendor_name: product.title, version: product.version },
    },
    actor: actorOf(record, host),
    api: {
      operation,
      request: { uid: record['id'] },
      ...(code === undefined ? {} : { response: { error: code } }),
      ...named('service', valueAt(record, 'gateway', 'name'), valueAt(record, 'gateway', 'id')),
    },
    src_endpoint: { svc_name: host ?? product.title, ...(workstation === undefined ? {} : { instance_uid: workstation }) },
    ...(server === undefined ? {} : { dst_endpoint: { svc_name: server, uid: valueAt(record, 'server', 'id') } }),
    ...resourcesOf(record),
    unmapped: Object.fromEntries(Object.entries(record).filter(([name]) => !mapped.has(name))),
  };
}

function actorOf(record: Fields, host: string | undefined): Fields {
  const id = textAt(record, 'user', 'id');
  const name = textAt(record, 'user', 'name');
  // The class wants to know at least one of them.
  if (id === undefined && name === undefined) return { app_name: host ?? product.title };
  return { user: { ...(id && { uid: id }), ...(name && { name }) }, ...(host && { app_name: host }) };
}

function resourcesOf(record: Fields): Fields {
  const kind = textAt(record, 'item', 'kind');
  const name = textAt(record, 'item', 'name') ?? textAt(record, 'tool');
  return name === undefined ? {} : { resources: [{ name, type: kind ?? 'tool' }] };
}

function named(as: string, name: unknown, uid: unknown): Fields {
  return typeof name === 'string' ? { [as]: { name, ...(typeof uid === 'string' ? { uid } : {}) } } : {};
}

/** Microseconds until the last leg that there is. */
function lastLeg(legs: unknown): number | undefined {
  const all = fieldsOf(legs);
  const last = all['gatewayToHost'] ?? all['serverToGateway'] ?? all['gatewayToServer'] ?? all['hostToGateway'];
  return typeof last === 'number' ? last : undefined;
}
