// How the driver signs in where a scenario's server wants that (their authorization servers let everybody in at once): directly by the SDK's own flow, and
// through a gateway by the page that an administrator opens, with a client that was registered by hand where the scenario names one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { OAuthClientProvider } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { createBrowser, leftTo, pageAt } from '../walk/browser.ts';
import type { Deployment } from '../walk/deployment.ts';

export const Registered = z.looseObject({ client_id: z.string(), client_secret: z.string() });

/** Errors after which somebody has to sign in (again). */
const wantsSignIn: ReadonlySet<string> = new Set(['IDENTITY_MISSING', 'IDENTITY_ENDED', 'IDENTITY_REFUSED', 'IDENTITY_SCOPE']);
export function isForSignIn(error: unknown): boolean {
  const known = z.looseObject({ data: z.looseObject({ code: z.string() }) }).safeParse(error);
  return known.success && wantsSignIn.has(known.data.data.code);
}

/** Signs in at the scenario's server for everybody. False where the gateway says that it is not possible. */
export async function signInThrough(gateway: Deployment): Promise<boolean> {
  const browser = createBrowser([gateway.origin]);
  const path = (await gateway.admin('identity', 'link', '--server', 'scenario', '--shared')).trim();
  const page = pageAt(await browser.open(`${gateway.origin}${path}`));
  const sent = await browser.submit(page, {});
  if ('status' in sent) return told(sent.text);
  const answered = await fetch(leftTo(sent), { redirect: 'manual' });
  await answered.body?.cancel();
  const back = answered.headers.get('location');
  if (back === null) return false;
  const done = pageAt(await browser.open(back));
  return done.status === 200 || told(done.text);
}

function told(page: string): false {
  process.stderr.write(`${/role="alert">([^<]*)/.exec(page)?.[1] ?? page}\n`);
  return false;
}

/** What the policy says of the scenario's server. */
export async function registeredByHand(
  gateway: Deployment,
  client: z.infer<typeof Registered>,
  policy: (oauth?: object) => object,
) {
  // It does not fit yet: nobody may register by themselves there.
  const { stdout } = await gateway.adminRaw('server', 'check', 'scenario', '--json');
  const { issuer } = z.looseObject({ issuer: z.string() }).parse(JSON.parse(stdout));
  await gateway.apply(policy({ clientId: client.client_id, issuer }));
  const args = ['gateway/cli.ts', 'identity', 'client', '--server', 'scenario', '--data', gateway.dataDir];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(client.client_secret);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error('the secret of the client was not taken');
}

export interface SdkSignIn {
  readonly provider: OAuthClientProvider;
  /** What the authorization server sent back, once. */
  returned(): URLSearchParams | undefined;
}

/** The SDK's flow, whose person follows where they are sent. */
export function sdkSignIn(context: unknown): SdkSignIn {
  const redirectUrl = 'http://localhost:9/callback';
  const registered = Registered.safeParse(context);
  const kept = new Map<string, unknown>(registered.success ? [['client', registered.data]] : []);
  let back: URLSearchParams | undefined;
  const read = (name: string) => kept.get(name) as never;
  return {
    provider: {
      redirectUrl,
      clientMetadataUrl: 'https://conformance-test.local/client-metadata.json',
      clientMetadata: {
        client_name: 'conformance-driver',
        redirect_uris: [redirectUrl],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        application_type: 'native',
      },
      state: () => 'the only one',
      // What one authorization server gave is for no other.
      clientInformation: (at) => read(kept.has('client') ? 'client' : `client ${at?.issuer}`),
      saveClientInformation: (client, at) => void kept.set(`client ${at?.issuer}`, client),
      tokens: () => read('tokens'),
      saveTokens: (tokens) => void kept.set('tokens', tokens),
      saveCodeVerifier: (verifier) => void kept.set('verifier', verifier),
      codeVerifier: () => read('verifier'),
      invalidateCredentials: (scope) => void (scope === 'all' ? kept.clear() : kept.delete(scope)),
      async redirectToAuthorization(url) {
        const answered = await fetch(url, { redirect: 'manual' });
        await answered.body?.cancel();
        back = new URL(answered.headers.get('location') ?? redirectUrl).searchParams;
      },
    },
    returned() {
      const once = back;
      back = undefined;
      return once;
    },
  };
}
