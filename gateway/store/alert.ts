// What the store keeps of alerts, as verbs. An implementer promises what store.ts says, and beyond it: of one subject (`key`) there is one alert, however often it
// is raised; what a page of records raised is kept together with how far the records were read, so none is raised twice for one record; of several gateway servers
// one raises what was looked at, and one at a time tells of an alert.
import type { AlertId, RecordId, Slug, WorkstationId } from '#contract/id.ts';
import type { PostureSummary } from '#contract/posture-summary.ts';
import type { ChainedRecord } from './store.ts';

export type AlertLevel = 'info' | 'warning' | 'error';

/** Something that deserves an alert. */
export interface Raised {
  /** What it is about: `server:files`. */
  readonly key: string;
  readonly level: AlertLevel;
  readonly words: string;
  /** How often, since the last page. */
  readonly count: number;
  /** The newest record that says so; null where none does. */
  readonly record: string | null;
  readonly at: number;
}
/** What is over. */
export interface Settled {
  readonly key: string;
  /** Only where it was raised no later than that, ms since 1970. */
  readonly upTo: number;
}
export interface Alert extends Raised {
  readonly id: AlertId;
  readonly firstAt: number;
  /** Null while it is open. */
  readonly closedAt: number | null;
}

/** That one closed, as it was then. */
export interface ClosedAlert extends Pick<Alert, 'id' | 'key' | 'level' | 'words' | 'record'> {
  /** The id of the record that tells of it, the same where it is told again. */
  readonly telling: RecordId;
  readonly closedAt: number;
}

/** A posture that is not what it was when somebody looked at it last. */
export interface ChangedPosture {
  readonly workstation: WorkstationId;
  readonly hostname: string;
  readonly user: Slug;
  readonly posture: PostureSummary;
  /** When it became so. */
  readonly at: number;
}
export interface NewHost {
  readonly id: string;
  readonly title: string | null;
  readonly user: string;
  readonly gateway: string;
  readonly at: number;
}
/** What was looked at, as it was then: `at` of it; and what of it is raised. */
export interface LookedAt {
  readonly id: string;
  readonly at: number;
  readonly raised: Raised | undefined;
}

export interface AlertStore {
  /** How far a chain was read; undefined where it never was. */
  alertsRead(chain: string): Promise<number | undefined>;
  /**
   * Records of a chain after that number, oldest first: of at most `limit`, up to `upTo`, those that say something. Calls that were written together one after the other and
   * are alike in all but their ids, times, sizes and whether their server called it an error (../audit/text.ts: they were allowed, and no rule was hit) are the latest of them.
   */
  toLookAt(
    chain: string,
    seq: number,
    limit: number,
  ): Promise<{ readonly records: readonly ChainedRecord[]; readonly upTo: number }>;
  /**
   * Raises and settles by their keys, and moves the chain there. An alert that is open is counted; one that is closed or new opens, with a new id. Those of `settled` are
   * closed. Does not bump the revision.
   */
  takeAlerts(of: {
    readonly chain: string;
    readonly seq: number;
    readonly raised: readonly Raised[];
    readonly settled: readonly Settled[];
    readonly now: number;
  }): Promise<void>;
  /** Closes open ones; how many. Does not bump the revision. */
  settleAlerts(settled: readonly Settled[], now: number): Promise<number>;
  /** Open ones whose key begins so. */
  openAlerts(prefix: string): Promise<readonly Pick<Alert, 'key' | 'at'>[]>;
  /** Open ones that were not told of yet, for the one who tells of them until then: nobody else gets them meanwhile. The oldest first, at most 1,000. */
  claimUntold(now: number, until: number): Promise<readonly Alert[]>;
  /** `until`: as it was claimed. */
  told(id: AlertId, now: number, until: number): Promise<void>;
  /** Closings that were not told of yet, of alerts that were, or whose teller ended before; the same way. One that opened again meanwhile is another alert. */
  claimClosed(now: number, until: number): Promise<readonly ClosedAlert[]>;
  toldClosed(telling: RecordId): Promise<void>;
  /** Open ones first, the newest first; at most 1,000. */
  alerts(): Promise<readonly Alert[]>;
  /** False where there is no such open one. Bumps the revision. */
  closeAlert(id: AlertId, now: number): Promise<boolean>;
  /** Those that nobody has looked at as they are now; at most 200. */
  newHosts(): Promise<readonly NewHost[]>;
  changedPostures(): Promise<readonly ChangedPosture[]>;
  /** They need not be looked at again until they change; what somebody else looked at meanwhile, or what changed, raises nothing. Does not bump the revision. */
  lookedAt(what: 'host' | 'posture', looked: readonly LookedAt[], now: number): Promise<void>;
  /** Closes those of devices that are gone, and those of postures that are not off policy, since then or longer; how many. Does not bump the revision. */
  settleDevices(since: number, now: number): Promise<number>;
}
