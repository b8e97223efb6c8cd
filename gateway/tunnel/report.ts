// Puts on record what workstations report of themselves, and says so when it is there: the bridge tells it until then.
// Rule: a workstation speaks for itself only, and for no more than so much a minute; what is over it stays with the bridge until later.
import type { Logger } from 'pino';
import { assertNever } from '#contract/assert.ts';
import type { EventRecord } from '#contract/audit.ts';
import type { Report } from '#contract/report.ts';
import { reportLimit } from '#contract/report.ts';
import { eventRecord, type RecordEvent } from '../workstation/event.ts';
import type { Link } from './link.ts';

const perMinute = 120;

export interface ReportDesk {
  reported(link: Link, reports: readonly Report[]): Promise<void>;
}

/** What is known of one tunnel. */
interface Seen {
  /** On record, the newest last: a bridge that hasn't heard so says them again. */
  noted: string[];
  minute: number;
  inMinute: number;
  queue: Promise<void>;
}

export function createReportDesk(deps: {
  readonly record: RecordEvent;
  readonly now: () => number;
  readonly logger: Logger;
}): ReportDesk {
  const seen = new WeakMap<Link, Seen>();

  async function take(link: Link, known: Seen, reports: readonly Report[]): Promise<void> {
    for (const report of reports) {
      if (known.noted.includes(report.id)) continue;
      const now = deps.now();
      const minute = Math.floor(now / 60_000);
      if (minute !== known.minute) Object.assign(known, { minute, inMinute: 0 });
      if (++known.inMinute > perMinute) break;
      await deps.record(recordOf(link, report, now));
      known.noted = [...known.noted, report.id].slice(-2 * reportLimit);
    }
    link.tell({ name: 'noted', body: { ids: known.noted } });
  }

  return {
    reported(link, reports) {
      const known = seen.get(link) ?? { noted: [], minute: 0, inMinute: 0, queue: Promise.resolve() };
      seen.set(link, known);
      // not noted, so the bridge keeps it and says it again
      known.queue = known.queue
        .then(() => take(link, known, reports))
        .catch((err: unknown) => deps.logger.error({ err, workstation: link.presence.workstation }, 'a report is not recorded'));
      return known.queue;
    },
  };
}

function recordOf(link: Link, report: Report, now: number): EventRecord {
  const { member, presence } = link;
  const user = { id: member.user.id, name: member.user.name };
  const record = eventRecord({ event: report.event, user, workstation: presence.workstation }, now);
  // the workstation's own clock and words: evidence of what it said, not of when it was
  return { ...record, detail: { report: report.id, saidAt: report.at, ...detailOf(report) } };
}

function detailOf(report: Report): EventRecord['detail'] {
  switch (report.event) {
    case 'workstation_paused':
      return { until: report.until, ...(report.reason === undefined ? {} : { reason: report.reason }) };
    case 'workstation_resumed':
      return { by: report.by };
    case 'host_undone':
    case 'host_taken_back':
      return { host: report.host };
    default:
      return assertNever(report);
  }
}
