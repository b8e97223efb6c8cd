// Pins: which definition of an item somebody stood for. The rule: a pin is of the whole definition, and a definition that is not pinned is shown to nobody.
import type { Hints } from './condition.ts';
import type { ItemKind } from './policy.ts';

/**
 * Of an assignment. `off`: whatever its server says of its items is shown. `first-use` (where the policy says nothing): a new item is pinned as it is first seen;
 * one that changes, is renamed or is suspicious waits for an administrator. `approve`: everything waits.
 */
export const pinPolicies = ['off', 'first-use', 'approve'] as const;
export type PinPolicy = (typeof pinPolicies)[number];

/** `accepted`: it is shown and may be used. `waiting`: nobody decided yet. `rejected`: an administrator said no. Only the first counts. */
export const pinStates = ['accepted', 'waiting', 'rejected'] as const;
export type PinState = (typeof pinStates)[number];

/** How it came: the item is new, and maybe suspicious; it had another definition; or others are gone from the list that it is new in. */
export const pinReasons = ['new', 'suspicious', 'changed', 'renamed'] as const;
export type PinReason = (typeof pinReasons)[number];

/**
 * What is suspicious in a definition. `invisible`: characters that nobody sees. `bidi`: they turn the direction of the text. `instructions`: words for the model
 * (heuristics). `ambiguous`: two readers could read two different things (a key twice, a number that is not kept exactly). `same-name`, `look-alike`: another
 * server of the gateway has an item of this name, or of one that looks like it.
 */
export const suspicions = ['invisible', 'bidi', 'instructions', 'ambiguous', 'same-name', 'look-alike'] as const;
export type SuspicionKind = (typeof suspicions)[number];
export interface Suspicion {
  readonly kind: SuspicionKind;
  /** A JSON pointer (RFC 6901) into the definition; a key that is suspicious itself is what it ends with. */
  readonly pointer: string;
  /** In words, with nothing invisible in them. */
  readonly detail: string;
}

/** One place in which two definitions differ. Absent on one side: it is not there. */
export interface Difference {
  readonly pointer: string;
  /** JSON text in which everything can be seen. */
  readonly before?: string;
  readonly after?: string;
}

/** One definition of one item, as it was seen in the list of a server. */
export interface SeenDefinition {
  readonly kind: ItemKind;
  readonly name: string;
  /** SHA-256, hex: of the definition, and of it without its names. */
  readonly hash: string;
  readonly body: string;
  /** Canonical JSON; empty where it is too long to be kept. */
  readonly definition: string;
  /** What of it conditions of the policy may ask for; of an ambiguous one nothing. */
  readonly hints: Hints;
  readonly state: PinState;
  readonly reason: PinReason;
  readonly suspicions: readonly Suspicion[];
  /** Of a renamed one: the names that are gone from that list. */
  readonly gone: readonly string[];
}
