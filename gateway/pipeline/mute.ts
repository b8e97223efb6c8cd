// Servers that lately did not answer when their tools were listed, each for one user on one workstation: one of them holds up only the first of many lists.
// The rule: it is forgotten as soon as the server answers anything, and after a while anyway.
import type { Assignment, Caller } from '../call.ts';

/** How long a list waits for a server where it has nothing else to show: less than the 10 s that Codex gives a server to start. */
export const listWithinMs = 8000;
/** For one that did not answer the last time. */
export const muteWithinMs = 1000;
const forgottenAfterMs = 300_000;
const limit = 10_000;

export interface Mute {
  has(caller: Caller, assignment: Assignment): boolean;
  add(caller: Caller, assignment: Assignment): void;
  /** It answered. */
  delete(caller: Caller, assignment: Assignment): void;
}

export function createMute(now: () => number = () => performance.now()): Mute {
  const until = new Map<string, number>();
  const keyOf = (caller: Caller, { server }: Assignment) => [caller.user.id, caller.workstation ?? '', server.slug].join('\n');
  return {
    has: (caller, assignment) => (until.get(keyOf(caller, assignment)) ?? 0) > now(),
    add(caller, assignment) {
      if (until.size >= limit) until.clear();
      until.set(keyOf(caller, assignment), now() + forgottenAfterMs);
    },
    delete(caller, assignment) {
      if (until.size > 0) until.delete(keyOf(caller, assignment));
    },
  };
}
