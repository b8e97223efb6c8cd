// Sign-in at the company's identity provider by OpenID Connect: code flow with PKCE, state and nonce, the ID token checked by openid-client.
// Every request goes through the gateway's one way out. Each provider has a return address of its own, so that an answer of one can't be passed off as another's; only an e-mail that it verified counts.
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import type { Slug } from '#contract/id.ts';
import { reveal, type Secret } from '#contract/secret.ts';
import type { Egress } from '../egress/egress.ts';
import { guardedFetch } from '../egress/fetch.ts';

export interface IdentityProviderSettings {
  readonly slug: string;
  readonly title: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret<string>;
  readonly domains?: readonly string[] | undefined;
  /** As contract/sign-in-file.ts has them. */
  readonly create?: boolean;
  readonly teams?: readonly Slug[];
  readonly groups?:
    | { readonly claim: string; readonly scope?: string | undefined; readonly map: Readonly<Record<string, Slug>> }
    | undefined;
  readonly signInEveryHours?: number;
  readonly egress?: Slug | undefined;
  readonly allowPrivate?: readonly string[];
}

/** What has to be kept between sending a person away and their return; used once. */
export const Departure = z.object({ provider: z.string(), state: z.string(), nonce: z.string(), verifier: z.string() });
export type Departure = z.infer<typeof Departure>;

/** Whom a provider says that somebody is. */
export interface Arrival {
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  /** Verified, in lower case. */
  readonly email: string;
  readonly name: string | undefined;
  /** Empty where the provider says nothing of any. */
  readonly groups: readonly string[];
}

export interface IdentityProviderClient {
  readonly settings: IdentityProviderSettings;
  /** Where to send the person. Rejects with IDENTITY_PROVIDER_FAILED. */
  depart(email?: string): Promise<{ readonly url: URL; readonly departure: Departure }>;
  /** Who came back with this address. Rejects with SIGN_IN_REFUSED or IDENTITY_PROVIDER_FAILED. */
  arrive(returned: URL, departure: Departure): Promise<Arrival>;
}

const Groups = z.union([z.array(z.string()).max(2000), z.string().transform((one) => [one])]).catch([]);
const Claims = z.looseObject({
  iss: z.string(),
  sub: z.string().min(1).max(255),
  email: z.string().optional(),
  email_verified: z.unknown().optional(),
  name: z.string().max(200).optional().catch(undefined),
});
const Address = z.email().max(254);
const timeoutSeconds = 10;
const rediscoverAfterMs = 3_600_000;

export function createIdentityProvider(
  settings: IdentityProviderSettings,
  deps: { egress: Pick<Egress, 'send'>; returnTo: string; now: () => number; onFailure: (error: unknown) => void },
): IdentityProviderClient {
  let found: { readonly at: number; readonly configuration: Promise<Configuration> } | undefined;

  function failed(cause: unknown): Fault {
    if (cause instanceof Fault) return cause;
    deps.onFailure(cause);
    return new Fault('IDENTITY_PROVIDER_FAILED', { name: settings.title }, { cause });
  }

  function configuration(): Promise<Configuration> {
    if (found && deps.now() - found.at < rediscoverAfterMs) return found.configuration;
    const asking = discover(settings, deps.egress);
    found = { at: deps.now(), configuration: asking };
    asking.catch(() => (found = undefined));
    return asking;
  }

  return {
    settings,
    async depart(email) {
      const departure = {
        provider: settings.slug,
        state: randomState(),
        nonce: randomNonce(),
        verifier: randomPKCECodeVerifier(),
      };
      try {
        const url = buildAuthorizationUrl(await configuration(), {
          redirect_uri: deps.returnTo,
          scope: ['openid email profile', settings.groups?.scope].filter(Boolean).join(' '),
          state: departure.state,
          nonce: departure.nonce,
          code_challenge: await calculatePKCECodeChallenge(departure.verifier),
          code_challenge_method: 'S256',
          ...(email === undefined ? {} : { login_hint: email }),
        });
        return { url, departure };
      } catch (error) {
        throw failed(error);
      }
    },
    async arrive(returned, departure) {
      const refusal = returned.searchParams.get('error');
      if (refusal !== null)
        throw new Fault('SIGN_IN_REFUSED', { reason: `${settings.title} did not confirm who you are. Try again.` });
      try {
        const tokens = await authorizationCodeGrant(await configuration(), returned, {
          expectedState: departure.state,
          expectedNonce: departure.nonce,
          pkceCodeVerifier: departure.verifier,
          idTokenExpected: true,
        });
        return arrivalOf(settings, Claims.parse(tokens.claims()));
      } catch (error) {
        throw failed(error);
      }
    },
  };
}

async function discover(of: IdentityProviderSettings, egress: Pick<Egress, 'send'>): Promise<Configuration> {
  const { title, issuer, clientId, clientSecret, allowPrivate = [] } = of;
  // Whose address the administrator wrote; what it publishes of others is guarded as any.
  const host = new URL(issuer).hostname.replace(/^\[|\]$/g, '');
  const to = { server: title, allowPrivate: [host, ...allowPrivate], way: of.egress };
  const fetch = guardedFetch(egress, to, timeoutSeconds * 1000);
  const isPlain = issuer.startsWith('http:');
  const secret = reveal(clientSecret);
  const options = { timeout: timeoutSeconds, [customFetch]: fetch, ...(isPlain ? { execute: [allowInsecureRequests] } : {}) };
  const first = await discovery(new URL(issuer), clientId, undefined, ClientSecretBasic(secret), options);
  const metadata = first.serverMetadata();
  const methods = metadata.token_endpoint_auth_methods_supported;
  if (methods === undefined || methods.includes('client_secret_basic')) return first;
  const second = new Configuration(metadata, clientId, undefined, ClientSecretPost(secret));
  second.timeout = timeoutSeconds;
  second[customFetch] = fetch;
  if (isPlain) allowInsecureRequests(second);
  return second;
}

function arrivalOf({ slug, title, domains, groups }: IdentityProviderSettings, claims: z.infer<typeof Claims>): Arrival {
  const refuse = (reason: string) => new Fault('SIGN_IN_REFUSED', { reason });
  const given = claims.email?.trim();
  if (given === undefined || given === '') throw refuse(`${title} told no e-mail address of yours. Ask your administrator.`);
  // As policies write addresses. Before it is brought to lower case: some letters of other scripts become an `a-z` by that, and the address somebody else's.
  if (!Address.safeParse(given).success) throw refuse(`${title} told an e-mail address that is none. Ask your administrator.`);
  const email = given.toLowerCase();
  if (claims.email_verified !== true) throw refuse(`${title} has not verified your e-mail address. Ask your administrator.`);
  const domain = email.slice(email.lastIndexOf('@') + 1);
  if (domains && !domains.includes(domain)) throw refuse(`${title} may not speak for ${domain}. Ask your administrator.`);
  const ofClaim = groups === undefined ? [] : Groups.parse(claims[groups.claim]);
  return { provider: slug, issuer: claims.iss, subject: claims.sub, email, name: claims.name, groups: ofClaim };
}
