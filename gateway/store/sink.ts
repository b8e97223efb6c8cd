// What the store keeps of the sinks that records are sent to, as verbs. An implementer promises what store.ts says, and beyond it: a sink that is new owes
// exactly the records that are committed after the policy that names it; only who holds its lease moves it; what is told of its progress does not bump the revision.
import type { SinkId, Slug } from '#contract/id.ts';
import type { PolicySink } from '#contract/sink.ts';

/** A sink of the policy in force. Its id is kept as long as its slug stays. */
export interface StoredSink {
  readonly id: SinkId;
  readonly slug: Slug;
  readonly config: PolicySink;
}

/** Sealed; the store can't open it. */
export interface SinkSecret {
  readonly sink: SinkId;
  /** One of secretsOf() of its sink when it was set. */
  readonly name: string;
  /** destinationOf() its sink when it was set: it goes nowhere else. */
  readonly origin: string;
  readonly sealed: string;
  readonly setAt: number;
}

/** By chain: the number of the last record that it does not owe any more. A chain that is not named is owed whole. */
export type Cursors = ReadonlyMap<string, number>;

/** A record that its receiver will not take, while it takes others. */
export interface ParkedRecord {
  readonly chain: string;
  readonly seq: number;
  readonly reason: string;
}

/** What happened since the last report. */
export interface SinkProgress {
  readonly cursors: Cursors;
  readonly sent: number;
  /** Records that the receiver took and then said that it dropped. */
  readonly rejected: number;
  /** Records that it does not owe any more though they were not sent. */
  readonly skipped: number;
  readonly parked: readonly ParkedRecord[];
  /** Why nothing arrives there; null: it goes well, where something was sent. */
  readonly error: string | null;
  /** What it says of records that arrived. */
  readonly complaint: string | null;
  readonly at: number;
}

export interface SinkStanding extends StoredSink {
  readonly owed: number;
  /** When the oldest record that it owes was made, ms since 1970; null where it owes none. */
  readonly oldestAt: number | null;
  readonly cursors: Cursors;
  readonly sent: number;
  readonly rejected: number;
  readonly skipped: number;
  readonly parked: number;
  readonly deliveredAt: number | null;
  /** Since when nothing arrives there; null while it goes well. */
  readonly failingSince: number | null;
  /** The last error, also one that is over. */
  readonly lastError: string | null;
  readonly lastErrorAt: number | null;
  readonly secrets: readonly Pick<SinkSecret, 'name' | 'origin' | 'setAt'>[];
}

export interface SinkStore {
  /** In the order of their slugs. */
  sinks(): Promise<readonly StoredSink[]>;
  standing(): Promise<readonly SinkStanding[]>;
  /** How far it has come, for the one who may send until then: nobody else holds it, or its time is over. Undefined where somebody does, or there is no such sink. */
  lease(sink: SinkId, holder: string, now: number, until: number): Promise<Cursors | undefined>;
  /** False where the lease is somebody else's now, or the sink is gone: then nothing was changed. */
  report(sink: SinkId, holder: string, progress: SinkProgress): Promise<boolean>;
  release(sink: SinkId, holder: string): Promise<void>;

  parked(sink: SinkId): Promise<readonly ParkedRecord[]>;
  /** They are no longer set aside. */
  unpark(sink: SinkId, records: readonly Pick<ParkedRecord, 'chain' | 'seq'>[]): Promise<void>;

  secrets(): Promise<readonly SinkSecret[]>;
  /** In the place of the one of its name. False where there is no such sink. Bumps the revision. */
  setSecret(secret: SinkSecret): Promise<boolean>;
  /** Replaces sealed values that are still what they were; how many were. */
  resealSecrets(
    changes: readonly (Pick<SinkSecret, 'sink' | 'name'> & { readonly before: string; readonly after: string })[],
  ): Promise<number>;
}
