// Which apps and agents came, and which are let in. What is decided is about the identity that somebody vouches for, never about a name that a host gives itself.
import { isHostRefused, proofOfHost, type HostProof } from '#contract/host-identity.ts';
import type { PolicyFile } from '#contract/policy.ts';
import type { Connection } from '../store/sign-in.ts';
import type { HostUse, SeenHost, Store } from '../store/store.ts';
import { type Acting, type AdminContext, doing } from './context.ts';
import { changePolicy } from './policy-part.ts';
import { unknownName } from './suggest.ts';

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

export function hostMode({ hosts = 'open' }: Pick<PolicyFile, 'hosts'>): { readonly mode: 'open' | 'allow-list' } {
  return { mode: hosts };
}

export async function setHostMode(context: AdminContext, mode: 'open' | 'allow-list') {
  const after = await changePolicy(context, {
    operation: 'hosts.set-mode',
    target: 'hosts',
    show: hostMode,
    change: (policy) => ({ ...policy, hosts: mode }),
  });
  return hostMode(after);
}

/** All that is known of one host. */
export interface ShownHost extends SeenHost {
  readonly proof: HostProof;
  /** As it stands now, by what was decided and by whether only known ones are let in. */
  readonly isLetIn: boolean;
  /** Who used it at which gateway, the newest first. */
  readonly uses: readonly HostUse[];
  /** What people let in by signing in, and what is revoked of that. */
  readonly connections: readonly Connection[];
}

/** Rejects with NAME_UNKNOWN where it neither came nor was decided of. */
export async function showHost(store: Store, id: string): Promise<ShownHost> {
  const all = await store.hosts();
  const found = all.find((one) => one.id === id);
  if (!found)
    throw unknownName(
      'host',
      id,
      all.map((one) => one.id),
      'none was used here or decided of',
    );
  const [uses, connections, { policy }] = await Promise.all([store.hostUses(id), store.signIn.connections(), store.policy()]);
  return {
    ...found,
    proof: proofOfHost(id),
    isLetIn: !isHostRefused(id, found.state, policy.hosts ?? 'open'),
    uses,
    connections: connections.filter(({ client }) => client === id),
  };
}
