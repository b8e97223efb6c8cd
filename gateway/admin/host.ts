// Which apps and agents are let in. What is decided is about the identity that somebody vouches for, never about a name that a host gives itself.
import { type Acting, doing } from './context.ts';

const operations = { allowed: 'hosts.allow', blocked: 'hosts.block' } as const;

/** Also one that was not seen yet. False where that is so already. */
export async function decideHost(acting: Acting, id: string, state: 'allowed' | 'blocked', now: number): Promise<boolean> {
  const known = (await acting.store.hosts()).find((one) => one.id === id);
  const before = known ? { id, state: known.state } : null;
  return doing(acting, now, { operation: operations[state], target: id, before, after: { id, state } }).decideHost(
    id,
    state,
    now,
  );
}
