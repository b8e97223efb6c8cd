// What the store does for records whose time is over, as verbs. An implementer promises what store.ts says, and beyond it: records go only from the beginning of
// their chain, together with all that was made from them and with the mark that says so, in one transaction; and none goes that somebody still has to read.
import type { PolicyRetention } from '#contract/retention.ts';

/** Where a chain begins now. What was before is gone, by policy. */
export interface Removal {
  readonly chain: string;
  /** The last record that is gone, and its hash. */
  readonly seq: number;
  readonly hash: string;
  /** When it went, ms since 1970. */
  readonly at: number;
  /** All that are gone were made before that, ms since 1970. */
  readonly before: number;
  /** Over all of it, under a key that is not in the database. */
  readonly mac: string;
}

/** Up to which record of a chain nobody needs them any more, and who needs the next: `index`, `alerts`, or the slug of a sink behind `sink `. */
export interface Needed {
  readonly seq: number;
  readonly by: string;
}

export interface RetentionStore {
  /** What the policy in force says. */
  setting(): Promise<PolicyRetention | undefined>;
  removals(): Promise<readonly Removal[]>;
  removal(chain: string): Promise<Removal | undefined>;
  /**
   * Who reads the chain and is behind most. Alerts are looked for by the gateway server whose chain it is: one that wrote nothing since
   * `before` is not waited for.
   */
  needed(chain: string, before: number): Promise<Needed>;
  /**
   * Removes the records after `after`, where the chain begins until now, up to the mark. `setAside`: how many of them sinks had set aside, which goes with them. Undefined,
   * and nothing was changed, where the chain begins somewhere else or a record is still needed. Does not bump the revision.
   */
  remove(mark: Removal, after: number): Promise<{ readonly setAside: number } | undefined>;
}
