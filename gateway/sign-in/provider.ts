// The authorization server: oidc-provider, set to what MCP asks of it (2026-07-28, basic/authorization). Codes only, PKCE with S256 only, one resource that
// is ours. Consent is a connection: without one nobody is sent back to a client with a code, and no device gets a token.
import { Buffer } from 'node:buffer';
import { hash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type Adapter, type Client, type Context, errors, type Grant, interactionPolicy, Provider } from 'oidc-provider';
import { z } from 'zod';
import { accessTokenSeconds, knownScopes, scope, stepUpScope } from '#contract/scope.ts';
import { type Address, addressOfResource } from '../mcp/address.ts';
import type { SigningKey } from '../caller/signing-key.ts';
import type { Connection } from '../store/sign-in.ts';
import { grantIdFor } from './adapter.ts';
import { hostSession } from './person.ts';

export const paths = {
  authorize: '/oauth/authorize',
  token: '/oauth/token',
  revoke: '/oauth/revoke',
  keys: '/oauth/jwks',
  register: '/oauth/register',
  deviceAuthorization: '/oauth/device-authorization',
  device: '/device',
  signIn: '/sign-in',
} as const;

/** How long a browser stays signed in. */
export const sessionSeconds = 8 * 3600;
/** How long tokens of one sign-in may be renewed. */
export const grantSeconds = 90 * 86_400;
/** Seconds. A host's tokens end 30 days after its last refresh and 90 days after its sign-in, whichever is first. */
const lifetime = {
  AccessToken: accessTokenSeconds,
  AuthorizationCode: 60,
  ClientCredentials: accessTokenSeconds,
  DeviceCode: 600,
  Grant: grantSeconds,
  IdToken: 3600,
  Interaction: 600,
  RefreshToken: 30 * 86_400,
  Session: sessionSeconds,
};

export interface ProviderDeps {
  readonly publicOrigin: string;
  readonly signingKey: SigningKey;
  readonly adapter: (model: string) => Adapter;
  /** Told of a request that failed here, before it is answered. */
  giveBack(request: object): Promise<void>;
  readonly hasDocuments: boolean;
  readonly hasRegistration: boolean;
  /** The user with this id, if the policy has one. */
  isUser(id: string): Promise<boolean>;
  /** The connection that makes a question unnecessary. `session`: of the browser that the person is signed in at; `isOwnDoing`: as in consent.ts. */
  remembered(of: {
    client: string;
    user: string;
    address: Address;
    redirect: string;
    session: string;
    isOwnDoing: boolean;
  }): Promise<Connection | undefined>;
  /** Answers with a page that says what went wrong. */
  renderError(ctx: Context, of: { readonly error: string; readonly error_description?: string }): void;
  onFailure(error: unknown): void;
  /** What a person sees who types in the code that a device shows. */
  readonly devicePages: DevicePages;
}
export interface DevicePages {
  /** Where the code is typed in. `error`: what was wrong before. */
  userCodeInputSource(ctx: Context, form: string, out?: unknown, error?: Error & { readonly userCode?: string }): Promise<void>;
  /** Whether it is the code that the device shows. */
  userCodeConfirmSource(ctx: Context, form: string, client: Client, device: unknown, userCode: string): Promise<void>;
  successSource(ctx: Context): Promise<void>;
}
/** Seconds between two questions of a device whether its person has decided (RFC 8628, section 3.2). */
const pollEvery = 5;

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
        ? { session: hostSession.secureCookie, interaction: '__Secure-interaction', resume: '__Secure-resume' }
        : { session: hostSession.cookie, interaction: 'drawbridge-interaction', resume: 'drawbridge-resume' },
      long: { ...cookie, path: '/' },
      // Each with the path of its own sign-in, so that two that run at once do not take the other's place.
      short: cookie,
    },
    routes: {
      authorization: paths.authorize,
      token: paths.token,
      revocation: paths.revoke,
      jwks: paths.keys,
      device_authorization: paths.deviceAuthorization,
      code_verification: paths.device,
    },
    responseTypes: ['code'],
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    clientDefaults: {
      grant_types: ['authorization_code'],
      id_token_signed_response_alg: 'ES256',
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256'],
      clientAuthSigningAlgValues: ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'Ed25519'],
    },
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
      scopes_supported: [scope, stepUpScope],
      ...(deps.hasDocuments ? { client_id_metadata_document_supported: true } : {}),
    },
    features: {
      devInteractions: off,
      // 20^8 codes of 10 minutes; how many may be tried in that time is bounded at the door (http/sign-in/route.ts).
      deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****', ...deps.devicePages },
      clientCredentials: { enabled: true },
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
          // Nobody consents for a service account, so there is nothing that it could step up by.
          const isService = ctx.oidc.params?.['grant_type'] === 'client_credentials';
          if (isService || ctx.oidc.route === 'device_authorization')
            Object.assign(ctx.oidc.params ?? {}, { scope: isService ? scope : knownScopes(ctx.oidc.params?.['scope']) });
          return {
            scope: isService ? scope : `${scope} ${stepUpScope}`,
            audience: resource,
            accessTokenFormat: 'opaque',
            accessTokenTTL: lifetime.AccessToken,
          };
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
  // Of a secret only the hash is known here.
  provider.Client.prototype.compareClientSecret = function compareClientSecret(given: string) {
    return timingSafeEqual(
      Buffer.from(hash('sha256', `sha256:${hash('sha256', given)}`)),
      Buffer.from(hash('sha256', this.clientSecret ?? '')),
    );
  };
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.status >= 500) await deps.giveBack(ctx);
  });
  provider.on('device_authorization.success', (_ctx, body) => Object.assign(body ?? {}, { interval: pollEvery }));
  provider.on('server_error', (_ctx, error) => deps.onFailure(error));
  return provider;
}

/** A grant for what a connection allows: each sign-in has one of its own, so that its tokens end together and no others do. */
export async function saveGrant(
  provider: Provider,
  of: { connection: Connection; resource: string; scopes: string },
): Promise<Grant> {
  const { id, user, client } = of.connection;
  const grant = new provider.Grant({ accountId: user.id, clientId: client, jti: grantIdFor(id) });
  grant.addResourceScope(of.resource, of.scopes);
  await grant.save();
  return grant;
}

/** What a request to authorize names, once oidc-provider has checked it; one of a device names no place to return to. */
export const Asked = z.object({
  client_id: z.string(),
  redirect_uri: z.string().optional(),
  resource: z.string(),
  scope: z.string().default(scope).transform(knownScopes),
});

async function loadGrant(provider: Provider, deps: ProviderDeps, ctx: Context): Promise<Grant | undefined> {
  const consented = ctx.oidc.result?.consent?.grantId;
  if (consented !== undefined) return provider.Grant.find(consented);
  const asked = Asked.safeParse(ctx.oidc.params);
  const user = ctx.oidc.account?.accountId;
  if (!asked.success || user === undefined) return undefined;
  const { client_id: client, redirect_uri: redirect, resource, scope: scopes } = asked.data;
  // Whoever shows somebody a code could be anybody: consent at a device is asked for each time.
  if (redirect === undefined || scopes !== scope) return undefined;
  const address = addressOfResource(deps.publicOrigin, resource);
  const { uid: session } = ctx.oidc.session;
  const isOwnDoing = isAskedByPerson(ctx.req.headers['sec-fetch-site']);
  const connection = address && (await deps.remembered({ client, user, address, redirect, session, isOwnDoing }));
  return connection && saveGrant(provider, { connection, resource, scopes });
}

/** What a browser says of who asked (Fetch Metadata): an app of the device, or the person, or a page of ours. One that says nothing leaves it open. */
function isAskedByPerson(site: string | readonly string[] | undefined): boolean {
  return site === 'none' || site === 'same-origin';
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
