// The rows of the table `pin`: definitions of items that were seen. The rule is that of table.ts, of which it is a part.
import type { AssignmentId, Slug, WorkstationId } from '#contract/id.ts';
import type { PinPolicy, PinReason, PinState } from '#contract/pin.ts';
import type { ItemKind } from '#contract/policy.ts';

/** Of an assignment. Null: at first use. */
export type PinsColumn = PinPolicy | null;

export interface PinTable {
  readonly assignment_id: AssignmentId;
  /** SHA-256 of kind and name, which may be long. */
  readonly item: string;
  readonly hash: string;
  readonly kind: ItemKind;
  /** JSON text, as it may hold what a database takes for no text. */
  readonly name: string;
  readonly body: string;
  readonly definition: string;
  /** JSON; null: it says nothing that conditions ask for. */
  readonly hints: string | null;
  readonly state: PinState;
  readonly reason: PinReason;
  /** JSON, both. */
  readonly suspicions: string;
  readonly gone: string;
  readonly seen_at: number;
  readonly seen_by: Slug;
  readonly seen_on: WorkstationId | null;
  readonly decided_at: number | null;
  readonly note: string | null;
  /** Of the store, when the row was changed last. */
  readonly revision: number;
}
