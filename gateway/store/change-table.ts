// The table of what changed lately. The rule is that of table.ts, of which it is a part.

export interface ChangeTable {
  /** The revision that a change made. One without a row may have been of anything. */
  readonly revision: number;
  /** `person <user id>`, a part of what is in force, or `beside`: nothing of it (sql/recent-change.ts). */
  readonly what: string;
}
