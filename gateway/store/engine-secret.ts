// The secrets of engines, as verbs (a part of store.ts). The store can't open them. An implementer promises: one goes with its engine, in the transaction in which that
// leaves the policy.
import type { Slug } from '#contract/id.ts';

export interface EngineSecret {
  readonly engine: Slug;
  /** In lower case. */
  readonly header: string;
  /** Where it may be sent. */
  readonly origin: string;
  readonly sealed: string;
  readonly setAt: number;
  /** Who set it, in words. */
  readonly setBy: string;
}

export interface EngineSecretStore {
  all(): Promise<readonly EngineSecret[]>;
  of(engine: Slug): Promise<EngineSecret | undefined>;
  /** In the place of what was there. False where there is no such engine. Bumps the revision, as those below. */
  set(secret: EngineSecret): Promise<boolean>;
  /** False where there was none. */
  remove(engine: Slug): Promise<boolean>;
  /** Replaces one that is still what it was; how many. */
  reseal(engine: Slug, before: string, after: string): Promise<number>;
}
