// As which client this gateway server comes to an authorization server: one that an administrator registered there, else by our own metadata document, else
// one that it registers itself (RFC 7591). Rule: what one authorization server gave is kept for it alone, and a secret is sealed.
import { z } from 'zod';
import type { Egress } from '../egress/egress.ts';
import { readWhole } from '../egress/read.ts';
import type { Store } from '../store/store.ts';
import { keepIdentity } from '../vault/keep.ts';
import type { KeyEncryption } from '../vault/seal.ts';
import { authMethods, readClient, type UpstreamClient, writeClient } from '../vault/upstream-client.ts';
import type { Vault } from '../vault/vault.ts';
import type { RecordIdentity } from './event.ts';
import { type AuthorizationServer, failed, withinMs } from './metadata.ts';
import type { RemotePlace } from './place.ts';

export type ClientSource = 'registered by an administrator' | 'metadata document' | 'dynamic registration';

export interface ClientDeps {
  readonly publicOrigin: string;
  readonly egress: Pick<Egress, 'send'>;
  readonly store: Store;
  readonly keys: KeyEncryption;
  readonly vault: Pick<Vault, 'open'>;
  readonly record: RecordIdentity;
  readonly now: () => number;
}
export interface UpstreamClients {
  /** The client to sign in with; registers one where there is none yet. Rejects with UPSTREAM_SIGN_IN_FAILED. */
  clientFor(place: RemotePlace, at: AuthorizationServer): Promise<UpstreamClient>;
  /** The client that tokens were given to; undefined where it is not known any more. */
  known(place: RemotePlace, at: AuthorizationServer, clientId: string): Promise<UpstreamClient | undefined>;
  /** The authorization server knows the registration no more. */
  forget(place: RemotePlace, at: AuthorizationServer): Promise<void>;
}

export const callbackPath = '/identities/callback';
export const documentPath = '/oauth/client';
const limitBytes = 64 * 1024;

/** How a client would be had; undefined where there is no way but an administrator's. */
export function clientSource(publicOrigin: string, { oauth }: RemotePlace, at: AuthorizationServer): ClientSource | undefined {
  if (oauth?.clientId !== undefined) return 'registered by an administrator';
  if (at.client_id_metadata_document_supported === true && publicOrigin.startsWith('https:')) return 'metadata document';
  return at.registration_endpoint === undefined ? undefined : 'dynamic registration';
}

/** One for each server, so that the answer of one authorization server can't be passed off as another's. */
export function redirectOf(publicOrigin: string, server: string): string {
  return `${publicOrigin}${callbackPath}/${server}`;
}

/** What this gateway server says of itself, at the address that is its id (Client ID Metadata Documents). Which servers there are it does not tell. */
export function clientDocument(publicOrigin: string, server: string): Readonly<Record<string, unknown>> {
  return { client_id: `${publicOrigin}${documentPath}/${server}`, ...claimOf(publicOrigin, server, 'none') };
}

function claimOf(publicOrigin: string, server: string, method: UpstreamClient['method']) {
  return {
    client_name: 'Drawbridge',
    client_uri: publicOrigin,
    redirect_uris: [redirectOf(publicOrigin, server)],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: method,
    application_type: publicOrigin.startsWith('https:') ? 'web' : 'native',
  };
}

const Registered = z.object({
  client_id: z.string().min(1).max(500),
  client_secret: z.string().max(2000).optional(),
  client_secret_expires_at: z.number().optional(),
  token_endpoint_auth_method: z.string().optional(),
});

export function createUpstreamClients(deps: ClientDeps): UpstreamClients {
  const { publicOrigin, egress, store, keys, vault, now } = deps;

  async function kept(place: RemotePlace, at: AuthorizationServer): Promise<UpstreamClient | undefined> {
    const row = await store.identityClient(place.server.id, at.issuer);
    if (!row) return undefined;
    return readClient((await vault.open(row)).value);
  }

  async function settled(place: RemotePlace, at: AuthorizationServer, clientId: string): Promise<UpstreamClient> {
    if (place.oauth?.issuer !== at.issuer) throw failed({ place }, 'its client is known at another authorization server');
    const found = await kept(place, at);
    if (found?.clientId !== clientId) return { clientId, method: 'none' };
    // Whoever set the secret did not say how it is shown.
    return { ...found, method: methodsOf(at).find((method) => method !== 'none') ?? 'client_secret_basic' };
  }

  async function register(place: RemotePlace, at: AuthorizationServer, endpoint: string): Promise<UpstreamClient> {
    const [method] = methodsOf(at);
    if (method === undefined)
      throw failed({ place }, 'its authorization server wants clients to prove themselves in a way unknown here');
    const { server } = place;
    const claim = claimOf(publicOrigin, server.slug, method);
    const request = {
      ...place.out,
      url: new URL(endpoint),
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: Buffer.from(JSON.stringify(claim)),
      limitBytes,
      redirectsAtMost: 0,
    } as const;
    const { status, body } = await readWhole(egress, request, withinMs);
    const answer = status === 200 || status === 201 ? Registered.safeParse(parse(body)) : undefined;
    if (!answer?.success)
      throw failed({ place }, `its authorization server did not register this gateway (HTTP status ${status})`);
    const { client_id: clientId, client_secret: secret, client_secret_expires_at: expiry } = answer.data;
    const given = authMethods.find((one) => one === answer.data.token_endpoint_auth_method) ?? method;
    const client: UpstreamClient = {
      clientId,
      method: secret === undefined ? 'none' : given,
      redirect: redirectOf(publicOrigin, server.slug),
      ...(secret === undefined ? {} : { secret }),
      ...(expiry ? { expiresAt: expiry * 1000 } : {}),
    };
    const of = { server, user: null, gateway: null };
    await deps.record({ event: 'identity_client_registered', of, detail: { issuer: at.issuer } });
    await keepIdentity({
      store,
      keys,
      place: { ...of, origin: at.issuer, kind: 'client' },
      value: writeClient(client),
      now: now(),
    });
    return client;
  }

  return {
    async clientFor(place, at) {
      const { slug } = place.server;
      const source = clientSource(publicOrigin, place, at);
      if (source === 'registered by an administrator') return settled(place, at, place.oauth?.clientId ?? '');
      if (source === 'metadata document') return { clientId: `${publicOrigin}${documentPath}/${slug}`, method: 'none' };
      const found = await kept(place, at);
      const isUsable = found?.redirect === redirectOf(publicOrigin, slug) && (found.expiresAt ?? Infinity) > now();
      if (found && isUsable) return found;
      if (at.registration_endpoint === undefined)
        throw failed(
          { place },
          'its authorization server takes no app that it does not know. An administrator has to register this gateway there',
        );
      return register(place, at, at.registration_endpoint);
    },
    async known(place, at, clientId) {
      if (place.oauth?.clientId === clientId) return settled(place, at, clientId);
      // Whatever public address this gateway server had then.
      if (URL.parse(clientId)?.pathname === `${documentPath}/${place.server.slug}`) return { clientId, method: 'none' };
      const found = await kept(place, at);
      return found?.clientId === clientId ? found : undefined;
    },
    async forget(place, at) {
      const row = await store.identityClient(place.server.id, at.issuer);
      if (row && place.oauth?.clientId === undefined) await store.removeIdentity(row.id, now());
    },
  };
}

/** Absent means client_secret_basic (RFC 8414 section 2). */
function methodsOf({ token_endpoint_auth_methods_supported: offered }: AuthorizationServer): readonly UpstreamClient['method'][] {
  return authMethods.filter((method) => (offered ?? ['client_secret_basic']).includes(method));
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
