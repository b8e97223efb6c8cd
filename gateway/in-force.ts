// The policy in force: compiled from the store at start, and what changed of it whenever the store did. A failed compile keeps nothing:
// calls are refused with POLICY_MISSING until it succeeds, because a stale policy may allow what was taken away. What is switched off is read beside it.
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { Switch } from '#contract/switch.ts';
import type { Bus } from './bus/bus.ts';
import { compilePins, type PinBoards } from './policy/pins.ts';
import { compile, type Snapshot, type Source } from './policy/compile.ts';
import { compileOff } from './policy/switch.ts';
import { compileDepsOf, createRuleCompiler } from './rule/loading.ts';
import { createStateReader, type ReadState } from './state.ts';
import type { Store } from './store/store.ts';

const retryAfterMs = 1000;
/** What setTimeout can wait at most; then it is looked at again. */
const longestTimerMs = 2 ** 31 - 1;

export interface InForce {
  /** The snapshot to decide by. Throws POLICY_MISSING where there is none. */
  current(): Snapshot;
  /** Calls `listener` each time that another snapshot is in force; the returned function ends that. */
  onChange(listener: () => void): () => void;
  close(): void;
}

export interface Refreshing {
  /** Resolves when what the store holds now is in force, or nothing is. */
  refreshed(): Promise<void>;
}

interface InForceDeps {
  readonly store: Store;
  /** Shared with others who follow the store; absent: by itself. */
  readonly readState?: ReadState;
  readonly bus: Bus;
  readonly logger: Logger;
  /** Of this gateway server, the same after a restart: rules hash by it. */
  readonly hashSecret: Buffer;
  readonly now?: () => number;
}

/** Compiles once, then follows the bus. Rejects only where the first compile fails. */
export async function openInForce(deps: InForceDeps): Promise<InForce & Refreshing> {
  const now = deps.now ?? Date.now;
  const readSnapshot = createSnapshotReader(deps);
  let waiting: (() => void)[] = [];
  let [compiled, switches]: [Snapshot | undefined, readonly Switch[] | undefined] = await Promise.all([
    readSnapshot(),
    deps.store.switches(),
  ]);
  let snapshot: Snapshot | undefined;
  let retry: NodeJS.Timeout | undefined;
  let onAgain: NodeJS.Timeout | undefined;
  const listeners = new Set<() => void>();

  const readPolicy = oneAtATime(async () => {
    const told = waiting;
    waiting = [];
    try {
      compiled = await readSnapshot();
    } catch (error) {
      compiled = undefined;
      failed(error);
    }
    combine();
    for (const tell of told) tell();
  });

  /** By itself: a large policy takes its time, and what is switched off must not wait for it. */
  const readSwitches = oneAtATime(async () => {
    try {
      const read = await deps.store.switches();
      const isSame = JSON.stringify(read) === JSON.stringify(switches);
      switches = read;
      if (isSame) return;
    } catch (error) {
      switches = undefined;
      failed(error);
    }
    combine();
  });

  function refresh(): void {
    readSwitches();
    readPolicy();
  }

  function failed(error: unknown): void {
    deps.logger.error({ err: error }, 'policy could not be read, so every call is refused');
    clearTimeout(retry);
    retry = setTimeout(refresh, retryAfterMs).unref();
  }

  function combine(): void {
    const off = switches && compileOff(switches, now);
    const isNews = (off === undefined) !== (snapshot?.off === undefined) || off?.changesAt !== snapshot?.off?.changesAt;
    if (isNews)
      deps.logger.warn({ isAnythingOff: off !== undefined, changesAt: off?.changesAt }, 'what is switched off has changed');
    snapshot = compiled && switches && { ...compiled, off };
    clearTimeout(onAgain);
    if (off?.changesAt !== undefined)
      onAgain = setTimeout(combine, Math.min(Math.max(off.changesAt - now(), 1), longestTimerMs)).unref();
    if (snapshot) tellAll();
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

  combine();
  const unsubscribe = deps.bus.subscribe('changed', refresh);
  return {
    current() {
      if (!snapshot) throw new Fault('POLICY_MISSING');
      return snapshot;
    },
    refreshed: () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
        refresh();
      }),
    onChange(listener) {
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    close() {
      unsubscribe();
      listeners.clear();
      clearTimeout(retry);
      clearTimeout(onAgain);
    },
  };
}

/** Reads again where something changed while it read. */
function oneAtATime(read: () => Promise<void>): () => void {
  let isReading = false;
  let isStale = false;
  return () => {
    isStale = true;
    if (isReading) return;
    isReading = true;
    void (async () => {
      try {
        while (isStale) {
          isStale = false;
          await read();
        }
      } finally {
        // In the same turn as the last look: what changes after it begins anew.
        isReading = false;
      }
    })();
  };
}

/** Reads pins only where one of them changed. */
function createPinReader({ pin }: Store): () => Promise<PinBoards> {
  let last: { readonly version: string; readonly boards: PinBoards } | undefined;
  const none = compilePins([]);
  return async () => {
    const { version, rows } = await pin.rows(last?.version);
    if (rows) last = { version, boards: compilePins(rows) };
    return last?.boards ?? none;
  };
}

/** Compiles only what changed since the last one. */
function createSnapshotReader({ store, hashSecret, readState = createStateReader(store) }: InForceDeps): () => Promise<Snapshot> {
  const rulesOf = createRuleCompiler(compileDepsOf(hashSecret));
  const readPins = createPinReader(store);
  let last: { readonly source: Source; readonly snapshot: Snapshot } | undefined;
  return async () => {
    const [state, pins] = await Promise.all([readState(), readPins()]);
    const { rules, captures } = last?.source.policy === state.policy ? last.source : await rulesOf(state.policy);
    const { policy, ids, people, offers, approvals, hosts } = state;
    const source: Source = { policy, ids, people, offers, approvals, hosts, pins, rules, captures };
    last = { source, snapshot: compile(source, last) };
    return last.snapshot;
  };
}
