// What of a record deserves an alert, and what ends one. Pure. The rule: one subject has one key, so that what happens a thousand times is one alert with a count.
import type { AuditRecord, CallRecord, EventRecord } from '#contract/audit.ts';
import type { ErrorCode } from '#contract/error.ts';
import type { Raised } from '../store/alert.ts';

export interface Found {
  readonly raised: readonly Raised[];
  /** Keys of what is over. */
  readonly settled: readonly string[];
}

/** A server that answers with one of these is down for whoever called. */
const down: ReadonlySet<ErrorCode> = new Set([
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_LOST',
  'SERVER_START_FAILED',
  'SERVER_EXITED',
  'SERVER_BACKING_OFF',
  'SERVER_TIMEOUT',
]);

/** Over records in their order: what a later one settles is not raised any more, and the other way round. */
export function alertsOf(records: readonly AuditRecord[]): Found {
  const raised = new Map<string, Raised>();
  const settled = new Set<string>();
  for (const record of records) {
    const found = record.kind === 'call' ? ofCall(record) : record.kind === 'event' ? ofEvent(record) : nothing;
    for (const one of found.raised) {
      raised.set(one.key, { ...one, count: one.count + (raised.get(one.key)?.count ?? 0) });
      settled.delete(one.key);
    }
    for (const key of found.settled) {
      raised.delete(key);
      settled.add(key);
    }
  }
  return { raised: [...raised.values()], settled: [...settled] };
}

const nothing: Found = { raised: [], settled: [] };

function ofCall({ id, at, server, gateway, decision, code, hits = [], user }: CallRecord): Found {
  const about = { record: id, at, count: 1 };
  const rules = new Set(hits.filter(({ alert }) => alert).map(({ rule }) => rule));
  const raised: Raised[] = [...rules].map((rule) => ({
    ...about,
    key: `rule:${gateway?.name ?? ''}/${rule}`,
    level: 'warning',
    words: `The rule "${rule}" of the gateway "${gateway?.name ?? ''}" was hit, last by ${user?.name ?? 'nobody known'}.`,
  }));
  if (server === null) return { raised, settled: [] };
  const key = `server:${server.name}`;
  if (code !== null && down.has(code))
    raised.push({ ...about, key, level: 'error', words: `The server "${server.name}" does not answer (${code}).` });
  return { raised, settled: decision === 'allowed' && code === null ? [key] : [] };
}

function ofEvent({ id, at, event, detail, workstation, user }: EventRecord): Found {
  const raise = (key: string, level: Raised['level'], words: string): Found => ({
    raised: [{ key, level, words, record: id, at, count: 1 }],
    settled: [],
  });
  const settle = (key: string): Found => ({ raised: [], settled: [key] });
  const sink = `sink:${detail['sink']}`;
  const device = `device:${workstation}`;
  const whose = user === null ? 'A workstation' : `A workstation of ${user.name}`;
  switch (event) {
    case 'sink_failing':
      return raise(sink, 'error', `The sink "${detail['sink']}" does not take records: ${detail['reason']}.`);
    case 'sink_recovered':
      return settle(sink);
    case 'sink_skipped':
      return raise(`${sink}:skipped`, 'error', `The sink "${detail['sink']}" was not sent ${detail['records']} records.`);
    case 'sink_record_set_aside':
      return raise(`${sink}:parked`, 'warning', `The sink "${detail['sink']}" does not take some records.`);
    case 'workstation_paused':
      return raise(`${device}:paused`, 'warning', `${whose} is paused by its user.`);
    case 'workstation_resumed':
      return settle(`${device}:paused`);
    case 'host_undone':
      return raise(`${device}:${detail['host']}`, 'warning', `${whose}: "${detail['host']}" goes past the gateway.`);
    case 'host_taken_back':
      return settle(`${device}:${detail['host']}`);
    case 'definition_waits': {
      const { gateway, server, kind, reason } = detail;
      const words = `What the server "${server}" says of its ${kind} waits at the gateway "${gateway}" (${reason}): drawbridge-gateway pin list.`;
      return raise(`pin:${gateway}/${server}`, 'warning', words);
    }
    default:
      return nothing;
  }
}
