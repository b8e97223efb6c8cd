// The policy in force: compiled from the store at start and again whenever the store changed. A failed compile keeps nothing:
// calls are refused with POLICY_MISSING until it succeeds, because a stale policy may allow what was taken away.
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { Bus } from './bus/bus.ts';
import { compile, type Snapshot } from './policy/compile.ts';
import { compileDepsOf, createRuleCompiler, type RuleCompiler } from './rule/loading.ts';
import type { Store } from './store/store.ts';

const retryAfterMs = 1000;

export interface InForce {
  /** The snapshot to decide by. Throws POLICY_MISSING where there is none. */
  current(): Snapshot;
  /** Calls `listener` each time that another snapshot is in force; the returned function ends that. */
  onChange(listener: () => void): () => void;
  close(): void;
}

interface InForceDeps {
  readonly store: Store;
  readonly bus: Bus;
  readonly logger: Logger;
  /** Of this gateway server, the same after a restart: rules hash by it. */
  readonly hashSecret: Buffer;
}

/** Compiles once, then follows the bus. Rejects only where the first compile fails. */
export async function openInForce(deps: InForceDeps): Promise<InForce> {
  const rulesOf = createRuleCompiler(compileDepsOf(deps.hashSecret));
  const read = () => readSnapshot(deps.store, rulesOf);
  let snapshot: Snapshot | undefined = await read();
  let isReading = false;
  let isStale = false;
  let retry: NodeJS.Timeout | undefined;
  const listeners = new Set<() => void>();

  async function refresh(): Promise<void> {
    isStale = true;
    if (isReading) return;
    isReading = true;
    try {
      while (isStale) {
        isStale = false;
        try {
          snapshot = await read();
          tellAll();
        } catch (error) {
          snapshot = undefined;
          deps.logger.error({ err: error }, 'policy could not be read, so every call is refused');
          clearTimeout(retry);
          retry = setTimeout(() => void refresh(), retryAfterMs).unref();
        }
      }
    } finally {
      isReading = false;
    }
  }

  function tellAll(): void {
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        deps.logger.error({ err: error }, 'a part of the gateway server could not follow a change of the policy');
      }
    }
  }

  const unsubscribe = deps.bus.subscribe('changed', () => void refresh());
  return {
    current() {
      if (!snapshot) throw new Fault('POLICY_MISSING');
      return snapshot;
    },
    onChange(listener) {
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    close() {
      unsubscribe();
      listeners.clear();
      clearTimeout(retry);
    },
  };
}

async function readSnapshot(store: Store, rulesOf: RuleCompiler): Promise<Snapshot> {
  const [stored, offers, approvals, hosts] = await Promise.all([
    store.policy(),
    store.offers(),
    store.approvals(),
    store.decidedHosts(),
  ]);
  return compile({ ...stored, offers, approvals, hosts, rules: await rulesOf(stored.policy) });
}
