// Requests that are under way when something that they stand on is switched off, or when that by which their caller came is revoked: each is cancelled at its server and
// answered with why. The rule: an answer that comes all the same is not passed on. Another change of the policy lets a request that was allowed come to its end.
import { type ErrorCode, Fault } from '#contract/error.ts';
import type { Caller, Identified } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { UnderWay } from '../mcp/under-way.ts';
import { memberOff, switchedOff } from '../policy/decide.ts';
import type { Draft } from './draft.ts';

type By = Pick<Identified, 'caller' | 'target'>;
type Toward = Pick<Draft, 'server' | 'trace'>;
interface Running {
  readonly toward: Toward;
  readonly by: By;
  readonly closed: AbortController;
}

export interface Cut {
  /** Runs a request, or what is asked in its course, until it is answered. Rejects with one of `isCut` where that happened to what it stands on meanwhile. */
  during<T>(by: By, toward: Toward, closed: AbortController, run: () => T | Promise<T>): Promise<T>;
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
    for (const { toward, by, closed } of running.values()) {
      const { server, trace } = toward;
      const { caller, target } = by;
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
      const byCaller = Map.groupBy(running.values(), ({ by: { caller } }) => caller.token ?? caller.workstation ?? '');
      for (const [first, ...others] of byCaller.values()) {
        const fault = first && (await revokedOf(first.by.caller));
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
      if (error instanceof Fault && revoking.has(error.code)) return error;
    }
    return undefined;
  }

  return {
    async during(by, toward, closed, run) {
      const id = ++last;
      running.set(id, { toward, by, closed });
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

/** SWITCHED_OFF, TOKEN_REVOKED, WORKSTATION_REVOKED: it says nothing of the server that was asked. */
export function isCut({ code }: Fault): boolean {
  return code === 'SWITCHED_OFF' || revoking.has(code);
}

const revoking: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['TOKEN_REVOKED', 'WORKSTATION_REVOKED']);

function throwIfCut({ reason }: AbortSignal): void {
  if (reason instanceof Fault) throw reason;
}
