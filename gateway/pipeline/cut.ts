// Requests that are under way when something that they stand on is switched off, or when that by which their caller came is revoked: each is cancelled at its server and
// answered with why. The rule: an answer that comes all the same is not passed on. Another change of the policy lets a request that was allowed come to its end.
import { Fault } from '#contract/error.ts';
import type { Caller, Identified } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { UnderWay } from '../mcp/under-way.ts';
import { memberOff, switchedOff } from '../policy/decide.ts';
import type { Draft } from './draft.ts';

interface Running {
  readonly draft: Draft;
  readonly request: Identified;
  readonly closed: AbortController;
}

export interface Cut {
  /** Runs a request until it is answered. Rejects with SWITCHED_OFF, TOKEN_REVOKED or WORKSTATION_REVOKED where that happened to what it stands on meanwhile. */
  during<T>(request: Identified, draft: Draft, closed: AbortController, run: () => T | Promise<T>): Promise<T>;
  close(): void;
}

export function createCut({
  inForce,
  stands,
}: {
  readonly inForce: InForce;
  /** Rejects where that by which a caller came counts no more. */
  readonly stands: (caller: Caller) => Promise<void>;
}): Cut {
  const running = new UnderWay<number, Running>();
  let last = 0;
  let isLooking = false;
  let isStale = false;
  const unsubscribe = inForce.onChange(review);

  function review(): void {
    void reviewCallers();
    const snapshot = inForce.current();
    if (snapshot.off === undefined) return;
    for (const { draft, request, closed } of running.values()) {
      const { server, trace } = draft;
      const { caller, target } = request;
      const fault =
        switchedOff(snapshot, caller, target.gateway, server?.name) ??
        memberOff(snapshot, caller.user.slug, trace.destination?.workstation ?? null);
      if (fault) closed.abort(fault);
    }
  }

  /** Each of those by whom requests are under way is asked for once, and again where something changed meanwhile. */
  async function reviewCallers(): Promise<void> {
    isStale = true;
    if (isLooking) return;
    isLooking = true;
    while (isStale) {
      isStale = false;
      const byCaller = Map.groupBy(running.values(), ({ request: { caller } }) => caller.token ?? caller.workstation ?? '');
      for (const [first, ...others] of byCaller.values()) {
        const fault = first && (await revokedOf(first.request.caller));
        if (fault) for (const { closed } of [first, ...others]) closed.abort(fault);
      }
    }
    isLooking = false;
  }

  /** A store that does not answer revokes nobody: what is under way was allowed, and is looked at again once it does. */
  async function revokedOf(caller: Caller): Promise<Fault | undefined> {
    try {
      await stands(caller);
    } catch (error) {
      if (error instanceof Fault && (error.code === 'TOKEN_REVOKED' || error.code === 'WORKSTATION_REVOKED')) return error;
    }
    return undefined;
  }

  return {
    async during(request, draft, closed, run) {
      const id = ++last;
      running.set(id, { draft, request, closed });
      try {
        const done = await run();
        throwIfCut(closed.signal);
        return done;
      } catch (thrown) {
        throwIfCut(closed.signal);
        throw thrown;
      } finally {
        running.delete(id);
      }
    },
    close: unsubscribe,
  };
}

function throwIfCut({ reason }: AbortSignal): void {
  if (reason instanceof Fault) throw reason;
}
