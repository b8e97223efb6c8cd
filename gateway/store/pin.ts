// What the store keeps of definitions of items, as verbs. An implementer promises what store.ts says, and beyond it: what was decided of a definition stays, however
// often it is seen again; of one item at most one definition is accepted that nobody decided of.
import type { Hints } from '#contract/condition.ts';
import type { AssignmentId, Slug, WorkstationId } from '#contract/id.ts';
import type { PinState, SeenDefinition } from '#contract/pin.ts';
import type { ItemKind } from '#contract/policy.ts';

/** What counts of a definition at a call. `name` undefined: the row can't be read. */
export interface PinRow {
  readonly assignment: AssignmentId;
  readonly kind: ItemKind;
  readonly name: string | undefined;
  readonly hash: string;
  readonly body: string;
  readonly hints: Hints;
  readonly state: PinState;
  readonly decidedAt: number | null;
}
export interface StoredPin extends SeenDefinition {
  readonly gateway: Slug;
  readonly server: Slug;
  readonly seenAt: number;
  readonly seenBy: Slug;
  /** The workstation whose server said so; null of a remote server. */
  readonly seenOn: WorkstationId | null;
  readonly decidedAt: number | null;
  readonly note: string | null;
}
/** As lists show it: without itself, which may be long. */
export type ListedPin = Omit<StoredPin, 'definition' | 'body'>;
export interface PinFilter {
  readonly gateway?: string | undefined;
  readonly server?: string | undefined;
  readonly state?: PinState | undefined;
}
/** One definition, as people name it: by the assignment, the item and a hash. */
export interface PinName {
  readonly gateway: Slug;
  readonly server: Slug;
  readonly kind: ItemKind;
  readonly name: string;
  readonly hash: string;
}

export interface PinPage {
  readonly pins: readonly ListedPin[];
  readonly next: string | null;
}

export interface PinStore {
  /** All rows, and a text that is the same as long as they are; without the rows where it is the `known` one. */
  rows(known: string | undefined): Promise<{ readonly version: string; readonly rows: readonly PinRow[] | undefined }>;
  /**
   * Keeps definitions that were not seen yet, each accepted or waiting as it says; where another definition of the item is known already, it waits. Returns what was
   * new, as it was kept. An item keeps 32 definitions, an assignment 20,000; more are not kept, and so count as waiting. Assignments that are gone keep none.
   */
  saw(
    assignment: AssignmentId,
    seen: readonly SeenDefinition[],
    by: { readonly user: Slug; readonly workstation: WorkstationId | null },
    at: number,
  ): Promise<readonly SeenDefinition[]>;
  /**
   * At most so many that fit, in the order of gateway and server, then one that stays, and where to go on after them: null at the end. `after`: where a page before
   * said to; undefined for one that none said.
   */
  page(of: PinFilter, limit: number, after?: string): Promise<PinPage | undefined>;
  /** Two at most of those whose hash begins so. */
  begunWith(hash: string, of: PinFilter): Promise<readonly StoredPin[]>;
  /** The accepted definitions of its own item, and of those it came for. */
  counterparts(of: ListedPin): Promise<readonly StoredPin[]>;
  /** In the same order; undefined for what is not known. */
  named(names: readonly PinName[]): Promise<readonly (ListedPin | undefined)[]>;
  /** Decides of definitions, all or none: false where one of them is not known. Accepting a renamed one has those that it came for wait again. */
  decide(pins: readonly PinName[], state: 'accepted' | 'rejected', note: string | null, now: number): Promise<boolean>;
}
