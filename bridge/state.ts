// What is true on this device now, in one place and as one stream: the parts report here, the tray, the CLI and the posture read here.
// Rule: a subscriber gets the current state at once and then each that differs; news of one turn are one state.
import type { AgentState } from '#contract/agent.ts';
import type { Finding } from '#contract/finding.ts';

/** Who found something. Each part tells all it finds now; what it no longer tells is over. */
export type FindingSource = 'profile' | 'device' | 'tunnel' | 'gateway' | 'hosts' | 'restart' | 'servers' | 'pause';

export interface StateStream {
  readonly current: AgentState;
  update(news: Partial<AgentState>): void;
  found(source: FindingSource, findings: readonly Finding[]): void;
  /** The returned function ends it. A listener that throws stops nobody else. */
  subscribe(listener: (state: AgentState) => void): () => void;
  /** Resolves with the first state that fits, the current one included; undefined after `withinMs` or when the signal aborts. */
  until(fits: (state: AgentState) => boolean, withinMs: number, signal?: AbortSignal): Promise<AgentState | undefined>;
}

export function createState(first: AgentState, onError: (error: unknown) => void): StateStream {
  let current = first;
  let told = JSON.stringify(first);
  let isScheduled = false;
  const listeners = new Set<(state: AgentState) => void>();
  const findings = new Map<FindingSource, readonly Finding[]>();

  const call = (listener: (state: AgentState) => void): void => {
    try {
      listener(current);
    } catch (error) {
      onError(error);
    }
  };
  const tell = (): void => {
    isScheduled = false;
    const text = JSON.stringify(current);
    if (text === told) return;
    told = text;
    for (const listener of [...listeners]) if (listeners.has(listener)) call(listener);
  };
  const update = (news: Partial<AgentState>): void => {
    current = { ...current, ...news };
    if (isScheduled) return;
    isScheduled = true;
    queueMicrotask(tell);
  };
  const subscribe = (listener: (state: AgentState) => void): (() => void) => {
    listeners.add(listener);
    call(listener);
    return () => listeners.delete(listener);
  };

  return {
    get current() {
      return current;
    },
    update,
    found(source, now) {
      findings.set(source, now);
      update({ findings: [...findings.values()].flat() });
    },
    subscribe,
    until(fits, withinMs, signal) {
      if (fits(current)) return Promise.resolve(current);
      return new Promise((resolve) => {
        const settle = (state: AgentState | undefined): void => {
          clearTimeout(deadline);
          signal?.removeEventListener('abort', onAbort);
          unsubscribe();
          resolve(state);
        };
        const onAbort = (): void => settle(undefined);
        const deadline = setTimeout(onAbort, withinMs);
        signal?.addEventListener('abort', onAbort);
        const unsubscribe = subscribe((state) => {
          if (fits(state)) queueMicrotask(() => settle(state));
        });
        if (signal?.aborted) onAbort();
      });
    },
  };
}
