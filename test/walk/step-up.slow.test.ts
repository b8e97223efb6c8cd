// Tools that the policy marks with `stepUp`: a stock host is told which scopes it needs, asks its person again, who sees these tools by name, and goes on.
// Whoever has no person to ask may not use them.
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RemoteServer, serveOld } from '../fake/remote/old.ts';
import { proves } from '../requirement.ts';
import { type Browser, leftTo, pageAt } from './browser.ts';
import { until } from './deployment.ts';
import { modern } from './mcp.ts';
import { createHost, type Host } from './sdk-host.ts';
import { deploySignIn, letIn, rawHost, type SignInDeployment, toConsent } from './sign-in.ts';

let at: SignInDeployment;
let server: RemoteServer;
beforeAll(async () => {
  server = await serveOld({ isStateless: true });
  at = await deploySignIn({
    policy: { ...policy(), gateways: { eng: { assignments: { files: { tools: 'all', stepUp: ['echo'] } } } } },
  });
  const token = await at.deployment.hostToken({ user: 'ada', gateway: 'eng' });
  await until('the policy to be in force', async () => (await modern(eng(), token, 'tools/list')).status === 200);
});
afterAll(async () => {
  await at?.close();
  await server?.close();
});
const policy = () => ({
  version: 1,
  users: { ada: { email: 'ada@example.org', teams: ['everyone'] } },
  teams: { everyone: { gateways: ['eng'] } },
  servers: { files: { kind: 'remote', title: 'The Files', url: server.url, allowPrivate: ['127.0.0.1'] } },
});
const eng = () => `${at.deployment.origin}/g/eng/mcp`;
const echo = { name: 'files__echo', arguments: { message: 'hello', text: 'hello' } };
const call = (token: string, name = 'files__echo') => modern(eng(), token, 'tools/call', { ...echo, name });

const kinds = {
  // It renews its token before it asks its person, and gives up where that did not help: it steps up where it can't renew.
  'SDK v1': {
    grants: ['authorization_code'],
    client: () => new OldClient({ name: 'old', version: '1' }),
    transport: (host: Host) => new OldTransport(new URL(eng()), { authProvider: host.provider as never }),
  },
  'SDK v2': {
    grants: ['authorization_code', 'refresh_token'],
    client: () => new NewClient({ name: 'new', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } }),
    transport: (host: Host) => new NewTransport(new URL(eng()), { authProvider: host.provider as never }),
  },
} as const;

describe.each(Object.entries(kinds))('a stock host (%s)', (_, kind) => {
  test('steps up by itself when a tool needs it, and its person sees for what', async () => {
    proves('sign-in.step-up', {
      file: 'gateway/http/sign-in/metadata.ts',
      find: "'step-up': 'error=\"insufficient_scope\", '",
      replace: "'step-up': 'error=\"invalid_token\", '",
    });
    const [host, browser] = [createHost('Stepping', kind.grants), at.browser()];
    const first = kind.transport(host);
    await expect(kind.client().connect(first as never)).rejects.toThrow();
    await finish(first, host, browser);
    const [client, transport] = [kind.client(), kind.transport(host)];
    await client.connect(transport as never);
    expect(scopeOf(host.kept.sentTo)).toBe('mcp');
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('files__echo');
    await expect(client.callTool(echo)).rejects.toThrow();
    expect(scopeOf(host.kept.sentTo)?.split(' ').toSorted()).toEqual(['mcp', 'mcp:step-up']);
    expect((await toConsent(browser, host.kept.sentTo ?? '', 'ada@example.org')).text).toContain('The Files: echo');
    await finish(transport, host, browser);
    expect(JSON.stringify(await client.callTool(echo))).toContain('hello');
    await client.close();
  });
});

const scopeOf = (url: URL | undefined) => url?.searchParams.get('scope');

/** The person consents, and the host gets its tokens. */
async function finish(transport: OldTransport | NewTransport, host: Host, browser: Browser): Promise<void> {
  const back = await letIn(browser, host.kept.sentTo ?? '', 'ada@example.org');
  if (transport instanceof OldTransport) await transport.finishAuth(back.searchParams.get('code') ?? '');
  else await transport.finishAuth(back.searchParams);
}

/** Tokens of a host that asked for these scopes. */
async function tokensFor(scope: string | null, browser = at.browser()) {
  const host = await rawHost(at.deployment.origin);
  const back = await letIn(browser, host.begin(eng(), { scope }), 'ada@example.org');
  return { host, tokens: (await host.redeem(back.searchParams.get('code') ?? '')).tokens };
}

test('the refusal names every scope of the call and where to ask, is on record, and nothing was forwarded', async () => {
  proves('sign-in.step-up-needed', {
    file: 'gateway/policy/decide.ts',
    find: '=== true && !isConsented(call, assignment))',
    replace: '=== true && !call.caller.consented)',
  });
  const { tokens } = await tokensFor(null);
  const ran = server.ran.length;
  const refused = await call(tokens?.access_token ?? '');
  expect(refused.status).toBe(403);
  expect(refused.body.error?.data?.code).toBe('STEP_UP_NEEDED');
  expect(refused.headers.get('www-authenticate')).toBe(
    `Bearer realm="Drawbridge", error="insufficient_scope", resource_metadata="${at.deployment.origin}/.well-known/oauth-protected-resource/g/eng/mcp", scope="mcp mcp:step-up"`,
  );
  expect(server.ran).toHaveLength(ran);
  expect((await call(tokens?.access_token ?? '', 'files__whoami')).status).toBe(200);
  const records = await at.deployment.records(20);
  expect(records.filter(({ code, tool }) => code === 'STEP_UP_NEEDED' && tool === 'echo').length).toBeGreaterThan(0);
});

test('consent to it is asked for each time, lasts for that sign-in only, and unknown scopes are nothing', async () => {
  proves('sign-in.step-up-asks', {
    file: 'gateway/sign-in/provider.ts',
    find: 'if (redirect === undefined || scopes !== scope) return undefined;',
    replace: 'if (redirect === undefined) return undefined;',
  });
  const browser = at.browser();
  const { host, tokens } = await tokensFor('mcp mcp:step-up offline_access admin', browser);
  expect(tokens?.scope).toBe('mcp mcp:step-up');
  expect((await call(tokens?.access_token ?? '')).status).toBe(200);
  const renewed = (await host.refresh(tokens?.refresh_token ?? '')).tokens;
  expect((await call(renewed?.access_token ?? '')).status).toBe(200);
  // Without the scope nothing is asked, and nothing more is given.
  const plain = await browser.open(host.begin(eng()));
  expect('left' in plain).toBe(true);
  const again = await browser.open(host.begin(eng(), { scope: 'mcp mcp:step-up' }));
  expect('left' in again).toBe(false);
});

test('consent is to the tools that the page showed: one that is marked later is asked for, also while the page is open', async () => {
  proves('sign-in.step-up-shown', {
    file: 'gateway/policy/decide.ts',
    find: "return tools === 'all' || tools?.has(item.name) === true;",
    replace: 'return tools !== undefined;',
  });
  const marked = (tools: readonly string[]) =>
    at.deployment.apply({
      ...policy(),
      gateways: { eng: { assignments: { files: { tools: 'all', stepUp: tools } } } },
    });
  const browser = at.browser();
  const { tokens } = await tokensFor('mcp mcp:step-up', browser);
  const access = tokens?.access_token ?? '';
  expect((await call(access)).status).toBe(200);
  await marked(['echo', 'whoami']);
  await until('the other tool to need consent', async () => (await call(access, 'files__whoami')).status === 403);
  expect((await call(access)).status).toBe(200);
  const host = await rawHost(at.deployment.origin);
  const page = await toConsent(browser, host.begin(eng(), { scope: 'mcp mcp:step-up' }), 'ada@example.org');
  expect(page.text).toContain('The Files: whoami');
  await marked(['echo', 'whoami', 'slow']);
  const again = pageAt(await browser.submit(page, { answer: 'allow' }));
  expect(again.text).toContain('Look again');
  expect(again.text).toContain('The Files: slow');
  const back = leftTo(await browser.submit(again, { answer: 'allow' }));
  const newer = (await host.redeem(back.searchParams.get('code') ?? '')).tokens?.access_token ?? '';
  for (const name of ['files__echo', 'files__whoami']) expect((await call(newer, name)).status).toBe(200);
  await marked(['echo']);
});

test('who has no person to ask may not use such a tool, and is asked for none', async () => {
  const token = await at.deployment.hostToken({ user: 'ada', gateway: 'eng' });
  const refused = await call(token);
  expect(refused.status).toBe(403);
  expect(refused.body.error?.data?.code).toBe('STEP_UP_NEEDED');
  expect(refused.headers.get('www-authenticate')).toBeNull();
});
