// Identities at remote servers as administrators set them. The value comes in as a secret, is sealed here, and is shown never again.
import { Fault } from '#contract/error.ts';
import { GatewayId, IdentityId, ServerId, Slug, UserId } from '#contract/id.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { reveal, type Secret } from '#contract/secret.ts';
import type { Store, StoredIdentity, StoredPolicy } from '../store/store.ts';
import { isSame, keepIdentity, type Place, tokenObjection } from '../vault/keep.ts';
import { type KeyEncryption, kidOf, unseal } from '../vault/seal.ts';
import { readTokenSet } from '../vault/token-set.ts';
import { writeClient } from '../vault/upstream-client.ts';
import { bindingOf } from '../vault/vault.ts';
import { type Acting, doing, type Remote } from './context.ts';
import { unknownName } from './suggest.ts';

export interface ShownIdentity {
  readonly id: IdentityId;
  readonly server: Slug;
  /** Null of a shared one. */
  readonly user: Slug | null;
  /** Null of one for every gateway. */
  readonly gateway: Slug | null;
  readonly origin: string;
  readonly setAt: number;
  /**
   * `unreadable`: the key that it is sealed with is not here. `moved`: the server has another origin now, to which it does not go. `ended`: the server ended
   * the sign-in, and somebody has to sign in again.
   */
  readonly state: 'ready' | 'unreadable' | 'moved' | 'ended';
  /** A token as it was given, or the tokens of a sign-in, which are renewed. */
  readonly kind: 'token' | 'sign-in';
}
interface Setting extends Acting {
  readonly keys: KeyEncryption;
  readonly server: string;
  /** Undefined for the shared one. */
  readonly user: string | undefined;
  readonly gateway: string | undefined;
  readonly value: Secret<string>;
  readonly now: number;
}

/** Rejects with NAME_UNKNOWN and SETTING_INVALID; then nothing was changed. */
export async function setIdentity(of: Setting): Promise<{ identity: ShownIdentity; warnings: readonly string[] }> {
  checkValue(of.value);
  const { policy, ids } = await of.store.policy();
  const place = placeOf(of, policy, ids);
  const { keys, value, now } = of;
  const store = doing(of, now, {
    operation: 'identities.set',
    target: nameOf(place),
    before: await ofSame(of.store, place),
    after: told(place),
  });
  const kept = await keepIdentity({ store, keys, place, value, now });
  return { identity: await shown(kept, policy, keys), warnings: warningsOf(place, policy) };
}

export async function listIdentities(of: { store: Store; keys: KeyEncryption }): Promise<readonly ShownIdentity[]> {
  const [{ policy }, identities] = await Promise.all([of.store.policy(), of.store.identities()]);
  const all: ShownIdentity[] = [];
  for (const identity of identities) if (identity.kind !== 'client') all.push(await shown(identity, policy, of.keys));
  return all;
}

/** The store that removes it, for the one deed. */
export async function removing(acting: Acting, id: IdentityId, now: number): Promise<Store> {
  const found = await acting.store.identityById(id);
  const before = found ? { ...told(found), setAt: found.setAt } : null;
  return doing(acting, now, { operation: 'identities.remove', target: found ? nameOf(found) : id, before, after: null });
}

type Told = Pick<StoredIdentity, 'server' | 'user' | 'gateway' | 'origin' | 'kind'>;
const nameOf = ({ server, user, gateway }: Told): string =>
  [server.slug, user?.slug ?? '(shared)', ...(gateway ? [gateway.slug] : [])].join('/');
/** Whose, and where; never what it is. */
function told({ server, user, gateway, origin, kind }: Told) {
  return { server: server.slug, user: user?.slug ?? null, gateway: gateway?.slug ?? null, origin, kind };
}
async function ofSame(store: Store, place: Place) {
  const same = (await store.identities()).find((one) => isSame(one, place));
  return same ? { ...told(same), setAt: same.setAt } : null;
}

/** The id of an identity that there is. Rejects with NAME_UNKNOWN. */
export async function removableIdentity(store: Store, id: string): Promise<IdentityId> {
  const ids = (await store.identities()).flatMap((one) => (one.kind === 'client' ? [] : [one.id]));
  const found = IdentityId.safeParse(id);
  if (!found.success || !ids.includes(found.data)) throw unknownName('identity', id, ids, '`identity set` makes one');
  return found.data;
}

/** Where somebody signs in for everybody. Throws NAME_UNKNOWN and SETTING_INVALID. */
export function linkPlace({ policy, ids }: StoredPolicy, of: { server: string; gateway?: string | undefined }): Place {
  const place = placeOf({ server: of.server, user: undefined, gateway: of.gateway }, policy, ids);
  const server = new Map(Object.entries(policy.servers)).get(of.server);
  if (server?.kind === 'remote' && server.auth === 'header') {
    const reason = `the server "${of.server}" has auth: header, so nobody signs in there. Use \`identity set\`.`;
    throw new Fault('SETTING_INVALID', { setting: '--server', reason });
  }
  return place;
}

/** The path behind which somebody signs in at a server for everybody; who has it is on record first. Rejects as linkPlace throws. */
export async function linkIdentity(
  of: Acting & {
    readonly server: string;
    readonly gateway: string | undefined;
    readonly now: number;
    readonly expiresAt: number;
    readonly link: Remote['link'];
  },
): Promise<{ readonly path: string; readonly expiresAt: number }> {
  const { now, expiresAt } = of;
  const place = linkPlace(await of.store.policy(), of);
  const { slug } = place.server;
  const after = { gateway: place.gateway?.slug ?? null, expiresAt };
  const store = doing(of, now, { operation: 'identities.link', target: slug, before: null, after });
  await store.administration.noteDeed();
  return { path: await of.link(store, { server: slug, gateway: place.gateway, now, expiresAt }), expiresAt };
}

/** Where the secret of a client belongs that an administrator registered. Throws NAME_UNKNOWN and SETTING_INVALID. */
export function clientPlace(stored: StoredPolicy, server: string): { readonly place: Place; readonly clientId: string } {
  const place = linkPlace(stored, { server });
  const found = new Map(Object.entries(stored.policy.servers)).get(server);
  const { clientId, issuer } = (found?.kind === 'remote' ? found.oauth : undefined) ?? {};
  if (clientId === undefined || issuer === undefined) {
    const reason = `the policy names no oauth.clientId of the server "${server}".`;
    throw new Fault('SETTING_INVALID', { setting: '--server', reason });
  }
  return { place: { ...place, origin: issuer, kind: 'client' }, clientId };
}

export async function setClientSecret(
  of: Acting & {
    readonly keys: KeyEncryption;
    readonly place: Place;
    readonly clientId: string;
    readonly value: Secret<string>;
    readonly now: number;
  },
): Promise<void> {
  checkValue(of.value);
  const { keys, place, clientId, now } = of;
  const after = { ...told(place), clientId };
  const before = await ofSame(of.store, place);
  const store = doing(of, now, { operation: 'identities.set-client', target: place.server.slug, before, after });
  const value = writeClient({ clientId, method: 'client_secret_basic', secret: reveal(of.value) });
  await keepIdentity({ store, keys, place, value, now });
}

function placeOf(
  { server, user, gateway }: Pick<Setting, 'server' | 'user' | 'gateway'>,
  policy: PolicyFile,
  ids: StoredPolicy['ids'],
): Place {
  const servers = new Map(Object.entries(policy.servers));
  const found = servers.get(server);
  const remote = [...servers].flatMap(([name, one]) => (one.kind === 'remote' ? [name] : []));
  if (!found) throw unknownName('remote server', server, remote, 'apply a policy that names it');
  if (found.kind !== 'remote' || found.auth === 'none') {
    const reason = `the server "${server}" takes no identity: its ${found.kind === 'remote' ? 'auth is none' : 'kind is workstation'}.`;
    throw new Fault('SETTING_INVALID', { setting: '--server', reason });
  }
  const named = (what: string, name: string, all: Readonly<Record<string, string>>) => {
    const id = new Map(Object.entries(all)).get(name);
    if (id === undefined) throw unknownName(what, name, Object.keys(all), 'apply a policy that names it');
    return id;
  };
  return {
    server: { id: ServerId.parse(named('server', server, ids.servers)), slug: Slug.parse(server) },
    user: user === undefined ? null : { id: UserId.parse(named('user', user, ids.users)), slug: Slug.parse(user) },
    gateway:
      gateway === undefined ? null : { id: GatewayId.parse(named('gateway', gateway, ids.gateways)), slug: Slug.parse(gateway) },
    origin: new URL(found.url).origin,
    kind: 'token',
  };
}

function checkValue(value: Secret<string>): void {
  const reason = tokenObjection(value);
  if (reason !== undefined) throw new Fault('SETTING_INVALID', { setting: 'the value', reason });
}

function warningsOf({ server, user, gateway }: Place, { gateways }: PolicyFile): readonly string[] {
  const kind = user === null ? 'shared' : 'own';
  const isUsed = Object.entries(gateways).some(
    ([name, { assignments }]) =>
      (gateway === null || gateway.slug === name) && new Map(Object.entries(assignments)).get(server.slug)?.identity === kind,
  );
  return isUsed
    ? []
    : [
        `No assignment of "${server.slug}"${gateway ? ` in "${gateway.slug}"` : ''} says identity: ${kind}, so nothing uses it yet.`,
      ];
}

async function shown(identity: StoredIdentity, { servers }: PolicyFile, keys: KeyEncryption): Promise<ShownIdentity> {
  const { id, server, user, gateway, origin, setAt } = identity;
  const now = new Map(Object.entries(servers)).get(server.slug);
  const isHome = now?.kind === 'remote' && new URL(now.url).origin === origin;
  const kind = identity.kind === 'oauth' ? 'sign-in' : 'token';
  const isReadable = await keys.has(kidOf(identity.sealed));
  const isOver = isReadable && kind === 'sign-in' && (await hasEnded(identity, keys));
  const state = !isReadable ? 'unreadable' : !isHome ? 'moved' : isOver ? 'ended' : 'ready';
  return { id, server: server.slug, user: user?.slug ?? null, gateway: gateway?.slug ?? null, origin, setAt, state, kind };
}

async function hasEnded(identity: StoredIdentity, keys: KeyEncryption): Promise<boolean> {
  return readTokenSet(await unseal(identity.sealed, bindingOf(identity), keys)).access === undefined;
}
