// An identity goes: its tokens are given back where its authorization server takes them (RFC 7009), and it is removed here whatever comes of that.
import type { IdentityId } from '#contract/id.ts';
import type { StoredIdentity } from '../store/store.ts';
import { remotePlace } from './place.ts';
import type { RenewalDeps } from './renewal.ts';

/** `revoked`: its server took it back; `kept`: that could not be had, or is not offered; `token`: it was no sign-in. */
export type Removal = 'revoked' | 'kept' | 'token';
type Deps = Omit<RenewalDeps, 'record'> & { onFailure: (error: unknown, server: string) => void };

/** Undefined where there is no such identity any more. Rejects only where it could not be removed here. */
export async function removeAndRevoke(deps: Deps, id: IdentityId): Promise<Removal | undefined> {
  const row = await deps.store.identityById(id);
  if (!row) return undefined;
  // What it is has to be known before it is gone; that it goes does not hang on it.
  const opened = row.kind === 'oauth' ? await deps.vault.open(row).catch(() => undefined) : undefined;
  if (!(await deps.store.removeIdentity(id, deps.now()))) return undefined;
  if (row.kind !== 'oauth') return 'token';
  return opened?.set?.access === undefined ? 'kept' : await giveBack(deps, row, opened.set);
}

async function giveBack(
  deps: Deps,
  row: StoredIdentity,
  set: NonNullable<Awaited<ReturnType<Deps['vault']['open']>>['set']>,
): Promise<Removal> {
  const { egress, discovery, clients, store } = deps;
  const { slug } = row.server;
  try {
    const place = remotePlace(await store.policy('nobody'), slug);
    if (!place || place.server.id !== row.server.id) return 'kept';
    const at = await discovery.authorizationServer(place, set.issuer);
    const client = at.issuer === set.issuer ? await clients.known(place, at, set.clientId) : undefined;
    if (!client) return 'kept';
    const { revoke } = await import('./grant.ts');
    return (await revoke({ egress, place, at, client }, set)) ? 'revoked' : 'kept';
  } catch (error) {
    deps.onFailure(error, slug);
    return 'kept';
  }
}
