// The key of what a caller was shown of an assignment's items. It is long, and V8 hashes a text anew each time that it was put together anew, so who calls again gets the
// same text again. The rule: it says all that tells views apart, whatever is remembered.
import type { ItemKind } from '#contract/policy.ts';
import type { Assignment, Caller } from '../call.ts';

interface Made {
  readonly assignment: Assignment;
  readonly kind: ItemKind;
  readonly key: string;
}

/** Remembers for each caller, who is the same object from call to call, the last one. */
export function createViewKeys(): (of: { readonly caller: Caller; readonly assignment: Assignment }, kind: ItemKind) => string {
  const lastOf = new WeakMap<Caller, Made>();

  return ({ caller, assignment }, kind) => {
    const last = lastOf.get(caller);
    if (last?.assignment === assignment && last.kind === kind) return last.key;
    const { gateway, server } = assignment;
    const key = `${caller.user.id}\n${caller.host}\n${caller.workstation ?? ''}\n${gateway.slug}\n${server.id}\n${kind}`;
    lastOf.set(caller, { assignment, kind, key });
    return key;
  };
}
