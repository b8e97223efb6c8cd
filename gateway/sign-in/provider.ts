// The authorization server: oidc-provider, set to what MCP asks of it (2026-07-28, basic/authorization). Codes only, PKCE with S256 only, one resource that
// is ours, public clients. Consent is a connection: without one nobody is sent back to a client with a code.
import { Buffer } from 'node:buffer';
import { hkdfSync } from 'node:crypto';
import { type Adapter, type Context, errors, type Grant, interactionPolicy, Provider } from 'oidc-provider';
import { z } from 'zod';
import { type Address, addressOfResource } from '../mcp/address.ts';
import type { SigningKey } from '../caller/signing-key.ts';
import type { Connection } from '../store/sign-in.ts';
import { grantIdFor } from './adapter.ts';

/** The one scope: to call what the gateway exposes to this person. What that is, the policy says at each call. */
export const scope = 'mcp';
export const paths = {
  authorize: '/oauth/authorize',
  token: '/oauth/token',
  revoke: '/oauth/revoke',
  keys: '/oauth/jwks',
  register: '/oauth/register',
  signIn: '/sign-in',
} as const;

/** Seconds. A host's tokens end 30 days after its last refresh and 90 days after its sign-in, whichever is first. */
const lifetime = {
  AccessToken: 3600,
  AuthorizationCode: 60,
  Grant: 90 * 86_400,
  IdToken: 3600,
  Interaction: 600,
  RefreshToken: 30 * 86_400,
  Session: 8 * 3600,
};

export interface ProviderDeps {
  readonly publicOrigin: string;
  readonly signingKey: SigningKey;
  readonly adapter: (model: string) => Adapter;
  readonly hasDocuments: boolean;
  readonly hasRegistration: boolean;
  /** The user with this id, if the policy has one. */
  isUser(id: string): Promise<boolean>;
  /** The connection that makes a question unnecessary. */
  remembered(of: { client: string; user: string; address: Address; redirect: string }): Promise<Connection | undefined>;
  /** Answers with a page that says what went wrong. */
  renderError(ctx: Context, of: { readonly error: string; readonly error_description?: string }): void;
  onFailure(error: unknown): void;
}

export function createProvider(deps: ProviderDeps): Provider {
  const { publicOrigin, signingKey } = deps;
  const isSecure = publicOrigin.startsWith('https:');
  const cookie = { httpOnly: true, sameSite: 'lax', secure: isSecure, signed: true };
  const off = { enabled: false };
  const provider: Provider = new Provider(publicOrigin, {
    adapter: deps.adapter,
    jwks: { keys: [{ ...signingKey.key.export({ format: 'jwk' }), kid: signingKey.kid, alg: 'ES256', use: 'sig' }] },
    cookies: {
      keys: [cookieKey(signingKey)],
      // A prefix that the browser enforces: no other site below this domain can plant such a cookie.
      names: isSecure
        ? { session: '__Host-session', interaction: '__Secure-interaction', resume: '__Secure-resume' }
        : { session: 'drawbridge-session', interaction: 'drawbridge-interaction', resume: 'drawbridge-resume' },
      long: { ...cookie, path: '/' },
      // Each with the path of its own sign-in, so that two that run at once do not take the other's place.
      short: cookie,
    },
    routes: { authorization: paths.authorize, token: paths.token, revocation: paths.revoke, jwks: paths.keys },
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    clientDefaults: {
      grant_types: ['authorization_code'],
      id_token_signed_response_alg: 'ES256',
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    scopes: [],
    claims: {},
    pkce: { required: () => true },
    ttl: lifetime,
    allowOmittingSingleRegisteredRedirectUri: false,
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx: Context, client: { grantTypeAllowed(type: string): boolean }) =>
      client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    revokeGrantPolicy: () => true,
    discovery: {
      ...(deps.hasRegistration ? { registration_endpoint: `${publicOrigin}${paths.register}` } : {}),
      scopes_supported: [scope],
      ...(deps.hasDocuments ? { client_id_metadata_document_supported: true } : {}),
    },
    features: {
      devInteractions: off,
      dPoP: off,
      pushedAuthorizationRequests: off,
      rpInitiatedLogout: off,
      userinfo: off,
      revocation: { enabled: true, allowedPolicy: isOwnToken },
      resourceIndicators: {
        enabled: true,
        defaultResource: refuseNoResource,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx: Context, resource: string) => {
          if (Array.isArray(ctx.oidc.params?.['resource']) || !addressOfResource(publicOrigin, resource))
            throw new errors.InvalidTarget('resource must be the URL of one MCP endpoint of this gateway');
          return { scope, audience: resource, accessTokenFormat: 'opaque', accessTokenTTL: lifetime.AccessToken };
        },
      },
    },
    findAccount: async (_ctx: Context, id: string) =>
      (await deps.isUser(id)) ? { accountId: id, claims: () => ({ sub: id }) } : undefined,
    loadExistingGrant: (ctx: Context) => loadGrant(provider, deps, ctx),
    interactions: {
      policy: policyOf(),
      url: (_ctx: Context, { uid }: { uid: string }) => `${paths.signIn}/${uid}`,
    },
    renderError: deps.renderError,
  });
  // The links that it makes are the public ones: our door writes these headers itself, whatever came in (http/sign-in/route.ts).
  provider.proxy = true;
  provider.silent = true;
  provider.on('server_error', (_ctx, error) => deps.onFailure(error));
  return provider;
}

/** A grant for what a connection allows: each sign-in has one of its own, so that its tokens end together and no others do. */
export async function saveGrant(provider: Provider, of: { connection: Connection; resource: string }): Promise<Grant> {
  const { id, user, client } = of.connection;
  const grant = new provider.Grant({ accountId: user.id, clientId: client, jti: grantIdFor(id) });
  grant.addResourceScope(of.resource, scope);
  await grant.save();
  return grant;
}

/** What a request to authorize names, once oidc-provider has checked it. */
export const Asked = z.object({ client_id: z.string(), redirect_uri: z.string(), resource: z.string() });

async function loadGrant(provider: Provider, deps: ProviderDeps, ctx: Context): Promise<Grant | undefined> {
  const consented = ctx.oidc.result?.consent?.grantId;
  if (consented !== undefined) return provider.Grant.find(consented);
  const asked = Asked.safeParse(ctx.oidc.params);
  const user = ctx.oidc.account?.accountId;
  if (!asked.success || user === undefined) return undefined;
  const { client_id: client, redirect_uri: redirect, resource } = asked.data;
  const address = addressOfResource(deps.publicOrigin, resource);
  const connection = address && (await deps.remembered({ client, user, address, redirect }));
  return connection && saveGrant(provider, { connection, resource });
}

function policyOf(): interactionPolicy.Policy {
  const policy = interactionPolicy.base();
  // A person who consented is not asked again for a program of theirs: consent is remembered with the place that it returns to.
  policy.get('consent')?.checks.remove('native_client_prompt');
  const isGone = (ctx: Context) => ctx.oidc.session.accountId !== undefined && ctx.oidc.account === undefined;
  policy.get('login')?.checks.add(new interactionPolicy.Check('user_gone', 'the user is not one of the policy any more', isGone));
  return policy;
}

function refuseNoResource(_ctx: Context, _client: unknown, oneOf?: unknown): never {
  const what = oneOf === undefined ? 'resource is needed (RFC 8707): the URL of the MCP endpoint' : 'name one resource';
  throw new errors.InvalidTarget(what);
}

function isOwnToken(_ctx: Context, client: { clientId: string }, token: { clientId?: string }): boolean {
  return token.clientId === client.clientId;
}

function cookieKey({ key }: SigningKey): string {
  const secret = z.object({ d: z.string() }).parse(key.export({ format: 'jwk' })).d;
  return Buffer.from(hkdfSync('sha256', secret, '', 'drawbridge sign-in cookies', 32)).toString('base64url');
}
