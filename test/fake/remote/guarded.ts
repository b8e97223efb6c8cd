// A remote server behind a real authorization server: an SDK server that is reached with its access tokens alone, the metadata that leads there (RFC 9728,
// RFC 8414), and an oidc-provider with its own login form. What it is asked for is kept, and a test says what goes wrong.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import { type Adapter, type Context, Provider } from 'oidc-provider';
import { closed, listening, type RemoteServer, serveOld } from './old.ts';

export interface Guarded {
  /** Of the MCP server. */
  readonly url: string;
  readonly issuer: string;
  /** Grant types that the token endpoint gave tokens for, in order. */
  readonly granted: string[];
  /** Grant types that it refused. */
  readonly refused: string[];
  /** Tokens that were given back. */
  readonly revoked: string[];
  /** Scopes of the authorization requests, in order, and the clients that made them. */
  readonly asked: string[];
  readonly clients: string[];
  readonly inner: RemoteServer;
  /** From now on. */
  readonly set: Settings;
  /** Whoever has tokens loses them: all refresh tokens are forgotten, and access tokens with `access`. */
  endAll(of: { access: boolean }): void;
  /** Access tokens are forgotten, and refresh tokens count. */
  forgetAccess(): void;
  close(): Promise<void>;
}
export interface Settings {
  /** Of access tokens. */
  ttlSeconds: number;
  /** What the token endpoint answers instead of doing anything. */
  tokenStatus: number | undefined;
  /** Scopes without which the server answers 403. */
  needs: string[];
  /** What stands in the metadata of the authorization server beside or instead of the real. */
  metadata: Record<string, unknown>;
  /** The same of the protected resource. */
  resource: Record<string, unknown>;
  /** What its answer to a sign-in calls itself, where that is not the truth. */
  iss: string | undefined;
  /** Waits for the token endpoint's answer, which is ready by then. */
  beforeAnswer: (() => Promise<void>) | undefined;
}

/** `documents`: clients may be known by documents at addresses of their own, which are had by this. */
export async function serveGuarded(change: Partial<Settings> = {}, documents?: typeof fetch): Promise<Guarded> {
  const people: Record<string, string> = {};
  const inner = await serveOld({ people });
  const set: Settings = {
    ttlSeconds: 3600,
    tokenStatus: undefined,
    needs: [],
    metadata: {},
    resource: {},
    iss: undefined,
    beforeAnswer: undefined,
    ...change,
  };
  const granted: string[] = [];
  const refused: string[] = [];
  const revoked: string[] = [];
  const asked: string[] = [];
  const clients: string[] = [];
  const models = new Map<string, Map<string, Record<string, unknown>>>();
  const server = createServer();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const issuer = await listening(server);
  const url = `${issuer}/mcp`;
  const provider = new Provider(issuer, {
    adapter: (model: string) => memory(models, model),
    cookies: { keys: [randomBytes(24).toString('base64url')] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] },
    scopes: ['openid', 'offline_access', 'read', 'write', 'admin'],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    clientAuthMethods: ['none', 'client_secret_basic'],
    ...(documents && { fetch: documents }),
    features: {
      registration: { enabled: true },
      ...(documents && { clientIdMetadataDocument: { enabled: true, ack: 'draft-02' } }),
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'read write admin',
          audience: url,
          accessTokenFormat: 'opaque',
          accessTokenTTL: set.ttlSeconds,
        }),
      },
    },
    ttl: {
      AccessToken: () => set.ttlSeconds,
      RefreshToken: 3600,
      Grant: 3600,
      Interaction: 600,
      Session: 600,
      AuthorizationCode: 60,
    },
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
  });
  provider.silent = true;
  provider.on('grant.success', (ctx: Context) => void granted.push(String(ctx.oidc.params?.['grant_type'])));
  provider.on('grant.error', (ctx: Context) => void refused.push(String(ctx.oidc.params?.['grant_type'])));
  provider.on('grant.revoked', () => undefined);
  const answer = provider.callback();

  async function bearer(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const known = models.get('AccessToken')?.get(token);
    if (!known || Number(known['exp']) * 1000 <= Date.now()) return undefined;
    people[token] = String(known['accountId']);
    return known;
  }

  async function guard(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = await bearer(request);
    const metadata = `resource_metadata="${issuer}/.well-known/oauth-protected-resource/mcp"`;
    if (!token) return refuse(response, 401, `Bearer ${metadata}, scope="read"`);
    const has = String(token['scope']).split(' ');
    const missing = set.needs.filter((scope) => !has.includes(scope));
    if (missing.length > 0)
      return refuse(response, 403, `Bearer error="insufficient_scope", scope="${set.needs.join(' ')}", ${metadata}`);
    pipe(request, response, inner.url);
  }

  server.on('request', async (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path === '/mcp') return guard(request, response);
    if (path === '/.well-known/oauth-protected-resource/mcp') {
      const resource = { resource: url, authorization_servers: [issuer], scopes_supported: ['read'], ...set.resource };
      return json(response, resource);
    }
    const { iss, beforeAnswer } = set;
    if (path === '/token' && beforeAnswer) holdBack(response, beforeAnswer);
    if (path === '/token' && set.tokenStatus !== undefined)
      return json(response, { error: 'temporarily_unavailable' }, set.tokenStatus);
    if (path === '/token/revocation') note(request, revoked);
    if (path === '/auth') {
      const { searchParams } = new URL(request.url ?? '', issuer);
      asked.push(searchParams.get('scope') ?? '');
      clients.push(searchParams.get('client_id') ?? '');
    }
    if (path === '/.well-known/openid-configuration' || path === '/.well-known/oauth-authorization-server') {
      const text = await (await fetch(`${issuer}/real-metadata`)).text();
      return json(response, { ...JSON.parse(text), ...set.metadata });
    }
    if (path === '/real-metadata') request.url = '/.well-known/openid-configuration';
    if (iss !== undefined) rename(response, issuer, iss);
    await answer(request, response);
  });

  return {
    url,
    issuer,
    granted,
    refused,
    revoked,
    asked,
    clients,
    inner,
    set,
    endAll({ access }) {
      for (const model of ['RefreshToken', 'Grant', ...(access ? ['AccessToken'] : [])]) models.get(model)?.clear();
    },
    forgetAccess: () => models.get('AccessToken')?.clear(),
    async close() {
      await closed(server);
      await inner.close();
    },
  };
}

/** Passes a request on to another server, and its answer back. */
export function pipe(request: IncomingMessage, response: ServerResponse, to: string): void {
  const { method, headers } = request;
  const onward = send(to, { ...(method && { method }), headers }, (inside) => {
    response.writeHead(inside.statusCode ?? 502, inside.headers);
    inside.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

function refuse(response: ServerResponse, status: number, challenge: string): void {
  response.writeHead(status, { 'www-authenticate': challenge, 'content-type': 'application/json' }).end('{}');
}

function json(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function note(request: IncomingMessage, revoked: string[]): void {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString()));
  request.on('end', () => revoked.push(new URLSearchParams(text).get('token_type_hint') ?? ''));
}

/** Its answers call it by another name. */
function rename(response: ServerResponse, issuer: string, iss: string): void {
  const set = response.setHeader.bind(response);
  response.setHeader = (name, value) => {
    const isPlace = name.toLowerCase() === 'location' && typeof value === 'string';
    return set(name, isPlace ? value.replace(`iss=${encodeURIComponent(issuer)}`, `iss=${encodeURIComponent(iss)}`) : value);
  };
}

function holdBack(response: ServerResponse, before: () => Promise<void>): void {
  const end = response.end.bind(response);
  response.end = ((...args: Parameters<typeof end>) => {
    void before().then(() => end(...args));
    return response;
  }) as typeof response.end;
}

/** Everything that it keeps, by model and id. */
function memory(models: Map<string, Map<string, Record<string, unknown>>>, model: string): Adapter {
  const of = (name: string) => {
    const known = models.get(name) ?? new Map<string, Record<string, unknown>>();
    models.set(name, known);
    return known;
  };
  const byUid = (uid: string) => [...of(model).values()].find((one) => one['uid'] === uid);
  return {
    upsert: (id, payload) => Promise.resolve(void of(model).set(id, payload)),
    find: (id) => Promise.resolve(of(model).get(id)),
    findByUid: (uid) => Promise.resolve(byUid(uid)),
    findByUserCode: () => Promise.resolve(undefined),
    consume: (id) => {
      const known = of(model).get(id);
      if (known) known['consumed'] = Math.floor(Date.now() / 1000);
      return Promise.resolve();
    },
    destroy: (id) => Promise.resolve(void of(model).delete(id)),
    revokeByGrantId(grantId) {
      for (const [id, one] of of(model)) if (one['grantId'] === grantId) of(model).delete(id);
      return Promise.resolve();
    },
  };
}

/** A server that wants a token that somebody gave by hand, and says of nowhere to sign in: `tok-of-ada-31c9` is ada's. */
export async function serveHeader(): Promise<RemoteServer> {
  const people = { 'tok-of-ada-31c9': 'ada of the board' };
  const inner = await serveOld({ people });
  const server = createServer((request, response) => {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (request.url !== '/mcp') return response.writeHead(404).end();
    if (!Object.hasOwn(people, token)) return refuse(response, 401, 'Bearer');
    pipe(request, response, inner.url);
  });
  const url = `${await listening(server)}/mcp`;
  return {
    ...inner,
    url,
    async close() {
      await closed(server);
      await inner.close();
    },
  };
}
