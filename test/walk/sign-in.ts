// A deployment where people sign in: the gateway server by its command line, with a real identity provider beside it, and what a host and a person do there.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startIdentityProvider, type FakeIdentityProvider } from '../fake/identity-provider.ts';
import { type Browser, createBrowser, leftTo, pageAt } from './browser.ts';
import { deploy, type Deployment, type PolicyText } from './deployment.ts';

export interface SignInDeployment {
  readonly deployment: Deployment;
  readonly identityProvider: FakeIdentityProvider;
  browser(): Browser;
  close(): Promise<void>;
}

/**
 * `file`: what stands in the sign-in file beside the identity providers. `domains`: one provider for each name, with the domains whose people it signs in;
 * without it there is one, `company`, for everybody.
 */
export async function deploySignIn(of: {
  policy: PolicyText;
  file?: object;
  domains?: Readonly<Record<string, readonly string[]>>;
  /** What else the file says of each provider. */
  provider?: object;
  env?: Record<string, string>;
  /** Where a proxy stands in front. */
  publicOrigin?: string;
  /** Whose pages a browser opens, beside the gateway's and its identity providers'. */
  extraSites?: readonly string[];
  serveArgs?: readonly string[];
}): Promise<SignInDeployment> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-sign-in-'));
  const file = join(dir, 'sign-in.yaml');
  const providers: FakeIdentityProvider[] = [];
  const deployment = await deploy({
    policy: of.policy,
    serveArgs: ['--sign-in', file, ...(of.serveArgs ?? [])],
    ...(of.env && { env: of.env }),
    publicOrigin: async (port) => {
      const origin = of.publicOrigin ?? `http://127.0.0.1:${port}`;
      const identityProviders: Record<string, object> = {};
      for (const [slug, domains] of Object.entries(of.domains ?? { company: undefined })) {
        const provider = await startIdentityProvider([`${origin}/sign-in/callback/${slug}`]);
        providers.push(provider);
        const clientSecretFile = `${slug}.secret`;
        await writeFile(join(dir, clientSecretFile), provider.clientSecret);
        await chmod(join(dir, clientSecretFile), 0o600);
        const { issuer, clientId } = provider;
        identityProviders[slug] = {
          title: `Login of ${slug}`,
          issuer,
          clientId,
          clientSecretFile,
          ...(domains && { domains }),
          ...of.provider,
        };
      }
      await writeFile(file, JSON.stringify({ version: 1, identityProviders, ...of.file }));
      return origin;
    },
  });
  const [first] = providers;
  if (!first) throw new Error('no identity provider was started');
  return {
    deployment,
    identityProvider: first,
    browser: () => createBrowser([deployment.origin, ...providers.map(({ issuer }) => issuer), ...(of.extraSites ?? [])]),
    async close() {
      await deployment.close();
      for (const provider of providers) await provider.close();
      await rm(dir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** What a person does in a browser to let a host in: signs in where they are not, and consents where they are asked. Ends where the host is. */
export async function letIn(
  browser: Browser,
  authorizationUrl: string | URL,
  person: string,
  { gateway, answer = 'allow' }: { gateway?: string; answer?: 'allow' | 'deny' } = {},
): Promise<URL> {
  let at = await browser.open(authorizationUrl);
  for (let step = 0; step < 6 && 'status' in at; step++) {
    if (at.text.includes('name="login"')) at = await browser.submit(at, { login: person, password: 'of the fake' });
    else if (at.text.includes('name="prompt" value="consent"')) at = await browser.submit(at, {});
    else if (at.text.includes('name="answer"')) at = await browser.submit(at, { answer, ...(gateway && { gateway }) });
    else break;
  }
  return leftTo(at);
}

/** The first page that asks for consent. */
export async function toConsent(browser: Browser, authorizationUrl: string | URL, person: string) {
  let at = pageAt(await browser.open(authorizationUrl));
  while (!at.text.includes('name="answer"')) {
    if (at.text.includes('name="login"')) at = pageAt(await browser.submit(at, { login: person, password: 'of the fake' }));
    else if (at.text.includes('name="prompt" value="consent"')) at = pageAt(await browser.submit(at, {}));
    else throw new Error(`no consent at ${at.url} (${at.status}): ${at.text}`);
  }
  return at;
}

const Tokens = z.object({
  access_token: z.string(),
  refresh_token: z.string().optional(),
  expires_in: z.number(),
  scope: z.string(),
  token_type: z.string(),
});
export type Tokens = z.infer<typeof Tokens>;

/** A host that speaks OAuth by hand, so that it can also do what no host should. */
/** `listed`: a client that needs no registration. `headers`: what a proxy adds to each request. */
export async function rawHost(
  origin: string,
  redirect = 'http://127.0.0.1/callback',
  listed?: string,
  headers: Readonly<Record<string, string>> = {},
) {
  const client = listed ?? (await registerRaw(origin, redirect));
  const verifier = randomBytes(32).toString('base64url');
  return {
    client,
    verifier,
    /** The address that begins a sign-in; null leaves a parameter out. */
    begin(resource: string, change: Readonly<Record<string, string | null>> = {}): URL {
      const url = new URL(`${origin}/oauth/authorize`);
      const parameters = {
        response_type: 'code',
        client_id: client,
        redirect_uri: 'http://127.0.0.1:4711/callback',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        state: 'of the host',
        resource,
        ...change,
      };
      for (const [name, value] of Object.entries(parameters)) if (value !== null) url.searchParams.set(name, value);
      return url;
    },
    redeem: (code: string, change: Readonly<Record<string, string>> = {}) =>
      token(origin, headers, {
        grant_type: 'authorization_code',
        client_id: client,
        code,
        code_verifier: verifier,
        redirect_uri: 'http://127.0.0.1:4711/callback',
        ...change,
      }),
    refresh: (refresh_token: string, change: Readonly<Record<string, string>> = {}) =>
      token(origin, headers, { grant_type: 'refresh_token', client_id: client, refresh_token, ...change }),
  };
}

async function registerRaw(origin: string, redirect: string): Promise<string> {
  const grant_types = ['authorization_code', 'refresh_token'];
  const registered = await register(origin, { redirect_uris: [redirect], client_name: 'Raw Host', grant_types });
  return z.object({ client_id: z.string() }).parse(registered.body).client_id;
}

export async function register(origin: string, metadata: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${origin}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  });
  return { status: response.status, body: await response.json() };
}

/** The tokens, or the error that the token endpoint names. */
async function token(
  origin: string,
  headers: Readonly<Record<string, string>>,
  form: Readonly<Record<string, string>>,
): Promise<{ tokens?: Tokens; error?: string }> {
  const response = await fetch(`${origin}/oauth/token`, { method: 'POST', headers, body: new URLSearchParams(form) });
  const body: unknown = await response.json();
  if (response.ok) return { tokens: Tokens.parse(body) };
  return { error: z.object({ error: z.string() }).parse(body).error };
}
