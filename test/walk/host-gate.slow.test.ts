// Which apps and agents are let in: an administrator sees each that came, blocks one, or lets in only those of a list; the next request already knows, and so does
// an open session. What counts is who vouches for a host, never what it calls itself.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { pageAt } from './browser.ts';
import { until } from './deployment.ts';
import { modern } from './mcp.ts';
import { deploySignIn, letIn, rawHost, type SignInDeployment, toConsent } from './sign-in.ts';

let at: SignInDeployment;
const policy = {
  version: 1,
  users: {
    ada: { email: 'ada@example.org', teams: ['everyone'] },
    bob: { email: 'bob@example.org', teams: ['everyone'] },
  },
  teams: { everyone: { gateways: ['eng'] } },
  servers: {},
  gateways: { eng: {} },
};
const listed = { 'known-host': { title: 'Known Host', redirectUris: ['http://127.0.0.1/callback'] } };
beforeAll(async () => {
  at = await deploySignIn({ policy, file: { hosts: listed } });
});
afterAll(() => at?.close());
const eng = () => `${at.deployment.origin}/g/eng/mcp`;
const works = async (token: string) => (await modern(eng(), token, 'tools/list')).status;

const Host = z.looseObject({
  id: z.string(),
  title: z.string().optional(),
  proof: z.string(),
  state: z.string(),
  first: z.looseObject({ user: z.string(), gateway: z.string(), at: z.number() }).optional(),
  last: z.looseObject({ user: z.string(), gateway: z.string(), at: z.number() }).optional(),
});
const hosts = async () => z.array(Host).parse(JSON.parse(await at.deployment.admin('host', 'list', '--json')));
const hostOf = async (id: string) => (await hosts()).find((one) => one.id === id);

/** A host that a person let in; by itself it registered. */
async function signedIn(person = 'ada@example.org', client?: string) {
  const host = await rawHost(at.deployment.origin, undefined, client);
  const back = await letIn(at.browser(), host.begin(eng()), person);
  const { tokens } = await host.redeem(back.searchParams.get('code') ?? '');
  if (!tokens) throw new Error('no tokens');
  return { host, access: tokens.access_token, refresh: tokens.refresh_token ?? '' };
}
async function agentToken(agent: string, user: string) {
  const printed = await at.deployment.admin('token', 'create', '--agent', agent, '--user', user, '--gateway', 'eng', '--json');
  return z.object({ token: z.string(), id: z.string(), kind: z.string() }).parse(JSON.parse(printed));
}

test('every host that came is listed: what vouches for it, what it calls itself, who used it first and last', async () => {
  const [registered, known] = [await signedIn(), await signedIn('ada@example.org', 'known-host')];
  const token = await at.deployment.hostToken({ user: 'bob', gateway: 'eng', host: 'codex' });
  for (const access of [registered.access, known.access, token]) expect(await works(access)).toBe(200);
  await until('all hosts to be listed', async () => (await hostOf('token:codex')) !== undefined);
  expect(await hostOf(registered.host.client)).toMatchObject({
    title: 'Raw Host',
    proof: 'registration',
    state: 'seen',
    first: { user: 'ada', gateway: 'eng' },
  });
  expect(await hostOf('known-host')).toMatchObject({ title: 'Known Host', proof: 'listed', state: 'seen' });
  expect(await hostOf('token:codex')).toMatchObject({ proof: 'token', last: { user: 'bob', gateway: 'eng' } });
  const printed = await at.deployment.admin('host', 'list');
  expect(printed).toMatch(new RegExp(`${registered.host.client} +registration +says "Raw Host" +seen`));
});

test('a blocked host is refused from its next request on, in an open session too, and comes back when it is allowed', async () => {
  proves('host.block', {
    file: 'gateway/policy/decide.ts',
    find: 'if (isHostRefused(client, snapshot.hosts.states.get(client), snapshot.hosts.mode))',
    replace: "if (isHostRefused(client, 'allowed', snapshot.hosts.mode))",
  });
  const { host, access, refresh } = await signedIn();
  const opened = await fetch(eng(), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${access}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
    }),
  });
  const session = opened.headers.get('mcp-session-id') ?? '';
  const inSession = async () => {
    const answered = await fetch(eng(), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${access}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': session,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} }),
    });
    return answered.text();
  };
  expect(await inSession()).toContain('"tools"');
  await at.deployment.admin('host', 'block', host.client);
  await expect.poll(() => works(access), { timeout: 15_000 }).toBe(403);
  expect(await inSession()).toContain('HOST_REFUSED');
  expect((await host.refresh(refresh)).error).toBe('invalid_grant');
  const [unrenewed] = (await at.deployment.records(50)).filter(({ event }) => event === 'sign_in_refused');
  expect(unrenewed).toMatchObject({ user: { name: 'ada' }, code: 'HOST_REFUSED', detail: { client: host.client } });
  const page = pageAt(await openAs(host, 'ada@example.org'));
  expect(page.status).toBe(403);
  expect(page.text).toContain('HOST_REFUSED');
  const records = await at.deployment.records(50);
  const refused = records.filter((record) => record['code'] === 'HOST_REFUSED');
  expect(refused.map((record) => record['kind'])).toEqual(expect.arrayContaining(['call', 'event']));
  await at.deployment.admin('host', 'allow', host.client);
  await expect.poll(() => works(access), { timeout: 15_000 }).toBe(200);
  // What it was refused meanwhile spent nothing, and is nobody's theft.
  expect(await works((await host.refresh(refresh)).tokens?.access_token ?? '')).toBe(200);
  expect((await at.deployment.records(50)).filter(({ event }) => event === 'spent_token_replayed')).toEqual([]);
});

/** Where a sign-in ends that asks nothing of the person any more. */
async function openAs(host: Awaited<ReturnType<typeof rawHost>>, person: string) {
  const browser = at.browser();
  let page = await browser.open(host.begin(eng()));
  while ('status' in page && /name="login"|name="prompt" value="consent"/.test(page.text))
    page = await browser.submit(page, page.text.includes('name="login"') ? { login: person, password: 'of the fake' } : {});
  return page;
}

describe('where only hosts of the list are let in', () => {
  beforeAll(async () => {
    await at.deployment.apply({ ...policy, hosts: 'allow-list' });
  });
  afterAll(() => at.deployment.apply(policy));

  test('an unknown one is refused with a page, on record, whatever it calls itself, until it is allowed by its identity', async () => {
    proves('host.allow-list', {
      file: 'contract/host-identity.ts',
      find: "return proof === 'domain' || proof === 'registration' || proof === 'device';",
      replace: "return proof === 'domain' || proof === 'device';",
    });
    const [host, twin] = [await rawHost(at.deployment.origin), await rawHost(at.deployment.origin)];
    const page = pageAt(await openAs(host, 'ada@example.org'));
    expect(page.status).toBe(403);
    expect(page.text).toContain('The app &quot;Raw Host&quot; is not let in here.');
    expect(page.text).not.toContain('name="answer"');
    expect(await hostOf(host.client)).toMatchObject({ state: 'seen', first: { user: 'ada' } });
    const refused = (await at.deployment.records(50)).filter(
      ({ event, code }) => event === 'sign_in_refused' && code === 'HOST_REFUSED',
    );
    expect(JSON.stringify(refused)).toContain(host.client);
    await at.deployment.admin('host', 'allow', host.client);
    const browser = at.browser();
    await toConsent(browser, host.begin(eng()), 'ada@example.org');
    const back = await letIn(browser, host.begin(eng()), 'ada@example.org');
    const access = (await host.redeem(back.searchParams.get('code') ?? '')).tokens?.access_token ?? '';
    await expect.poll(() => works(access), { timeout: 15_000 }).toBe(200);
    // Another of the same name is another host.
    expect(pageAt(await openAs(twin, 'ada@example.org')).text).toContain('HOST_REFUSED');
  });

  test('those that an administrator named are let in: listed ones, and those with a token', async () => {
    const token = await at.deployment.hostToken({ user: 'ada', gateway: 'eng', host: 'codex' });
    await until('the list to be in force', async () => (await works(token)) === 200);
    expect(await works((await signedIn('ada@example.org', 'known-host')).access)).toBe(200);
  });
});

test('an agent serves many people, each as themselves, with tokens that are listed, expire and end', async () => {
  proves('token.agent', {
    file: 'gateway/caller/token.ts',
    find: "const client = `${token.kind === 'agent' ? 'agent' : 'token'}:${host}`;",
    replace: 'const client = `token:${host}`;',
  });
  const [ada, bob] = [await agentToken('helper', 'ada'), await agentToken('helper', 'bob')];
  expect(ada.token).toMatch(/^dba_/);
  await until('the tokens to be known', async () => (await works(bob.token)) === 200);
  expect(await works(ada.token)).toBe(200);
  const records = await at.deployment.records(50);
  for (const [name, { id }] of Object.entries({ ada, bob }))
    expect(records).toContainEqual(
      expect.objectContaining({ host: 'helper', token: id, user: expect.objectContaining({ name }) }),
    );
  const tokens = await at.deployment.admin('token', 'list', '--json');
  expect(tokens).not.toContain(ada.token);
  expect(tokens).toContain('"kind":"agent"');
  await until('the agent to be listed', async () => (await hostOf('agent:helper'))?.proof === 'agent');
  await at.deployment.admin('token', 'revoke', ada.id);
  await expect.poll(() => works(ada.token), { timeout: 15_000 }).toBe(401);
  expect(await works(bob.token)).toBe(200);
  await at.deployment.admin('host', 'block', 'agent:helper');
  await expect.poll(() => works(bob.token), { timeout: 15_000 }).toBe(403);
});
