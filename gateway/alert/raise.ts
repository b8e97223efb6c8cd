// What of a record deserves an alert, and what ends one. Pure. The rule: one subject has one key, so that what happens a thousand times is one alert with a count.
import type { AuditRecord, CallRecord, EventRecord } from '#contract/audit.ts';
import { counted } from '#contract/counted.ts';
import { adviceOf, reasonsOf, verdictOf } from '#contract/device.ts';
import type { ErrorCode } from '#contract/error.ts';
import type { ChangedPosture, NewHost, Raised, Settled } from '../store/alert.ts';

export interface Found {
  readonly raised: readonly Raised[];
  readonly settled: readonly Settled[];
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

/** So long after its last failure an answer ends the alert of a server: one that comes and goes is one alert, and not one each second. */
const settledAfterMs = 60_000;

/** Over records in their order: what a later one settles is not raised any more, and the other way round. */
export function alertsOf(records: readonly AuditRecord[]): Found {
  const raised = new Map<string, Raised>();
  const settled = new Map<string, Settled>();
  for (const record of records) {
    const found = record.kind === 'call' ? ofCall(record) : record.kind === 'event' ? ofEvent(record) : nothing;
    for (const one of found.raised) {
      raised.set(one.key, { ...one, count: one.count + (raised.get(one.key)?.count ?? 0) });
      settled.delete(one.key);
    }
    for (const one of found.settled) {
      if ((raised.get(one.key)?.at ?? -Infinity) <= one.upTo) raised.delete(one.key);
      settled.set(one.key, one);
    }
  }
  return { raised: [...raised.values()], settled: [...settled.values()] };
}

export function alertOfHost({ id, title, user, gateway, at }: NewHost): Raised {
  const words = `A host came for the first time: ${id}${title === null ? '' : ` (says "${title}")`}, used by ${user} at "${gateway}".`;
  return { key: `host:${id}`, level: 'info', words, record: null, count: 1, at };
}

/** Undefined where nothing is wrong, or nothing can be seen: then one that is open stays so. */
export function alertOfPosture({ workstation, hostname, user, posture, at }: ChangedPosture): Raised | undefined {
  if (verdictOf(posture) !== 'off-policy') return undefined;
  const advice = adviceOf(posture);
  const words = `The workstation "${hostname}" of ${user} is off policy: ${reasonsOf(posture)}.${advice === null ? '' : ` ${advice}`}`;
  return { key: `device:${workstation}:posture`, level: 'warning', words, record: null, count: 1, at };
}

const nothing: Found = { raised: [], settled: [] };

function ofCall({ id, at, server, gateway, decision, code, hits = [], user, workstation }: CallRecord): Found {
  const about = { record: id, at, count: 1 };
  const rules = new Set(hits.filter(({ alert }) => alert).map(({ rule }) => rule));
  const raised: Raised[] = [...rules].map((rule) => ({
    ...about,
    key: `rule:${gateway?.name ?? ''}/${rule}`,
    level: 'warning',
    words: `The rule "${rule}" of the gateway "${gateway?.name ?? ''}" was hit, last by ${user?.name ?? 'nobody known'}.`,
  }));
  if (server === null) return { raised, settled: [] };
  // A process on one device says nothing of those on others: what they answer does not end its alert.
  const key = `server:${server.name}${workstation === null ? '' : `@${workstation}`}`;
  if (code !== null && down.has(code)) {
    const where = workstation === null ? '' : ` on a workstation, last for ${user?.name ?? 'nobody known'},`;
    raised.push({ ...about, key, level: 'error', words: `The server "${server.name}"${where} does not answer (${code}).` });
  }
  return { raised, settled: decision === 'allowed' && code === null ? [{ key, upTo: at - settledAfterMs }] : [] };
}

function ofEvent({ id, at, event, detail, workstation, user }: EventRecord): Found {
  const raise = (key: string, level: Raised['level'], words: string): Found => ({
    raised: [{ key, level, words, record: id, at, count: 1 }],
    settled: [],
  });
  const settle = (key: string): Found => ({ raised: [], settled: [{ key, upTo: Number.MAX_SAFE_INTEGER }] });
  const sink = `sink:${detail['sink']}`;
  const device = `device:${workstation}`;
  const whose = user === null ? 'A workstation' : `A workstation of ${user.name}`;
  switch (event) {
    case 'sink_failing':
      return raise(sink, 'error', `The sink "${detail['sink']}" does not take records: ${detail['reason']}.`);
    case 'sink_recovered':
      return settle(sink);
    case 'sink_lagging':
      return raise(
        `${sink}:lagging`,
        'error',
        `The sink "${detail['sink']}" owes ${counted(Number(detail['owed']), 'record')} of ${detail['limit']} that it may.`,
      );
    case 'sink_caught_up':
      return settle(`${sink}:lagging`);
    case 'sink_skipped':
      return raise(
        `${sink}:skipped`,
        'error',
        `The sink "${detail['sink']}" was not sent ${counted(Number(detail['records']), 'record')}.`,
      );
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
    case 'retention_stopped': {
      const words = `Records of the chain "${detail['chain']}" stay beyond their time, because it is not whole: drawbridge-gateway audit verify.`;
      return raise(`audit:${detail['chain']}`, 'error', words);
    }
    case 'records_expired':
      return settle(`audit:${detail['chain']}`);
    case 'definition_waits': {
      const { gateway, server, kind, reason, gone, hash } = detail;
      const how =
        gone === undefined
          ? reason
          : `${reason}: it came in a list from which ${gone} went, and approving it has those wait again`;
      const look = typeof hash === 'string' ? `diff ${hash.slice(0, 12)}` : 'list';
      const words = `What the server "${server}" says of its ${kind} waits at the gateway "${gateway}" (${how}): drawbridge-gateway pin ${look}.`;
      return raise(`pin:${gateway}/${server}`, 'warning', words);
    }
    default:
      return nothing;
  }
}
