// Alerts of this gateway server: reads the records of its own chain by a cursor, looks at hosts and postures that are new, keeps what deserves an alert, closes what is
// over, and tells of each that opens or closes by a record, which the sinks send on. The rule: nothing of it stands in a call's way; of all gateway servers on one database one
// tells of an alert, once for each time that it opens, and once that it closed; a telling that comes again has the same id.
import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AuditRecord, type EventRecord } from '#contract/audit.ts';
import { RecordId } from '#contract/id.ts';
import { ownEvent, type Recorder } from '../audit/record.ts';
import { repeat, type Repeated } from '../audit/repeat.ts';
import type { Alert, ClosedAlert } from '../store/alert.ts';
import type { ChainedRecord, Store } from '../store/store.ts';
import { neededOf } from './needed.ts';
import { settleOver } from './over.ts';
import { alertOfHost, alertOfPosture, alertsOf } from './raise.ts';

export interface AlertsDeps {
  readonly store: Store;
  readonly recorder: Pick<Recorder, 'append'>;
  /** The chain of this gateway server. */
  readonly chain: string;
  readonly publicOrigin: string;
  readonly logger: Logger;
  readonly now: () => number;
  readonly everyMs?: number;
  readonly settleEveryMs?: number;
}

const readAtOnce = 500;
/** Of those so many are understood before calls go on: about a millisecond. */
const few = 100;
/** Whoever began to tell and ended meanwhile: another one tells then. */
const tellWithinMs = 30_000;
const settleEvery = 10_000;

export function watchAlerts(deps: AlertsDeps): Repeated {
  const { store, recorder, chain, publicOrigin, logger, now, everyMs = 1000, settleEveryMs = settleEvery } = deps;
  const { alert } = store;
  let settledAt = -Infinity;
  /** What was written when it was looked at last. */
  let looked: string | undefined;

  /** True where more may be there. */
  async function readRecords(): Promise<boolean> {
    const from = await alert.alertsRead(chain);
    if (from === undefined) {
      // What was before anybody looked is nobody's alert.
      const seq = (await store.chainHead(chain))?.record.seq ?? 0;
      await alert.takeAlerts({ chain, seq, raised: [], settled: [], now: now() });
      return false;
    }
    const { records: rows, upTo } = await alert.toLookAt(chain, from, readAtOnce);
    if (upTo === from) return false;
    const records: AuditRecord[] = [];
    const needed = neededOf(rows);
    for (let from = 0; from < needed.length; from += few) {
      records.push(...needed.slice(from, from + few).flatMap(recordOf));
      await setImmediate();
    }
    await alert.takeAlerts({ chain, seq: upTo, ...alertsOf(records), now: now() });
    return upTo - from >= readAtOnce;
  }

  /** True where more may be there. */
  async function lookAround(): Promise<boolean> {
    const hosts = await alert.newHosts();
    const seen = hosts.map((host) => ({ id: host.id, at: host.at, raised: alertOfHost(host) }));
    if (seen.length > 0) await alert.lookedAt('host', seen, now());
    const postures = await alert.changedPostures();
    const told = postures.map((one) => ({ id: one.workstation, at: one.at, raised: alertOfPosture(one) }));
    if (told.length > 0) await alert.lookedAt('posture', told, now());
    return hosts.length + postures.length > 0;
  }

  async function settle(): Promise<void> {
    await settleOver(store, now());
    settledAt = performance.now();
  }

  async function tell(): Promise<void> {
    const until = now() + tellWithinMs;
    const claimed = await alert.claimUntold(now(), until);
    for (const one of claimed) {
      await recorder.append(tellingOf(one, publicOrigin, now()));
      await alert.told(one.id, now(), until);
    }
    for (const one of await alert.claimClosed(now(), now() + tellWithinMs)) {
      await recorder.append(closingOf(one, publicOrigin, now()));
      await alert.toldClosed(one.telling);
    }
  }

  async function turn(signal: AbortSignal): Promise<void> {
    const written = await store.lastWrite();
    // With time alone comes only what is over, and the end of a telling that nobody finished.
    const isTime = performance.now() - settledAt >= settleEveryMs;
    if (written === looked && !isTime) return;
    while ((await readRecords()) && !signal.aborted);
    while ((await lookAround()) && !signal.aborted);
    if (isTime) await settle();
    await tell();
    looked = written;
  }

  return repeat(turn, { firstMs: 0, everyMs, logger, failure: 'alerts could not be looked for' });
}

/** Its id is the alert's: told again, because whoever told it ended before that was noted, it has the same. */
function tellingOf({ id, key, level, words, record }: Alert, publicOrigin: string, at: number): EventRecord {
  const detail = { alert: id, state: 'open', key, level, words, record, link: `${publicOrigin}/api/v1/alerts` };
  return { ...ownEvent('alert_raised', detail, at), id: RecordId.parse(id) };
}

/** Its `alert` is the one of the telling that it opened: by that a pager ends what it began. */
function closingOf(
  { id, telling, key, level, words, record, closedAt }: ClosedAlert,
  publicOrigin: string,
  at: number,
): EventRecord {
  const link = `${publicOrigin}/api/v1/alerts`;
  const detail = { alert: id, state: 'closed', key, level, words, record, closedAt, link };
  return { ...ownEvent('alert_closed', detail, at), id: telling };
}

/** None of one that can't be read: `audit verify` tells of it. */
function recordOf({ body }: ChainedRecord): readonly AuditRecord[] {
  try {
    const parsed = AuditRecord.safeParse(JSON.parse(body));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}
