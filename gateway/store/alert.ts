// What the store keeps of alerts, as verbs. An implementer promises what store.ts says, and beyond it: of one subject (`key`) there is one alert, however often it
// is raised; what a page of records raised is kept together with how far the records were read, so none is raised twice for one record.
import type { AlertId } from '#contract/id.ts';

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

export interface AlertStore {
  /** How far a chain was read; undefined where it never was. */
  alertsRead(chain: string): Promise<number | undefined>;
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
  /** Open ones that were not told of yet, the oldest first. */
  untold(): Promise<readonly Alert[]>;
  told(id: AlertId, now: number): Promise<void>;
  /** Open ones first, the newest first; at most 1,000. */
  alerts(): Promise<readonly Alert[]>;
  /** False where there is no such open one. Bumps the revision. */
  closeAlert(id: AlertId, now: number): Promise<boolean>;
  /** Hosts that were seen for the first time after that. */
  newHosts(after: number): Promise<
    readonly {
      readonly id: string;
      readonly title: string | null;
      readonly user: string;
      readonly gateway: string;
      readonly at: number;
    }[]
  >;
}
