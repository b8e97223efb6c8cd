// Pins: which definition of an item somebody stood for. The rule: a pin is of the whole definition, and a definition that is not pinned is shown to nobody.
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
