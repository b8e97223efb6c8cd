// What a server wants, found out at servers that say it in all the ways there are, and at some that lead astray.
import { expect, onTestFinished, test } from 'vitest';
import { ServerId, Slug, newId } from '#contract/id.ts';
import type { RemoteOAuth } from '#contract/policy.ts';
import { createEgress } from '../../../gateway/egress/egress.ts';
import { createDiscovery } from '../../../gateway/identity/discovery.ts';
import type { RemotePlace } from '../../../gateway/identity/place.ts';
import { listen, type Heard } from '../../fake/remote/listen.ts';
import { proves } from '../../requirement.ts';

/** Documents by path; whatever else is asked is answered by `mcp` at /mcp and by 404 elsewhere. */
type Site = (origin: string) => {
  readonly status: number;
  readonly challenge?: string;
  readonly documents?: Readonly<Record<string, object>>;
  /** By path. */
  readonly redirects?: Readonly<Record<string, string>>;
};

async function serve(of: Site): Promise<Heard> {
  const heard: Heard = await listen((seen, response) => {
    const { status, challenge, documents = {}, redirects = {} } = of(heard.origin);
    const path = seen.url.split('?')[0] ?? '';
    const document = documents[path];
    if (document) return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    const location = redirects[path];
    if (location !== undefined) return response.writeHead(307, { location }).end();
    if (path !== '/mcp') return response.writeHead(404).end('<html>not here</html>');
    response.writeHead(status, challenge === undefined ? {} : { 'www-authenticate': challenge }).end('{}');
  });
  return heard;
}

function place(site: Heard, oauth?: RemoteOAuth, allowPrivate = ['127.0.0.1']): RemotePlace {
  const server = { id: ServerId.parse(newId()), slug: Slug.parse('wiki') };
  const out = { server: 'wiki', allowPrivate, way: undefined };
  return { server, title: 'Wiki', auth: 'auto', oauth, url: `${site.origin}/mcp`, origin: site.origin, out };
}

async function wants(of: Site, oauth?: RemoteOAuth) {
  const egress = createEgress({ onRefused: () => undefined });
  onTestFinished(() => egress.close());
  const site = await serve(of);
  return { site, found: createDiscovery({ egress, now: Date.now }).wantsOf(place(site, oauth)) };
}
const resource = (origin: string, change: object = {}) => ({
  resource: `${origin}/mcp`,
  authorization_servers: [origin],
  ...change,
});
const authorizationServer = (origin: string, change: object = {}) => ({
  issuer: origin,
  authorization_endpoint: `${origin}/auth`,
  token_endpoint: `${origin}/token`,
  code_challenge_methods_supported: ['S256'],
  ...change,
});
const asPath = '/.well-known/oauth-authorization-server';
const resourcePath = '/.well-known/oauth-protected-resource/mcp';
const oauthSite =
  (change: { resource?: object; server?: object; challenge?: string } = {}): Site =>
  (origin) => ({
    status: 401,
    challenge: change.challenge ?? `Bearer realm="x", resource_metadata="${origin}${resourcePath}", scope="read write"`,
    documents: {
      [resourcePath]: resource(origin, change.resource),
      [asPath]: authorizationServer(origin, change.server),
    },
  });

test('an open server, one that wants a token, and two that want a sign-in are told apart', async () => {
  proves('upstream-sign-in.found-out', {
    file: 'gateway/identity/discovery.ts',
    find: "return server ? { kind: 'oauth', server, resource: place.url, scope: challenge?.scope } : { kind: 'header' };",
    replace: "return { kind: 'header' };",
  });
  const open = await wants(() => ({ status: 200 }));
  expect(await open.found).toEqual({ kind: 'open' });
  const older = await wants(() => ({ status: 400 }));
  expect(await older.found).toEqual({ kind: 'open' });
  const header = await wants(() => ({ status: 401, challenge: 'Bearer' }));
  expect(await header.found).toEqual({ kind: 'header' });
  const oauth = await wants(oauthSite());
  expect(await oauth.found).toMatchObject({ kind: 'oauth', resource: `${oauth.site.origin}/mcp`, scope: 'read write' });
  // Of 2025-03-26: no metadata of the resource, and the server is its own authorization server.
  const old = await wants((origin) => ({ status: 401, documents: { [asPath]: authorizationServer(origin) } }));
  expect(await old.found).toMatchObject({ kind: 'oauth', server: { issuer: old.site.origin } });
});

test('metadata is found where the challenge does not name it, and behind a path of the issuer', async () => {
  const plain = await wants((origin) => ({
    status: 401,
    challenge: 'Bearer',
    documents: {
      '/.well-known/oauth-protected-resource': resource(origin, {
        resource: origin,
        authorization_servers: [`${origin}/tenant`],
      }),
      '/tenant/.well-known/openid-configuration': authorizationServer(origin, { issuer: `${origin}/tenant` }),
    },
  }));
  expect(await plain.found).toMatchObject({ kind: 'oauth', resource: plain.site.origin, scope: undefined });
  expect(plain.site.seen.map(({ url }) => url)).toEqual([
    '/mcp',
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-authorization-server/tenant',
    '/.well-known/openid-configuration/tenant',
    '/tenant/.well-known/openid-configuration',
  ]);
});

test.each([
  ['a resource of another site', { resource: { resource: 'https://elsewhere.example/mcp' } }, 'about another resource'],
  ['a resource beside it', { resource: { resource: 'http://127.0.0.1:1/mc' } }, 'about another resource'],
  ['an issuer that calls itself otherwise', { server: { issuer: 'https://elsewhere.example' } }, 'calls itself something else'],
  ['no PKCE', { server: { code_challenge_methods_supported: undefined } }, 'PKCE with S256'],
  ['only plain PKCE', { server: { code_challenge_methods_supported: ['plain'] } }, 'PKCE with S256'],
  ['endpoints that are not encrypted', { server: { token_endpoint: 'http://login.example/token' } }, 'publishes no metadata'],
])('a sign-in is refused where there is %s', async (_, change, says) => {
  proves('upstream-sign-in.pkce', {
    file: 'gateway/identity/discovery.ts',
    find: "if (!found.code_challenge_methods_supported?.includes('S256'))",
    replace: "if (found.code_challenge_methods_supported?.includes('none'))",
  });
  const { found } = await wants(oauthSite(change));
  await expect(found).rejects.toMatchObject({ code: 'UPSTREAM_SIGN_IN_FAILED' });
  await expect(found).rejects.toThrow(says);
});

test('an authorization server that the policy does not name is not used', async () => {
  const { found } = await wants(oauthSite(), { issuer: 'https://login.example.org' });
  await expect(found).rejects.toThrow('names another authorization server than the policy does');
});

test.each([
  ['metadata of the resource', () => oauthSite({ challenge: 'Bearer resource_metadata="http://169.254.169.254/latest"' })],
  ['the authorization server', () => oauthSite({ resource: { authorization_servers: ['https://10.1.2.3'] } })],
  ['another port of a machine that is not listed', () => oauthSite({ resource: { authorization_servers: ['http://[::1]:9'] } })],
])('an address of %s that leads inside is never asked', async (_, site) => {
  proves('upstream-sign-in.guarded', {
    file: 'gateway/identity/metadata.ts',
    find: '...place.out, url,',
    replace: "...place.out, allowPrivate: ['10.0.0.0/8', '::1', '127.0.0.1'], url,",
  });
  const { found } = await wants(site());
  await expect(found).rejects.toMatchObject({ code: 'EGRESS_FORBIDDEN' });
});

test('a redirect of metadata is judged like its address', async () => {
  const to = (location: string) => (origin: string) => ({
    status: 401,
    challenge: `Bearer resource_metadata="${origin}/moved"`,
    redirects: { '/moved': location === 'home' ? `${origin}${resourcePath}` : location },
    documents: { [resourcePath]: resource(origin), [asPath]: authorizationServer(origin) },
  });
  expect(await (await wants(to('home'))).found).toMatchObject({ kind: 'oauth' });
  await expect((await wants(to('http://10.0.0.1/'))).found).rejects.toMatchObject({ code: 'EGRESS_FORBIDDEN' });
});

test('a document that its own challenge names has to be there', async () => {
  const { found } = await wants((origin) => ({ status: 401, challenge: `Bearer resource_metadata="${origin}/gone"` }));
  await expect(found).rejects.toThrow('the metadata that it names is not there');
});
