// The key of what a caller was shown of an assignment's items. It is long, and V8 hashes a text anew each time that it was put together anew, so who calls again gets the
// same text again. The rule: it says all that tells views apart, whatever is remembered.
import type { ItemKind } from '#contract/policy.ts';
import type { Assignment, Caller } from '../call.ts';

interface Made {
  /** And not the assignment: whoever does not come back would keep the policy of then. */
  readonly gateway: Assignment['gateway']['slug'];
  readonly server: Assignment['server']['id'];
  readonly kind: ItemKind;
  readonly key: string;
}

/** Remembers for each caller, who is the same object from call to call, the last one. */
export function createViewKeys(): (of: { readonly caller: Caller; readonly assignment: Assignment }, kind: ItemKind) => string {
  const lastOf = new WeakMap<Caller, Made>();

  return ({ caller, assignment }, kind) => {
    const last = lastOf.get(caller);
    const { slug: gateway } = assignment.gateway;
    const { id: server } = assignment.server;
    if (last?.gateway === gateway && last.server === server && last.kind === kind) return last.key;
    const key = `${caller.user.id}\n${caller.host}\n${caller.workstation ?? ''}\n${gateway}\n${server}\n${kind}`;
    lastOf.set(caller, { gateway, server, kind, key });
    return key;
  };
}
