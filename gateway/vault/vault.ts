// Whose identity a call bears at its upstream: found in the store, opened here, and forgotten at every change of the store. A call without the
// identity that its assignment wants ends with words that say which one is missing; there is no other one to fall back to.
import { Fault } from '#contract/error.ts';
import type { GatewayId, ServerId, UserId } from '#contract/id.ts';
import type { Secret } from '#contract/secret.ts';
import type { Bus } from '../bus/bus.ts';
import type { Store, StoredIdentity } from '../store/store.ts';
import { type Binding, type KeyEncryption, unseal } from './seal.ts';

export interface Wanted {
  readonly kind: 'own' | 'shared';
  readonly server: { readonly id: ServerId; readonly slug: string };
  readonly user: { readonly id: UserId; readonly slug: string };
  readonly gateway: GatewayId;
  /** Where the server is now. One that was set for another origin does not count. */
  readonly origin: string;
}
export interface Identity {
  readonly id: string;
  /** Grows with each new value of the same identity. */
  readonly setAt: number;
  readonly value: Secret<string>;
}
export interface Vault {
  /** The one for this gateway, else the one for any; at once where it is remembered. Rejects with IDENTITY_MISSING, VAULT_KEY_MISSING, VAULT_DAMAGED. */
  identity(wanted: Wanted): Identity | Promise<Identity>;
  close(): void;
}

const rememberAtMost = 10_000;

export function createVault(deps: { store: Store; bus: Bus; keys: KeyEncryption }): Vault {
  const known = new Map<string, Identity>();
  // A value that was read before a change must not be remembered after it.
  let generation = 0;
  const unsubscribe = deps.bus.subscribe('changed', () => {
    generation++;
    known.clear();
  });

  async function open(key: string, wanted: Wanted): Promise<Identity> {
    const began = generation;
    const user = wanted.kind === 'own' ? wanted.user.id : null;
    const found = await deps.store.identity(wanted.server.id, user, wanted.gateway);
    if (!found || found.origin !== wanted.origin) throw missing(wanted);
    const identity = { id: found.id, setAt: found.setAt, value: await unseal(found.sealed, bindingOf(found), deps.keys) };
    if (began === generation) {
      const oldest = known.size >= rememberAtMost ? known.keys().next().value : undefined;
      if (oldest !== undefined) known.delete(oldest);
      known.set(key, identity);
    }
    return identity;
  }

  return {
    identity(wanted) {
      const key = `${wanted.server.id}\n${wanted.kind === 'own' ? wanted.user.id : ''}\n${wanted.gateway}\n${wanted.origin}`;
      return known.get(key) ?? open(key, wanted);
    },
    close() {
      unsubscribe();
      known.clear();
    },
  };
}

/** What a stored identity is sealed to. */
export function bindingOf({ id, server, user, gateway, origin }: Omit<StoredIdentity, 'sealed' | 'setAt'>): Binding {
  return {
    table: 'identity',
    column: 'sealed',
    row: id,
    server: server.id,
    user: user?.id ?? 'shared',
    gateway: gateway?.id ?? 'any',
    origin,
  };
}

function missing({ kind, server, user }: Wanted): Fault {
  const whose = kind === 'own' ? `identity of "${user.slug}"` : 'shared identity';
  const option = kind === 'own' ? `--user ${user.slug}` : '--shared';
  return new Fault('IDENTITY_MISSING', { server: server.slug, whose, option });
}
