// News between the parts of a gateway server, and later between its nodes: "look again", never the news itself.
// An implementer promises: at most once, in order per publisher, no persistence. What must survive goes to the store.

export interface Bus {
  publish(topic: Topic): void;
  /** Calls `listener` for every later publish; the returned function ends that. A listener that throws stops nobody else. */
  subscribe(topic: Topic, listener: () => void): () => void;
}

/** `changed`: the store's revision grew (policy, tokens, workstations, approvals). */
export type Topic = 'changed';
