// A person signs in at a remote server, for themselves or for all: away to its authorization server and back. What is kept meanwhile counts once, for ten
// minutes, in the browser that began it and for the person who did. Rule: nobody is sent away without a click of theirs on a page of ours.
import { hash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { GatewayId, Slug, UserId } from '#contract/id.ts';
import type { StoredIdentity } from '../store/store.ts';
import { keepIdentity } from '../vault/keep.ts';
import { readTokenSet, type TokenSet, unionOf, writeTokenSet } from '../vault/token-set.ts';
import { redirectOf } from './client.ts';
import type { Wants } from './discovery.ts';
import { failed } from './metadata.ts';
import { type RemotePlace, remotePlace } from './place.ts';
import type { RenewalDeps } from './renewal.ts';

/** Whose identity it will be. Null: the shared one; every gateway. */
export type For = Pick<StoredIdentity, 'user' | 'gateway'>;

const named = <T extends z.ZodType>(id: T) => z.object({ id, slug: Slug }).nullable();
const Kept = z.object({
  server: Slug,
  user: named(UserId),
  gateway: named(GatewayId),
  /** SHA-256 of what its browser is known by. */
  browser: z.string(),
  issuer: z.string(),
  resource: z.string(),
  scope: z.string().optional(),
  verifier: z.string(),
});
type Kept = z.infer<typeof Kept>;

export interface Departing {
  readonly place: RemotePlace;
  readonly for: For;
  /** What the browser is known by: a random secret in a cookie. */
  readonly browser: string;
}
export interface UpstreamSignIns {
  /** What the server wants; where it is a sign-in, the address to send the person to. Rejects with a Fault. */
  begin(of: Departing): Promise<URL | Exclude<Wants['kind'], 'oauth'>>;
  /**
   * A person came back. `user`: who this browser's session says that they are; `browsers`: what it is known by. Resolves also where it came to nothing, with
   * why. Rejects with UPSTREAM_SIGN_IN_OVER where nothing was begun in this browser by this person.
   */
  finish(
    returned: URL,
    of: { readonly server: string; readonly browsers: readonly string[]; readonly user: UserId | undefined },
  ): Promise<{ readonly isShared: boolean; readonly fault: Fault | undefined }>;
}

const model = 'UpstreamDeparture';
const withinMs = 600_000;

export function createUpstreamSignIns(
  deps: RenewalDeps & { publicOrigin: string; onFailure: (error: unknown, server: string) => void },
): UpstreamSignIns {
  const { store, vault, keys, egress, discovery, clients, record, now, publicOrigin } = deps;

  /** What there is of it already: a new sign-in asks for the same, and for what the server wanted beyond it. */
  async function earlier(place: RemotePlace, { user, gateway }: For): Promise<TokenSet | undefined> {
    const rows = await store.identities();
    const row = rows.find(
      (one) =>
        one.kind === 'oauth' &&
        one.server.id === place.server.id &&
        one.user?.id === user?.id &&
        one.gateway?.id === gateway?.id &&
        one.origin === place.origin,
    );
    return row && readTokenSet((await vault.open(row)).value);
  }

  async function redeemKept(kept: Kept, place: RemotePlace, returned: URL, state: string): Promise<void> {
    const at = await discovery.authorizationServer(place, kept.issuer);
    const client = await clients.clientFor(place, at);
    const { redeem } = await import('./grant.ts');
    const { resource, verifier, scope } = kept;
    const redirect = redirectOf(publicOrigin, kept.server);
    // The address that the client was registered with, whatever a proxy made of it.
    const back = new URL(`${redirect}${returned.search}`);
    const set = await redeem({ egress, place, at, client }, back, { redirect, resource, verifier, scope, state }, now());
    const of = { server: place.server, user: kept.user, gateway: kept.gateway };
    await record({ event: 'identity_obtained', of, detail: { issuer: at.issuer, scope: set.scope ?? null } });
    const value = writeTokenSet(set);
    await keepIdentity({ store, keys, place: { ...of, origin: place.origin, kind: 'oauth' }, value, now: now() });
  }

  return {
    async begin({ place, for: whose, browser }) {
      const wants = await discovery.wantsOf(place);
      if (wants.kind !== 'oauth') return wants.kind;
      const { server: at, resource } = wants;
      const client = await clients.clientFor(place, at);
      const before = await earlier(place, whose);
      const asked =
        place.oauth?.scopes?.join(' ') ??
        unionOf(wants.scope, at.scopes_supported?.includes('offline_access') ? 'offline_access' : undefined);
      const scope = unionOf(asked, before?.scope, before?.wanted);
      const state = randomBytes(32).toString('base64url');
      const verifier = randomBytes(48).toString('base64url');
      const kept: Kept = {
        server: place.server.slug,
        user: whose.user,
        gateway: whose.gateway,
        browser: hash('sha256', browser),
        issuer: at.issuer,
        resource,
        verifier,
        ...(scope === undefined ? {} : { scope }),
      };
      const { authorizationUrl } = await import('./grant.ts');
      const redirect = redirectOf(publicOrigin, place.server.slug);
      const url = await authorizationUrl({ egress, place, at, client }, { redirect, resource, scope, state, verifier });
      const item = { model, key: hash('sha256', state), family: null, uid: null, connection: null, consumedAt: null };
      await store.signIn.putItem({ ...item, body: JSON.stringify(kept), expiresAt: now() + withinMs }, now());
      return url;
    },

    async finish(returned, { server, browsers, user }) {
      const state = returned.searchParams.get('state') ?? '';
      const item = await store.signIn.removeItem(model, hash('sha256', state));
      const kept = item && item.expiresAt > now() ? Kept.parse(JSON.parse(item.body)) : undefined;
      const isHere = kept && browsers.some((browser) => kept.browser === hash('sha256', browser));
      if (!kept || !isHere || kept.server !== server || (kept.user && kept.user.id !== user))
        throw new Fault('UPSTREAM_SIGN_IN_OVER');
      const isShared = kept.user === null;
      const place = remotePlace(await store.policy('nobody'), server);
      // Tokens for one site go to no other, wherever the policy has moved the server meanwhile.
      if (!place || new URL(kept.resource).origin !== place.origin) throw new Fault('UPSTREAM_SIGN_IN_OVER');
      try {
        await redeemKept(kept, place, returned, state);
        return { isShared, fault: undefined };
      } catch (error) {
        if (error instanceof Fault && error.code === 'AUDIT_UNAVAILABLE') throw error;
        deps.onFailure(error, server);
        const refusal = returned.searchParams.get('error') === 'access_denied';
        const reason = refusal ? 'it was not allowed there' : 'its authorization server did not answer as it should';
        const fault = error instanceof Fault ? error : failed({ place }, reason, error);
        const of = { server: place.server, user: kept.user, gateway: kept.gateway };
        await record({ event: 'identity_sign_in_failed', of, code: fault.code, detail: { issuer: kept.issuer } });
        return { isShared, fault };
      }
    },
  };
}
