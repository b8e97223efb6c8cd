// A company's identity provider: a real OpenID Connect provider on loopback with its own login and consent forms. Whatever is typed as the user is the
// person's e-mail address, and it is verified unless it begins with "unverified".
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { Provider } from 'oidc-provider';

export interface FakeIdentityProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Groups of a person, as a claim of their ID token says them. */
  readonly groups: Map<string, readonly string[]>;
  /** Of who signs in as the key: another account than the one that has this for its id, or another address. */
  readonly people: Map<string, { readonly subject?: string; readonly email?: string }>;
  /** What came, and from which address. */
  readonly asked: { readonly path: string; readonly from: string }[];
  close(): Promise<void>;
}

/** `redirectUris`: where its one client may be sent back to. */
export async function startIdentityProvider(redirectUris: readonly string[]): Promise<FakeIdentityProvider> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  const groups = new Map<string, readonly string[]>();
  const people: FakeIdentityProvider['people'] = new Map();
  const clientSecret = randomBytes(24).toString('base64url');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'drawbridge', client_secret: clientSecret, redirect_uris: [...redirectUris] }],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomBytes(24).toString('base64url')] },
    claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    findAccount: (_ctx: unknown, id: string) => ({
      accountId: id,
      claims: () => ({
        sub: people.get(id)?.subject ?? id,
        email: people.get(id)?.email ?? id,
        email_verified: !id.startsWith('unverified'),
        name: id,
        groups: groups.get(id) ?? [],
      }),
    }),
  });
  provider.silent = true;
  const answer = provider.callback();
  const asked: { path: string; from: string }[] = [];
  server.on('request', (request, response) => {
    asked.push({ path: (request.url ?? '').split('?')[0] ?? '', from: request.socket.remoteAddress ?? '' });
    void answer(request, response);
  });
  return {
    issuer,
    clientId: 'drawbridge',
    clientSecret,
    groups,
    people,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
