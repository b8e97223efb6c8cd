// Whose identity a call bears at its upstream: found in the store, opened here, and forgotten at every change of the store. A call without the
// identity that its assignment wants ends with words that say which one is missing; there is no other one to fall back to.
import type { GatewayId, ServerId, UserId } from '#contract/id.ts';
import type { Secret } from '#contract/secret.ts';
import type { Bus } from '../bus/bus.ts';
import type { Store, StoredIdentity } from '../store/store.ts';
import { type Binding, type KeyEncryption, unseal } from './seal.ts';
import { readTokenSet, type TokenSet } from './token-set.ts';

export interface Wanted {
  readonly kind: 'own' | 'shared';
  readonly server: { readonly id: ServerId; readonly slug: string };
  readonly user: { readonly id: UserId; readonly slug: string };
  readonly gateway: GatewayId;
  /** Where the server is now. One that was set for another origin does not count. */
  readonly origin: string;
  /** How the policy says that the server is signed in to: with `header` tokens of a sign-in do not count. */
  readonly scheme: 'header' | 'oauth' | 'auto';
}
/** A value out of the vault, with the row that it stood in. */
export interface Opened {
  readonly row: StoredIdentity;
  readonly value: Secret<string>;
  /** Of a sign-in. */
  readonly set: TokenSet | undefined;
}
export interface Vault {
  /**
   * The one for this gateway, else the one for any; undefined where there is none that counts. At once where it is remembered.
   * Rejects with VAULT_KEY_MISSING, VAULT_DAMAGED.
   */
  identity(wanted: Wanted): Opened | Promise<Opened | undefined>;
  /** Opens a row as it is. */
  open(row: StoredIdentity): Promise<Opened>;
  /** A renewed value, in the place of what is remembered of the same identity: the store tells nobody of a renewal. */
  renewed(opened: Opened): void;
  close(): void;
}

const rememberAtMost = 10_000;

export function createVault(deps: { store: Store; bus: Bus; keys: KeyEncryption }): Vault {
  const known = new Map<string, Opened>();
  // A value that was read before a change must not be remembered after it.
  let generation = 0;
  const forget = () => {
    generation++;
    known.clear();
  };
  const unsubscribe = deps.bus.subscribe('changed', forget);

  async function open(row: StoredIdentity): Promise<Opened> {
    const value = await unseal(row.sealed, bindingOf(row), deps.keys);
    return { row, value, set: row.kind === 'oauth' ? readTokenSet(value) : undefined };
  }

  async function find(key: string, wanted: Wanted): Promise<Opened | undefined> {
    const began = generation;
    const user = wanted.kind === 'own' ? wanted.user.id : null;
    const found = await deps.store.identity(wanted.server.id, user, wanted.gateway);
    if (!found || found.origin !== wanted.origin) return undefined;
    if (found.kind === 'oauth' && wanted.scheme === 'header') return undefined;
    const opened = await open(found);
    if (began === generation) {
      const oldest = known.size >= rememberAtMost ? known.keys().next().value : undefined;
      if (oldest !== undefined) known.delete(oldest);
      known.set(key, opened);
    }
    return opened;
  }

  return {
    identity(wanted) {
      const whose = wanted.kind === 'own' ? wanted.user.id : '';
      const key = `${wanted.server.id}\n${whose}\n${wanted.gateway}\n${wanted.origin}\n${wanted.scheme}`;
      return known.get(key) ?? find(key, wanted);
    },
    open,
    renewed(opened) {
      for (const [key, { row }] of known) if (row.id === opened.row.id) known.set(key, opened);
    },
    close() {
      unsubscribe();
      known.clear();
    },
  };
}

/** What a stored identity is sealed to. */
export function bindingOf({ id, server, user, gateway, origin, kind }: Omit<StoredIdentity, 'sealed' | 'setAt'>): Binding {
  return {
    table: 'identity',
    column: 'sealed',
    row: id,
    server: server.id,
    user: user?.id ?? 'shared',
    gateway: gateway?.id ?? 'any',
    origin,
    kind,
  };
}
