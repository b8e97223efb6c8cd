// What is said to an authorization server's token endpoint: a code for tokens, a refresh token for newer ones, and that a token is over. The protocol is
// openid-client's; every request of it goes through the guard for addresses. Rule: an answer of another issuer than the one that was asked is refused.
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type ClientAuth,
  ClientSecretPost,
  Configuration,
  customFetch,
  None,
  refreshTokenGrant,
  ResponseBodyError,
  tokenRevocation,
} from 'openid-client';
import type { Egress } from '../egress/egress.ts';
import { guardedFetch } from '../egress/fetch.ts';
import type { TokenSet } from '../vault/token-set.ts';
import type { UpstreamClient } from '../vault/upstream-client.ts';
import { type AuthorizationServer, withinMs } from './metadata.ts';
import type { RemotePlace } from './place.ts';

/** One authorization server, and as whom and on whose behalf it is asked. */
export interface Far {
  readonly egress: Pick<Egress, 'send'>;
  readonly place: RemotePlace;
  readonly at: AuthorizationServer;
  readonly client: UpstreamClient;
}
export interface Asking {
  readonly redirect: string;
  readonly resource: string;
  readonly scope: string | undefined;
  readonly state: string;
  readonly verifier: string;
}

export async function authorizationUrl(far: Far, { redirect, resource, scope, state, verifier }: Asking): Promise<URL> {
  return buildAuthorizationUrl(configurationOf(far), {
    redirect_uri: redirect,
    resource,
    state,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(scope === undefined ? {} : { scope }),
    // OpenID Connect gives a refresh token for that scope only where the person is asked for it.
    ...(scope?.split(' ').includes('offline_access') ? { prompt: 'consent' } : {}),
  });
}

/** The tokens behind the address that the person came back with. Rejects with what openid-client throws, or a Fault of the way there. */
export async function redeem(
  far: Far,
  returned: URL,
  { state, verifier, resource, scope }: Asking,
  now: number,
): Promise<TokenSet> {
  const checks = { expectedState: state, pkceCodeVerifier: verifier };
  const tokens = await authorizationCodeGrant(configurationOf(far), returned, checks, { resource });
  return setOf(tokens, { version: 1, obtainedAt: now, issuer: far.at.issuer, clientId: far.client.clientId, resource, scope });
}

/** Rejects as `redeem` does. */
export async function renew(far: Far, set: TokenSet, refresh: string, now: number): Promise<TokenSet> {
  const tokens = await refreshTokenGrant(configurationOf(far), refresh, { resource: set.resource });
  const { expiresAt: _, access: __, ...same } = set;
  return setOf(tokens, { ...same, obtainedAt: now });
}

/** RFC 7009; false where the server offers none. Rejects as `redeem` does. */
export async function revoke(far: Far, set: TokenSet): Promise<boolean> {
  // With its refresh token the whole sign-in ends.
  const token = set.refresh ?? set.access;
  if (token === undefined || far.at.revocation_endpoint === undefined) return false;
  await tokenRevocation(configurationOf(far), token, {
    token_type_hint: set.refresh === undefined ? 'access_token' : 'refresh_token',
  });
  return true;
}

/** The error code of an authorization server's answer, where it is one. */
export function errorCodeOf(error: unknown): string | undefined {
  return error instanceof ResponseBodyError ? error.error : undefined;
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly scope?: string;
  expiresIn(): number | undefined;
}

function setOf(tokens: Tokens, base: Omit<TokenSet, 'access' | 'expiresAt'>): TokenSet {
  const { access_token: access, refresh_token: refresh, scope } = tokens;
  const seconds = tokens.expiresIn();
  return {
    ...base,
    access,
    // A server that does not rotate says nothing of the refresh token: the one before stays.
    ...(refresh === undefined ? {} : { refresh }),
    ...(scope === undefined ? {} : { scope }),
    ...(seconds === undefined ? {} : { expiresAt: base.obtainedAt + seconds * 1000 }),
  };
}

function configurationOf({ egress, place, at, client }: Far): Configuration {
  const { clientId, secret = '', method } = client;
  const authentication =
    method === 'none' ? None() : method === 'client_secret_post' ? ClientSecretPost(secret) : basic(clientId, secret);
  const { revocation_endpoint, authorization_response_iss_parameter_supported } = at;
  const { issuer, authorization_endpoint, token_endpoint } = at;
  const metadata = {
    issuer,
    authorization_endpoint,
    token_endpoint,
    ...(revocation_endpoint === undefined ? {} : { revocation_endpoint }),
    ...(authorization_response_iss_parameter_supported === undefined ? {} : { authorization_response_iss_parameter_supported }),
  };
  const configuration = new Configuration(metadata, clientId, undefined, authentication);
  // Plain http gets no further than this machine: the guard for addresses sees to that.
  allowInsecureRequests(configuration);
  configuration.timeout = withinMs / 1000;
  configuration[customFetch] = guardedFetch(egress, place.out, withinMs);
  return configuration;
}

/**
 * RFC 6749 section 2.3.1, encoded as forms are and no further: openid-client's own encodes `-`, `.` and `_` too, which is the same, and servers that do not decode
 * at all then know neither id nor secret.
 */
function basic(clientId: string, secret: string): ClientAuth {
  const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);
  const shown = Buffer.from(`${encoded(clientId)}:${encoded(secret)}`).toString('base64');
  return (_server, _client, _body, headers) => headers.set('authorization', `Basic ${shown}`);
}
