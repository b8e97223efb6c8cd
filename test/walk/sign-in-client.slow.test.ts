// The ways in which a host is known: by a document at its own https address, listed by the administrator, or not at all.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { z } from 'zod';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate } from '../certificate.ts';
import { proves } from '../requirement.ts';
import { leftTo, pageAt } from './browser.ts';
import { walkPolicy } from './policy.ts';
import { root, run } from './program.ts';
import { createHost } from './sdk-host.ts';
import { deploySignIn, letIn, rawHost, register, type SignInDeployment, toConsent } from './sign-in.ts';

let dir: string;
let site: Server;
let siteOrigin: string;
const fetched: string[] = [];
/** What the site answers with in place of its documents. */
let siteStatus = 200;
const document = (of: object) => ({ client_name: 'Document Host', redirect_uris: ['http://127.0.0.1:53682/callback'], ...of });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-document-'));
  const { key, cert } = await makeCertificate(dir, 'DNS:localhost');
  site = createServer({ key: await readFile(key), cert: await readFile(cert) }, (request, response) => {
    fetched.push(request.url ?? '');
    if (request.url === '/moved.json') return void response.writeHead(302, { Location: '/client.json' }).end();
    if (siteStatus !== 200) return void response.writeHead(siteStatus).end();
    const id = `${siteOrigin}${request.url}`;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(document({ client_id: id, grant_types: ['authorization_code', 'refresh_token'] })));
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const address = site.address();
  siteOrigin = `https://localhost:${typeof address === 'object' && address ? address.port : 0}`;
});
afterAll(async () => {
  site.close();
  await rm(dir, { recursive: true, force: true });
});
const trusting = () => ({ NODE_EXTRA_CA_CERTS: join(dir, 'cert.pem') });
const metadataOf = async (at: SignInDeployment): Promise<Record<string, unknown>> =>
  (await fetch(`${at.deployment.origin}/.well-known/oauth-authorization-server`)).json() as Promise<Record<string, unknown>>;

describe('a host with a document', () => {
  let at: SignInDeployment;
  beforeAll(async () => {
    const clientDocuments = { allowPrivate: ['localhost'] };
    at = await deploySignIn({ policy: walkPolicy({}), file: { clientDocuments }, env: trusting() });
  });
  afterAll(() => at?.close());

  test('signs in by itself (SDK v2) without registering, and its domain is told', async () => {
    const clientMetadataUrl = `${siteOrigin}/client.json`;
    const { kept, provider } = createHost('document');
    const clientMetadata = { redirect_uris: provider.clientMetadata.redirect_uris };
    const authProvider = { ...provider, clientMetadata, clientMetadataUrl };
    const transport = () =>
      new StreamableHTTPClientTransport(new URL(`${at.deployment.origin}/g/eng/mcp`), { authProvider: authProvider as never });
    const first = transport();
    await expect(new Client({ name: 'document', version: '1' }).connect(first)).rejects.toThrow();
    expect(kept.sentTo?.searchParams.get('client_id')).toBe(clientMetadataUrl);
    const browser = at.browser();
    const page = await toConsent(browser, kept.sentTo ?? '', 'ada@example.org');
    expect(page.text).toContain('<strong>localhost</strong> publishes what it is');
    expect(page.text).toContain(clientMetadataUrl);
    const back = await letIn(browser, kept.sentTo ?? '', 'ada@example.org');
    await first.finishAuth(back.searchParams);
    const client = new Client({ name: 'document', version: '1' });
    await client.connect(transport());
    await client.listTools();
    await client.close();
    const events = (await at.deployment.records(100)).map((record) => record['event']);
    expect(events).toContain('host_token_issued');
    expect(events).not.toContain('client_registered');
  });

  test('whose site fails while its person looks at the consent waits with them, and one that is gone then is let in no more', async () => {
    const host = await rawHost(at.deployment.origin, undefined, `${siteOrigin}/waiting.json`);
    const begun = () => host.begin(`${at.deployment.origin}/g/eng/mcp`, { redirect_uri: 'http://127.0.0.1:53682/callback' });
    const browser = at.browser();
    const page = await toConsent(browser, begun(), 'ada@example.org');
    // What was known of it is forgotten.
    await at.deployment.restartGateway();
    siteStatus = 503;
    for (const there of [await browser.open(page.url), await browser.submit(page, { answer: 'allow' })]) {
      const told = pageAt(there);
      expect([told.status, told.text]).toEqual([502, expect.stringMatching(/has to wait.*Load this page again/s)]);
    }
    siteStatus = 404;
    const gone = pageAt(await browser.submit(page, { answer: 'allow' }));
    expect([gone.status, gone.text]).toEqual([
      403,
      expect.stringMatching(/does not say any more what it is. Go back to your app/),
    ]);
    siteStatus = 200;
    expect(pageAt(await browser.open(page.url)).text).toContain('name="answer"');
    expect(leftTo(await browser.submit(page, { answer: 'allow' })).searchParams.get('code')).toBeTruthy();
  });

  test('is not believed where its address leads elsewhere', async () => {
    proves('sign-in.document-in-place', {
      file: 'gateway/sign-in/fetch-document.ts',
      find: ', redirectsAtMost: 0 }',
      replace: ' }',
    });
    const host = await rawHost(at.deployment.origin);
    const count = fetched.filter((path) => path === '/client.json').length;
    const addresses = [`${siteOrigin}/moved.json`, 'https://127.0.0.1/client.json', 'https://169.254.169.254/client.json'];
    // Nor is anybody told which of them there are.
    for (const id of [...addresses, 'https://nobody.invalid/client.json']) {
      const page = pageAt(await at.browser().open(host.begin(`${at.deployment.origin}/g/eng/mcp`, { client_id: id })));
      expect(page.status).toBeGreaterThanOrEqual(400);
      expect(page.text).toContain('did not answer as it should');
    }
    expect(fetched.filter((path) => path === '/client.json')).toHaveLength(count);
  });
});

/** As the command makes it. */
async function clientSecret(): Promise<{ secret: string; secretHash: string }> {
  const { stdout } = await run(join(root, 'gateway/cli.ts'), ['token', 'secret', '--json']);
  return z.object({ secret: z.string(), secretHash: z.string() }).parse(JSON.parse(stdout));
}

describe('where only listed hosts are let in', () => {
  let at: SignInDeployment;
  let given: string;
  let key: KeyObject;
  beforeAll(async () => {
    const { secret, secretHash } = await clientSecret();
    given = secret;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    key = privateKey;
    const redirectUris = ['http://127.0.0.1/callback'];
    const hosts = {
      'known-host': { title: 'Known Host', redirectUris },
      'secret-host': { title: 'Secret Host', redirectUris, secretHash },
      'key-host': { title: 'Key Host', redirectUris, jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] } },
    };
    const file = { hosts, clientDocuments: 'none', registration: 'none' };
    at = await deploySignIn({ policy: walkPolicy({}), file, env: trusting() });
  });
  afterAll(() => at?.close());

  test('a listed one signs in, and no other is known', async () => {
    proves('sign-in.only-listed', {
      file: 'gateway/http/sign-in/route.ts',
      find: "...(deps.registration === 'open' ? { [paths.register]: { method: 'POST', step: register } } : {}),",
      replace: "[paths.register]: { method: 'POST', step: register },",
    });
    const metadata = await metadataOf(at);
    expect(metadata).not.toHaveProperty('registration_endpoint');
    expect(metadata).not.toHaveProperty('client_id_metadata_document_supported');
    expect((await register(at.deployment.origin, document({}))).status).toBe(404);
    const host = await rawHost(at.deployment.origin, undefined, 'known-host');
    const resource = `${at.deployment.origin}/g/eng/mcp`;
    for (const client_id of [`${siteOrigin}/client.json`, '01a20491-e46f-708d-b6df-159d2fd25a16', 'nobody']) {
      const page = pageAt(await at.browser().open(host.begin(resource, { client_id })));
      expect(page.text, client_id).toContain('invalid_client');
    }
    const browser = at.browser();
    expect((await toConsent(browser, host.begin(resource), 'ada@example.org')).text).toContain('Your administrator listed it.');
    const back = await letIn(browser, host.begin(resource), 'ada@example.org');
    expect((await host.redeem(back.searchParams.get('code') ?? '')).tokens).toBeDefined();
  });

  /** Redeems a fresh code of a client, with what it proves itself by. */
  async function redeem(client: string, form: Record<string, string>, headers: Record<string, string> = {}) {
    const host = await rawHost(at.deployment.origin, undefined, client);
    const back = await letIn(at.browser(), host.begin(`${at.deployment.origin}/g/eng/mcp`), 'ada@example.org');
    const response = await fetch(`${at.deployment.origin}/oauth/token`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        code_verifier: host.verifier,
        redirect_uri: 'http://127.0.0.1:4711/callback',
        ...form,
      }),
    });
    return { status: response.status, body: z.looseObject({ error: z.string().optional() }).parse(await response.json()) };
  }
  const basic = (client: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`,
  });
  function assertion(of: object = {}, by: KeyObject = key): Record<string, string> {
    const at_ = Math.floor(Date.now() / 1000);
    const claims = {
      iss: 'key-host',
      sub: 'key-host',
      aud: at.deployment.origin,
      jti: crypto.randomUUID(),
      exp: at_ + 60,
      ...of,
    };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ alg: 'ES256', kid: 'one' })}.${part(claims)}`;
    const signature = sign('sha256', Buffer.from(text), { key: by, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    return {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: `${text}.${signature}`,
    };
  }

  test('a confidential one gets tokens by its secret only', async () => {
    proves('sign-in.client-secret', {
      file: 'gateway/sign-in/provider.ts',
      find: 'provider.Client.prototype.compareClientSecret = function compareClientSecret(given: string) {',
      replace:
        'provider.Client.prototype.compareClientSecret = function compareClientSecret(given: string) { return given !== "";',
    });
    expect(await metadataOf(at)).toMatchObject({
      token_endpoint_auth_methods_supported: expect.arrayContaining([
        'none',
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
      ]),
    });
    const id = { client_id: 'secret-host' };
    expect((await redeem('secret-host', {}, basic('secret-host', given))).status).toBe(200);
    expect((await redeem('secret-host', { ...id, client_secret: given })).status).toBe(200);
    const { secretHash } = await clientSecret();
    for (const [form, headers] of [
      [id, {}],
      [{ ...id, client_secret: `${given}x` }, {}],
      [{ ...id, client_secret: secretHash }, {}],
      [{}, basic('secret-host', 'wrong')],
      [{ ...assertion({ iss: 'secret-host', sub: 'secret-host' }) }, {}],
    ] as const)
      expect((await redeem('secret-host', form, headers)).body.error).toMatch(/^invalid_(?:client|request)$/);
    const files = ['gateway.sqlite', 'gateway.sqlite-wal'].map((name) =>
      readFile(join(at.deployment.dataDir, name)).catch(() => Buffer.alloc(0)),
    );
    expect(Buffer.concat(await Promise.all(files)).includes(given)).toBe(false);
  });

  test('one with a key gets tokens by what it signs with it, for this gateway and once', async () => {
    proves('sign-in.client-key', {
      file: 'gateway/sign-in/client.ts',
      find: "return { token_endpoint_auth_method: 'private_key_jwt', ...{ jwks: proof.jwks } };",
      replace: "return { token_endpoint_auth_method: 'none' };",
    });
    const signed = assertion();
    expect((await redeem('key-host', signed)).status).toBe(200);
    for (const form of [
      signed,
      { client_id: 'key-host' },
      assertion({ aud: 'https://elsewhere.example' }),
      assertion({ exp: Math.floor(Date.now() / 1000) - 3600 }),
      assertion({}, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
    ])
      expect((await redeem('key-host', form)).body.error).toMatch(/^invalid_(?:client|request)$/);
  });
});
