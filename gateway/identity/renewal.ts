// Renews the tokens of one sign-in, for all who wait for it: one refresh at a time over all processes on one database, by a lease on its row. The rule:
// what the server gave is stored before it is used, and what somebody else stored meanwhile is taken as it is. Only the server's own word ends a sign-in.
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '#contract/error.ts';
import type { Egress } from '../egress/egress.ts';
import type { Store, StoredIdentity } from '../store/store.ts';
import { type KeyEncryption, seal } from '../vault/seal.ts';
import { type TokenSet, writeTokenSet } from '../vault/token-set.ts';
import { bindingOf, type Opened, type Vault } from '../vault/vault.ts';
import type { UpstreamClients } from './client.ts';
import type { Discovery } from './discovery.ts';
import type { RecordIdentity } from './event.ts';
import { remotePlace } from './place.ts';

export interface RenewalDeps {
  readonly store: Store;
  readonly keys: KeyEncryption;
  readonly vault: Vault;
  readonly egress: Pick<Egress, 'send'>;
  readonly discovery: Discovery;
  readonly clients: UpstreamClients;
  readonly record: RecordIdentity;
  readonly now: () => number;
}

/** Longer than any refresh may take, so that nobody begins a second one beside it. */
const leaseMs = 60_000;
const lookAgainMs = 100;
const waitAtMostMs = 25_000;
/** Of RFC 6749 section 5.2: with these the server says that these tokens, or the client that they are for, are over. */
const isOver: ReadonlySet<string> = new Set(['invalid_grant', 'invalid_client', 'unauthorized_client']);

/** `ended`: a person has to sign in again. Rejects where it could not be done this time. */
export type Renewed = Opened | 'ended' | 'gone';

export async function renewTokens(deps: RenewalDeps, stale: Opened): Promise<Renewed> {
  const { store, vault, now } = deps;
  const until = now() + waitAtMostMs;
  while (now() < until) {
    const row = await store.identityById(stale.row.id);
    if (row?.kind !== 'oauth') return 'gone';
    const current = row.sealed === stale.row.sealed ? stale : await vault.open(row);
    const { set } = current;
    if (!set) return 'gone';
    if (set.access === undefined) return 'ended';
    // Somebody else renewed it, or signed in anew: their tokens are the ones.
    if (set.access !== stale.set?.access) return current;
    const lease = now() + leaseMs;
    if (await store.leaseIdentity(row.id, row.sealed, now(), lease)) {
      const renewed = await refreshLeased(deps, { ...current, row }, set, lease);
      if (renewed !== 'lost') return renewed;
    }
    await pause(lookAgainMs);
  }
  throw new Fault('BUSY', { what: `the identity for the server "${stale.row.server.slug}"` });
}

/** `lost`: it took longer than the lease, and somebody else is about it now. */
async function refreshLeased(deps: RenewalDeps, current: Opened, set: TokenSet, lease: number): Promise<Renewed | 'lost'> {
  const { record, store, now } = deps;
  const { row } = current;
  try {
    const next = set.refresh === undefined ? undefined : await refresh(deps, row, set, set.refresh);
    // Good tokens are stored also where the lease is somebody else's by now: whoever has it comes with the refresh token that these took the place of.
    if (next) return await storeInstead(deps, current, next);
  } catch (error) {
    await free(deps, row, lease);
    throw error;
  }
  // That it is over counts only from whoever has the lease: to another one it may just have brought good tokens.
  const again = now() + leaseMs;
  if (!(await store.leaseIdentity(row.id, row.sealed, now(), again, lease))) return 'lost';
  await record({ event: 'identity_ended', of: row, code: 'IDENTITY_ENDED', detail: { issuer: set.issuer } });
  const { access: _, refresh: __, expiresAt: ___, ...rest } = set;
  await storeInstead(deps, current, rest, again);
  return 'ended';
}

/** Undefined where the server says that it is over. */
async function refresh(deps: RenewalDeps, row: StoredIdentity, set: TokenSet, token: string): Promise<TokenSet | undefined> {
  const { discovery, clients, egress, now } = deps;
  const place = remotePlace(await deps.store.policy('nobody'), row.server.slug);
  if (!place || place.server.id !== row.server.id)
    throw new Fault('UPSTREAM_SIGN_IN_FAILED', { server: row.server.slug, reason: 'it is not in the policy' });
  const at = await discovery.authorizationServer(place, set.issuer);
  // To nobody but whom it came from.
  if (at.issuer !== set.issuer)
    throw new Fault('UPSTREAM_SIGN_IN_FAILED', {
      server: row.server.slug,
      reason: 'its authorization server is another one now',
    });
  const client = await clients.known(place, at, set.clientId);
  if (!client) return undefined;
  const { errorCodeOf, renew } = await import('./grant.ts');
  try {
    return await renew({ egress, place, at, client }, set, token, now());
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === undefined || !isOver.has(code)) throw error;
    // What an administrator registered is theirs to mend, and the tokens still count.
    if (code !== 'invalid_grant' && place.oauth?.clientId !== undefined) throw error;
    if (code !== 'invalid_grant') await clients.forget(place, at);
    return undefined;
  }
}

/** In the place of `current`, whose value may have been sealed anew with another key meanwhile. `lease`: only while that is still the one. */
async function storeInstead(deps: RenewalDeps, current: Opened, set: TokenSet, lease?: number): Promise<Opened | 'gone'> {
  const { store, vault, keys } = deps;
  let { row } = current;
  for (;;) {
    const value = writeTokenSet(set);
    const sealed = await seal(value, bindingOf(row), keys);
    if (await store.renewIdentity(row.id, row.sealed, sealed, lease)) {
      const opened = { row: { ...row, sealed }, value, set };
      vault.renewed(opened);
      return opened;
    }
    const found = await store.identityById(row.id);
    if (found?.kind !== 'oauth') return 'gone';
    const there = await vault.open(found);
    if (there.set?.access !== current.set?.access || found.sealed === row.sealed) return there;
    row = found;
  }
}

/** Whoever comes next need not wait for the lease to run out. */
async function free({ store }: RenewalDeps, { id, sealed }: StoredIdentity, lease: number): Promise<void> {
  await store.renewIdentity(id, sealed, sealed, lease).catch(() => undefined); // it runs out by itself
}
