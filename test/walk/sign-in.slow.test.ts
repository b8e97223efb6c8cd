// Hosts that hold nothing but a URL: they find the way in by themselves, a person signs in and consents in a browser, and tools of two servers answer.
import { mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { type Browser, leftTo } from './browser.ts';
import { until } from './deployment.ts';
import { modern } from './mcp.ts';
import { createHost, type Host } from './sdk-host.ts';
import { deploySignIn, letIn, rawHost, type SignInDeployment, toConsent } from './sign-in.ts';

let at: SignInDeployment;
const npx = (name: string) => ({ command: 'npx', args: ['-y', `@modelcontextprotocol/server-${name}`] });
const grantAll = { tools: 'all' };
const policy = {
  version: 1,
  users: {
    ada: { email: 'Ada@example.org', teams: ['everyone', 'admins'] },
    bob: { email: 'bob@example.org', teams: ['everyone'] },
  },
  teams: { everyone: { gateways: ['eng'] }, admins: { gateways: ['ops'] } },
  servers: { everything: { kind: 'workstation', title: 'Every Thing' }, memory: { kind: 'workstation' } },
  gateways: {
    eng: { title: 'Engineering', assignments: { everything: grantAll, memory: grantAll } },
    ops: { title: 'Operations', assignments: {} },
  },
};

beforeAll(async () => {
  at = await deploySignIn({ policy });
  await at.deployment.workstation({
    user: 'ada',
    profile: {
      LocalServers: {
        everything: npx('everything'),
        memory: { ...npx('memory'), env: { MEMORY_FILE_PATH: join(at.deployment.dir, 'memory.json') } },
      },
    },
  });
  const token = await at.deployment.hostToken({ user: 'ada', gateway: 'eng' });
  for (const server of ['everything', 'memory'])
    await until(`${server} to be offered`, async () => {
      const answered = await modern(url(`/g/eng/s/${server}/mcp`).href, token, 'tools/list');
      return answered.body.result !== undefined;
    });
});
afterAll(() => at.close());

const url = (path: string) => new URL(`${at.deployment.origin}${path}`);
const recordsOf = async (event: string) => (await at.deployment.records(300)).filter((record) => record['event'] === event);

async function oldConnect(host: Host, path: string, browser: Browser): Promise<OldClient> {
  const transport = () => new OldTransport(url(path), { authProvider: host.provider as never });
  const first = transport();
  const client = new OldClient({ name: 'old', version: '1' });
  await expect(client.connect(first)).rejects.toThrow('Unauthorized');
  const back = await letIn(browser, host.kept.sentTo ?? '', 'ada@example.org');
  await first.finishAuth(back.searchParams.get('code') ?? '');
  const second = new OldClient({ name: 'old', version: '1' });
  await second.connect(transport());
  return second;
}
async function newConnect(host: Host, path: string, browser: Browser): Promise<NewClient> {
  const transport = () => new NewTransport(url(path), { authProvider: host.provider as never });
  const made = () => new NewClient({ name: 'new', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  const first = transport();
  await expect(made().connect(first)).rejects.toThrow();
  const back = await letIn(browser, host.kept.sentTo ?? '', 'ada@example.org');
  await first.finishAuth(back.searchParams);
  const client = made();
  await client.connect(transport());
  return client;
}

describe.each([
  ['a 2025-11-25 host (SDK v1)', oldConnect],
  ['a 2026-07-28 host (SDK v2)', newConnect],
] as const)('%s', (name, connect) => {
  test('signs in by itself and calls tools of two servers; its second address asks nothing more', async () => {
    proves('sign-in.stock-host', {
      file: 'gateway/sign-in/provider.ts',
      find: "clientAuthMethods: ['none', ",
      replace: 'clientAuthMethods: [',
    });
    const browser = at.browser();
    const host = createHost(name);
    const client = await connect(host, '/g/eng/mcp', browser);
    expect(await client.callTool({ name: 'everything__echo', arguments: { message: 'hello' } })).toMatchObject({
      content: [{ type: 'text', text: 'Echo: hello' }],
    });
    expect(await client.callTool({ name: 'memory__read_graph', arguments: {} })).toHaveProperty('content');
    await client.close();
    const given = (await recordsOf('consent_given')).length;
    // What it found out about the first address is not about the second.
    delete host.kept.tokens;
    delete host.kept.discovery;
    const second = await connect(host, '/g/eng/s/memory/mcp', browser);
    expect((await second.listTools()).tools.map((tool) => tool.name)).toContain('read_graph');
    await second.close();
    expect(await recordsOf('consent_given')).toHaveLength(given);
  });
});

test('a 401 of each MCP address leads to its own metadata, and from there to the authorization server', async () => {
  proves('sign-in.challenge', {
    file: 'gateway/http/sign-in/metadata.ts',
    find: '${resourceMetadataPath}${address.path}"',
    replace: '${resourceMetadataPath}/mcp"',
  });
  for (const path of ['/g/eng/mcp', '/g/eng/s/memory/mcp', '/mcp', '/mcp?gateway=eng', '/g/no-such-gateway/mcp']) {
    const refused = await fetch(url(path), { method: 'POST', body: '{}' });
    expect(refused.status).toBe(401);
    const challenge = refused.headers.get('www-authenticate') ?? '';
    const metadata = /^Bearer realm="Drawbridge", resource_metadata="([^"]+)", scope="mcp"$/.exec(challenge)?.[1] ?? '';
    expect(new URL(metadata).pathname + new URL(metadata).search).toBe(`/.well-known/oauth-protected-resource${path}`);
    expect(await (await fetch(metadata)).json()).toMatchObject({
      resource: url(path).href,
      authorization_servers: [at.deployment.origin],
      scopes_supported: ['mcp'],
    });
  }
  const invalid = await fetch(url('/g/eng/mcp'), { method: 'POST', headers: { authorization: `Bearer ${'a'.repeat(43)}` } });
  expect(invalid.headers.get('www-authenticate')).toContain('error="invalid_token"');
  expect((await fetch(url('/.well-known/oauth-protected-resource/elsewhere'))).status).toBe(404);
  const [oauth, openid] = await Promise.all(
    ['oauth-authorization-server', 'openid-configuration'].map(async (name) => (await fetch(url(`/.well-known/${name}`))).json()),
  );
  expect(openid).toEqual(oauth);
  expect(oauth).toMatchObject({
    issuer: at.deployment.origin,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    device_authorization_endpoint: `${at.deployment.origin}/oauth/device-authorization`,
    authorization_response_iss_parameter_supported: true,
    registration_endpoint: url('/oauth/register').href,
  });
});

test('the question of consent tells everything, and is asked before anybody is sent back', async () => {
  proves('sign-in.consent-first', {
    file: 'gateway/sign-in/consent.ts',
    find: 'return like && connect({ client, person, gateway, place }, like);',
    replace: 'return connect({ client, person, gateway, place }, like);',
  });
  const host = await rawHost(at.deployment.origin);
  const page = await toConsent(at.browser(), host.begin(url('/g/eng/mcp').href), 'ada@example.org');
  for (const said of [
    'Ada@example.org',
    'Raw Host',
    host.client,
    'unverified',
    'Engineering',
    'Every Thing, memory',
    'http://127.0.0.1:4711/callback',
    'a program on this device',
  ])
    expect(page.text, said).toContain(said);
  expect(page.text).not.toContain('<script');
  const policyOfPage = page.headers.get('content-security-policy') ?? '';
  expect(policyOfPage).toContain("default-src 'none'");
  expect(policyOfPage).toContain("frame-ancestors 'none'");
  expect(policyOfPage).toContain("form-action 'self' http://127.0.0.1:4711");
});

test('who says no is sent back without a code, and is asked again the next time', async () => {
  const [host, browser] = [await rawHost(at.deployment.origin), at.browser()];
  const back = await letIn(browser, host.begin(url('/g/eng/mcp').href), 'ada@example.org', { answer: 'deny' });
  expect(back.searchParams.get('error')).toBe('access_denied');
  expect(back.searchParams.get('iss')).toBe(at.deployment.origin);
  expect(back.searchParams.get('code')).toBeNull();
  await toConsent(browser, host.begin(url('/g/eng/mcp').href), 'ada@example.org');
});

test('consent is remembered for one client, gateway and place, until the connection is revoked, which ends its tokens within a second', async () => {
  proves('sign-in.consent-remembered', {
    file: 'gateway/store/sql/connection.ts',
    find: "    .where('revoked_at', 'is', null)\n    .executeTakeFirst();",
    replace: '    .executeTakeFirst();',
  });
  const [host, browser] = [await rawHost(at.deployment.origin), at.browser()];
  const resource = url('/g/eng/mcp').href;
  const back = await letIn(browser, host.begin(resource), 'ada@example.org');
  const { tokens } = await host.redeem(back.searchParams.get('code') ?? '');
  const access = tokens?.access_token ?? '';
  expect((await modern(resource, access, 'tools/list')).status).toBe(200);

  const silent = await browser.open(
    host.begin(url('/g/eng/s/memory/mcp').href, { redirect_uri: 'http://127.0.0.1:4712/callback' }),
  );
  expect(silent).toHaveProperty('left');
  await toConsent(browser, host.begin(url('/g/ops/mcp').href), 'ada@example.org');
  await toConsent(at.browser(), (await rawHost(at.deployment.origin)).begin(resource), 'ada@example.org');

  const listed: { id: string; client: string }[] = JSON.parse(await at.deployment.admin('connection', 'list', '--json'));
  const id = listed.find(({ client }) => client === host.client)?.id ?? '';
  await at.deployment.admin('connection', 'revoke', id);
  await until('the token to be refused', async () => (await modern(resource, access, 'tools/list')).status === 401, 15_000);
  expect((await host.refresh(tokens?.refresh_token ?? '')).error).toBe('invalid_grant');
  await toConsent(browser, host.begin(resource), 'ada@example.org');
});

test('two sign-ins that run in one browser at once do not get into each other', async () => {
  const [one, two, browser] = [await rawHost(at.deployment.origin), await rawHost(at.deployment.origin), at.browser()];
  const first = await toConsent(browser, one.begin(url('/g/eng/mcp').href), 'ada@example.org');
  const second = await toConsent(browser, two.begin(url('/g/ops/mcp').href), 'ada@example.org');
  const backs = [
    leftTo(await browser.submit(first, { answer: 'allow' })),
    leftTo(await browser.submit(second, { answer: 'allow' })),
  ];
  for (const [index, host] of [one, two].entries())
    expect((await host.redeem(backs[index]?.searchParams.get('code') ?? '')).tokens).toBeDefined();
});

test('the picker offers the gateways of the own teams, and the choice counts for what is called at its address', async () => {
  const [host, browser] = [await rawHost(at.deployment.origin), at.browser()];
  const page = await toConsent(browser, host.begin(url('/mcp').href), 'ada@example.org');
  expect([...page.text.matchAll(/type="radio" name="gateway" value="([^"]+)"/g)].map((match) => match[1])).toEqual([
    'eng',
    'ops',
  ]);
  const back = await letIn(browser, host.begin(url('/mcp').href), 'ada@example.org', { gateway: 'eng' });
  const access = (await host.redeem(back.searchParams.get('code') ?? '')).tokens?.access_token ?? '';
  const listed = await modern(url('/mcp').href, access, 'tools/list');
  expect(JSON.stringify(listed.body)).toContain('memory__read_graph');
  expect((await modern(url('/mcp?gateway=ops').href, access, 'tools/list')).status).toBe(403);

  const single = await rawHost(at.deployment.origin);
  const only = await toConsent(at.browser(), single.begin(url('/mcp').href), 'bob@example.org');
  expect(only.text).toContain('Let Raw Host use Engineering?');
});

test('everything that happened is on record, and no token is', async () => {
  proves('sign-in.recorded', {
    file: 'gateway/sign-in/adapter.ts',
    find: 'if (spendable.has(model)) await recordTokens(model, await store.item(model, key));',
    replace: '',
  });
  const [host, browser] = [await rawHost(at.deployment.origin), at.browser()];
  const back = await letIn(browser, host.begin(url('/g/eng/mcp').href), 'ada@example.org');
  const code = back.searchParams.get('code') ?? '';
  const { tokens } = await host.redeem(code);
  const renewed = (await host.refresh(tokens?.refresh_token ?? '')).tokens;
  await host.refresh(tokens?.refresh_token ?? '');
  // Its family is ended, and whoever goes on with it is named.
  expect((await modern(url('/g/eng/mcp').href, renewed?.access_token ?? '', 'tools/list')).status).toBe(401);
  const records = await at.deployment.records(300);
  expect(records.at(-1)).toMatchObject({ code: 'UNAUTHENTICATED', user: { name: 'ada' }, host: 'raw-host' });
  const mine = records.filter((record) => (record['detail'] as Record<string, unknown> | undefined)?.['client'] === host.client);
  // The newest comes first or last; the order within is what counts.
  const events = mine.map((record) => record['event']);
  expect(new Set(events)).toEqual(
    new Set(['client_registered', 'consent_given', 'host_token_issued', 'host_token_refreshed', 'spent_token_replayed']),
  );
  expect(await recordsOf('signed_in')).not.toHaveLength(0);
  const everything = JSON.stringify(records);
  const secrets = [code, tokens?.access_token, tokens?.refresh_token, renewed?.access_token, renewed?.refresh_token];
  for (const secret of secrets) expect(everything).not.toContain(secret ?? 'missing');
});

test('mcp-remote, between a host that has only stdio and the gateway, signs in with nothing but the URL', async () => {
  const config = await mkdtemp(join(at.deployment.dir, 'mcp-remote-'));
  const program = createRequire(import.meta.url).resolve('mcp-remote/dist/proxy.js');
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [program, url('/g/eng/mcp').href, '--allow-http'],
    // Its browser is a program that does nothing: the test opens the address that it prints.
    env: { PATH: process.env['PATH'] ?? '', HOME: config, MCP_REMOTE_CONFIG_DIR: config, BROWSER: 'true' },
    stderr: 'pipe',
  });
  let said = '';
  transport.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const client = new OldClient({ name: 'stdio-host', version: '1' });
  const connecting = client.connect(transport);
  connecting.catch(() => {});
  try {
    const authorize = /http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\S+/;
    const address = await until(`mcp-remote to say where to sign in, not: ${said}`, async () => authorize.exec(said)?.[0]);
    const back = await letIn(at.browser(), address, 'ada@example.org');
    expect(back.hostname).toBe('localhost');
    expect((await fetch(back)).status).toBe(200);
    await connecting;
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('everything__echo');
    const echoed = await client.callTool({ name: 'everything__echo', arguments: { message: 'from afar' } });
    expect(echoed).toMatchObject({ content: [{ text: 'Echo: from afar' }] });
  } finally {
    await client.close();
  }
});

test('a code or refresh token is not lost where what it is good for can not be kept', async () => {
  const [host, browser] = [await rawHost(at.deployment.origin), at.browser()];
  const back = await letIn(browser, host.begin(url('/g/eng/mcp').href), 'ada@example.org');
  const code = back.searchParams.get('code') ?? '';
  const { length: replayed } = await recordsOf('spent_token_replayed');
  const tamper = (statement: string) => {
    const raw = new Database(join(at.deployment.dataDir, 'gateway.sqlite'));
    raw.exec(statement);
    raw.close();
  };
  /** The same, first while no refresh token can be written. */
  async function twice<T>(ask: () => Promise<{ readonly tokens?: T | undefined }>): Promise<T> {
    tamper(
      `create trigger no before insert on sign_in_item when new.model = 'RefreshToken' begin select raise(abort, 'no'); end`,
    );
    expect((await ask()).tokens).toBeUndefined();
    tamper('drop trigger no');
    return until('it is good again', async () => (await ask()).tokens);
  }
  // Nor where it can't even be read whose it is.
  tamper(
    `create trigger no after update on sign_in_item when new.model = 'AuthorizationCode' and new.consumed_at is not null begin update user set service = '{'; end`,
  );
  expect(await host.redeem(code)).toEqual({ error: 'server_error' });
  tamper('drop trigger no');
  tamper('update user set service = null');
  const tokens = await twice(() => host.redeem(code));
  // Nor where it can't be given back either for a while: who comes again meanwhile is told to come again, and is no thief.
  const refusing = (name: string, when: string) =>
    tamper(`create trigger ${name} before ${when} begin select raise(abort, 'no'); end`);
  const refresh = () => host.refresh(tokens.refresh_token ?? '');
  refusing('no', "insert on sign_in_item when new.model = 'RefreshToken'");
  refusing('held', 'update on sign_in_item when new.consumed_at is null and old.consumed_at is not null');
  expect(await refresh()).toEqual({ error: 'server_error' });
  tamper('drop trigger no');
  expect(await refresh()).toEqual({ error: 'temporarily_unavailable' });
  tamper('drop trigger held');
  const again = await refresh();
  const renewed = await twice(() => host.refresh(again.tokens?.refresh_token ?? ''));
  expect(await recordsOf('spent_token_replayed')).toHaveLength(replayed);
  expect((await modern(url('/g/eng/mcp').href, renewed.access_token, 'tools/list')).status).toBe(200);
});
