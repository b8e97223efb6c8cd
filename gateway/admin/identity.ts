// Identities at remote servers as administrators set them. The value comes in as a secret, is sealed here, and is shown never again.
import { Fault } from '#contract/error.ts';
import { GatewayId, IdentityId, newId, ServerId, Slug, UserId } from '#contract/id.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { reveal, type Secret } from '#contract/secret.ts';
import type { Store, StoredIdentity, StoredPolicy } from '../store/store.ts';
import { type KeyEncryption, kidOf, seal } from '../vault/seal.ts';
import { bindingOf } from '../vault/vault.ts';
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
  /** `unreadable`: the key that it is sealed with is not here. `moved`: the server has another origin now, to which it does not go. */
  readonly state: 'ready' | 'unreadable' | 'moved';
}
interface Setting {
  readonly store: Store;
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
  const sameAs = (one: StoredIdentity) =>
    one.server.id === place.server.id && one.user?.id === place.user?.id && one.gateway?.id === place.gateway?.id;
  // Twice at most: somebody may have set or removed the same one between the look and the change.
  for (let tries = 0; tries < 2; tries++) {
    const before = (await of.store.identities()).find(sameAs);
    const id = before?.id ?? IdentityId.parse(newId(of.now));
    const unsealed = { ...place, id, setAt: Math.max(of.now, (before?.setAt ?? 0) + 1) };
    let sealed = await seal(of.value, bindingOf(unsealed), of.keys);
    if (!(await of.store.setIdentity({ ...unsealed, sealed }))) continue;
    // The key may have been rotated meanwhile, and the one that was used may be gone.
    while ((await of.keys.current()) !== kidOf(sealed)) {
      const before = sealed;
      sealed = await seal(of.value, bindingOf(unsealed), of.keys);
      await of.store.resealIdentities([{ id, before, after: sealed }]);
    }
    return { identity: await shown({ ...unsealed, sealed }, policy, of.keys), warnings: warningsOf(place, policy) };
  }
  throw new Fault('STORE_UNAVAILABLE', {}, { cause: new Error('the identity was changed by somebody else meanwhile') });
}

export async function listIdentities(of: { store: Store; keys: KeyEncryption }): Promise<readonly ShownIdentity[]> {
  const [{ policy }, identities] = await Promise.all([of.store.policy(), of.store.identities()]);
  const all: ShownIdentity[] = [];
  for (const identity of identities) all.push(await shown(identity, policy, of.keys));
  return all;
}

/** Rejects with NAME_UNKNOWN. */
export async function removeIdentity(of: { store: Store; id: string; now: number }): Promise<boolean> {
  const ids = (await of.store.identities()).map(({ id }) => id);
  const found = IdentityId.safeParse(of.id);
  if (!found.success || !ids.includes(found.data)) throw unknownName('identity', of.id, ids, '`identity set` makes one');
  return of.store.removeIdentity(found.data, of.now);
}

type Place = Pick<StoredIdentity, 'server' | 'user' | 'gateway' | 'origin'>;

function placeOf({ server, user, gateway }: Setting, policy: PolicyFile, ids: StoredPolicy['ids']): Place {
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
  };
}

/** What an HTTP header can carry, and a person would not have meant otherwise. */
function checkValue(value: Secret<string>): void {
  const text = reveal(value);
  if (text === '') throw new Fault('SETTING_INVALID', { setting: 'the value', reason: 'nothing came on standard input.' });
  if (text.length > 8192)
    throw new Fault('SETTING_INVALID', { setting: 'the value', reason: 'it has more than 8192 characters.' });
  if (/^Bearer\s/i.test(text))
    throw new Fault('SETTING_INVALID', { setting: 'the value', reason: 'give the token alone, without "Bearer".' });
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text))
    throw new Fault('SETTING_INVALID', { setting: 'the value', reason: 'a header can carry printable ASCII only, on one line.' });
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
  const state = !(await keys.has(kidOf(identity.sealed))) ? 'unreadable' : isHome ? 'ready' : 'moved';
  return { id, server: server.slug, user: user?.slug ?? null, gateway: gateway?.slug ?? null, origin, setAt, state };
}
