// Alerts of this gateway server: reads the records of its own chain by a cursor, keeps what deserves one, and tells of each that opens by a record, which the
// sinks send on. The rule: nothing of it stands in a call's way, and an alert is told once for each time that it opens.
import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AuditRecord, type EventRecord } from '#contract/audit.ts';
import { newRecordId } from '#contract/id.ts';
import type { Recorder } from '../audit/record.ts';
import type { Raised } from '../store/alert.ts';
import type { ChainedRecord, Store } from '../store/store.ts';
import { alertsOf } from './raise.ts';

export interface AlertsDeps {
  readonly store: Store;
  readonly recorder: Pick<Recorder, 'append'>;
  /** The chain of this gateway server. */
  readonly chain: string;
  readonly publicOrigin: string;
  readonly logger: Logger;
  readonly now: () => number;
  readonly everyMs?: number;
}

const readAtOnce = 500;
/** Of those so many are understood before calls go on: about a millisecond. */
const few = 100;
/** Under this name stands since when hosts are new. */
const hostsRead = '@hosts';

export function watchAlerts(deps: AlertsDeps): { close(): Promise<void> } {
  const { store, recorder, chain, publicOrigin, logger, now, everyMs = 1000 } = deps;
  const { alert } = store;
  const stop = new AbortController();

  /** True where more may be there. */
  async function readRecords(): Promise<boolean> {
    const from = await alert.alertsRead(chain);
    if (from === undefined) {
      // What was before anybody looked is nobody's alert.
      const seq = (await store.chainHead(chain))?.record.seq ?? 0;
      await alert.takeAlerts({ chain, seq, raised: [], settled: [], now: now() });
      return false;
    }
    const rows = await store.recordsAfter(chain, from, readAtOnce);
    const last = rows.at(-1);
    if (last === undefined) return false;
    const records: AuditRecord[] = [];
    for (let from = 0; from < rows.length; from += few) {
      records.push(...rows.slice(from, from + few).flatMap(recordOf));
      await setImmediate();
    }
    await alert.takeAlerts({ chain, seq: last.seq, ...alertsOf(records), now: now() });
    return rows.length === readAtOnce;
  }

  async function readHosts(): Promise<void> {
    const from = await alert.alertsRead(hostsRead);
    const found = from === undefined ? [] : await alert.newHosts(from);
    const newest = found.at(-1)?.at ?? (from === undefined ? now() : undefined);
    if (newest === undefined) return;
    const raised = found.map(({ id, title, user, gateway, at }): Raised => ({
      key: `host:${id}`,
      level: 'info',
      words: `A host came for the first time: ${id}${title === null ? '' : ` (says "${title}")`}, used by ${user} at "${gateway}".`,
      record: null,
      count: 1,
      at,
    }));
    await alert.takeAlerts({ chain: hostsRead, seq: newest, raised, settled: [], now: now() });
  }

  async function tell(): Promise<void> {
    for (const { id, key, level, words, record } of await alert.untold()) {
      const at = now();
      const detail = { alert: id, key, level, words, record, link: `${publicOrigin}/api/v1/alerts` };
      const none = { user: null, workstation: null, code: null };
      const told: EventRecord = { version: 1, kind: 'event', id: newRecordId(at), at, event: 'alert_raised', ...none, detail };
      await recorder.append(told);
      await alert.told(id, at);
    }
  }

  async function run(): Promise<void> {
    let isFailing = false;
    while (!stop.signal.aborted) {
      try {
        while ((await readRecords()) && !stop.signal.aborted);
        await readHosts();
        await tell();
        isFailing = false;
      } catch (error) {
        if (!isFailing) logger.error({ err: error }, 'alerts could not be looked for');
        isFailing = true;
      }
      await wait(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  }

  const running = run();
  return {
    close() {
      stop.abort();
      return running;
    },
  };
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
