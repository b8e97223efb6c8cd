// Requests that are under way when something that they stand on is switched off: each is cancelled at its server and answered with why. The rule: an answer that
// comes all the same is not passed on. Another change of the policy lets a request that was allowed come to its end.
import { Fault } from '#contract/error.ts';
import type { Identified } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { UnderWay } from '../mcp/under-way.ts';
import { memberOff, switchedOff } from '../policy/decide.ts';
import type { Draft } from './draft.ts';

interface Running {
  readonly request: Identified;
  readonly closed: AbortController;
}

export interface Cut {
  /** Runs a request until it is answered. Rejects with SWITCHED_OFF where what it stands on was switched off meanwhile. */
  during<T>(request: Identified, draft: Draft, closed: AbortController, run: () => T | Promise<T>): Promise<T>;
  close(): void;
}

export function createCut({ inForce }: { readonly inForce: InForce }): Cut {
  const running = new UnderWay<Draft, Running>();
  const unsubscribe = inForce.onChange(review);

  function review(): void {
    const snapshot = inForce.current();
    if (snapshot.off === undefined) return;
    for (const [{ server, trace }, { request, closed }] of running.entries()) {
      const { caller, target } = request;
      const fault =
        switchedOff(snapshot, caller, target.gateway, server?.name) ??
        memberOff(snapshot, caller.user.slug, trace.destination?.workstation ?? null);
      if (fault) closed.abort(fault);
    }
  }

  return {
    async during(request, draft, closed, run) {
      running.set(draft, { request, closed });
      try {
        const done = await run();
        throwIfCut(closed.signal);
        return done;
      } catch (thrown) {
        throwIfCut(closed.signal);
        throw thrown;
      } finally {
        running.delete(draft);
      }
    },
    close: unsubscribe,
  };
}

function throwIfCut({ reason }: AbortSignal): void {
  if (reason instanceof Fault) throw reason;
}
