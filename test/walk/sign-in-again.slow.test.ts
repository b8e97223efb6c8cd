// A host that registers itself for each of its entries: its person is asked once, and whoever only pretends to be that host asks anew.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { type Browser, isPage, pageAt } from './browser.ts';
import { deploySignIn, letIn, rawHost, register, type SignInDeployment, toConsent } from './sign-in.ts';

let at: SignInDeployment;
const granted = { assignments: { memory: { tools: 'all', reach: 'caller' } } };
const policy = {
  version: 1,
  servers: { memory: { kind: 'workstation' } },
  gateways: { eng: { title: 'Engineering', ...granted }, ops: { title: 'Operations', ...granted } },
  teams: { all: { gateways: ['eng', 'ops'] } },
  users: { ada: { email: 'ada@example.org', teams: ['all'] }, bob: { email: 'bob@example.org', teams: ['all'] } },
};
beforeAll(async () => {
  const hosts = { 'listed-host': { title: 'Claude Code', redirectUris: ['http://127.0.0.1/listed'] } };
  at = await deploySignIn({ policy, file: { clientDocuments: 'none', hosts } });
});
afterAll(() => at.close());

const resource = (gateway = 'eng') => `${at.deployment.origin}/g/${gateway}/s/memory/mcp`;
/** A host that registers under this name, to be sent back to this place on a port of its own. */
async function registered(name: string, place = 'http://localhost:4711/callback') {
  const { body } = await register(at.deployment.origin, {
    client_name: name,
    redirect_uris: [place],
    grant_types: ['authorization_code'],
  });
  const { client_id } = z.object({ client_id: z.string() }).parse(body);
  const host = await rawHost(at.deployment.origin, place, client_id);
  return { ...host, beginAt: (gateway?: string) => host.begin(resource(gateway), { redirect_uri: place }) };
}
const isAsked = async (browser: Browser, address: URL): Promise<boolean> => isPage(await browser.open(address));

test('is asked about once, and its next entries are let in on the same consent, each on record with it', async () => {
  proves('sign-in.one-host', {
    file: 'gateway/sign-in/consent.ts',
    find: 'return like && connect({ client, person, gateway, place }, like);',
    replace: 'return undefined;',
  });
  const browser = at.browser();
  const first = await registered('Claude Code (one)');
  await letIn(browser, first.beginAt(), 'ada@example.org');
  const second = await registered('Claude Code (two)', 'http://localhost:4712/callback');
  const arrived = await browser.open(second.beginAt());
  if (isPage(arrived)) throw new Error(`it was asked: ${arrived.text}`);
  const code = arrived.left.searchParams.get('code') ?? '';
  const { tokens } = await second.redeem(code, { redirect_uri: 'http://localhost:4712/callback' });
  expect(tokens).toBeDefined();
  const Detail = z.looseObject({ connection: z.string(), client: z.string(), host: z.string() });
  const given = (await at.deployment.records(50)).filter((record) => record['event'] === 'consent_given');
  const details = given.map((record) => Detail.parse(record['detail']));
  const asked = details.find(({ client }) => client === first.client);
  const silent = details.find(({ client }) => client === second.client);
  expect(asked).not.toHaveProperty('as');
  expect(silent).toMatchObject({ host: 'claude-code', as: asked?.connection });
  expect(await isAsked(browser, second.beginAt())).toBe(false);
});

test('is asked about anew where the name, the place, the person, the gateway or the sign-in is another', async () => {
  proves('sign-in.one-host-only', {
    file: 'gateway/sign-in/consent.ts',
    find: 'JSON.stringify([session, user, hostOf(client.client_name), gateway, place])',
    replace: 'JSON.stringify([user, hostOf(client.client_name), gateway, place])',
  });
  const browser = at.browser();
  await letIn(browser, (await registered('Claude Code (one)')).beginAt(), 'ada@example.org');
  expect(await isAsked(browser, (await registered('Codex')).beginAt())).toBe(true);
  const elsewhere = await registered('Claude Code (two)', 'http://localhost:4711/callback/other');
  expect(await isAsked(browser, elsewhere.beginAt())).toBe(true);
  const web = await registered('Claude Code (two)', 'https://evil.example/callback');
  expect(await isAsked(browser, web.beginAt())).toBe(true);
  expect(await isAsked(browser, (await registered('Claude Code (two)')).beginAt('ops'))).toBe(true);
  await toConsent(at.browser(), (await registered('Claude Code (two)')).beginAt(), 'bob@example.org');
  // The same person, signed in in another browser.
  const other = at.browser();
  await letIn(other, (await registered('Codex')).beginAt(), 'ada@example.org');
  expect(await isAsked(other, (await registered('Claude Code (two)')).beginAt())).toBe(true);
});

test('is asked about anew where a site sent the person, or where a site would be who gets them', async () => {
  proves('sign-in.one-host-here', {
    file: 'gateway/sign-in/consent.ts',
    find: 'if (!client || !isOwnDoing) return own;',
    replace: 'if (!client) return own;',
  });
  const browser = at.browser();
  await letIn(browser, (await registered('Claude Code (one)')).beginAt(), 'ada@example.org');
  const second = await registered('Claude Code (two)');
  expect(isPage(await browser.open(second.beginAt(), { from: 'https://lure.example' }))).toBe(true);
  expect(await isAsked(browser, second.beginAt())).toBe(false);
  const place = 'https://agent.example/callback';
  await letIn(browser, (await registered('Claude Code (one)', place)).beginAt(), 'ada@example.org');
  expect(await isAsked(browser, (await registered('Claude Code (two)', place)).beginAt())).toBe(true);
});

test('is asked about where the consent was to a host that the administrator listed', async () => {
  const browser = at.browser();
  const listed = await rawHost(at.deployment.origin, 'http://127.0.0.1/listed', 'listed-host');
  await letIn(browser, listed.begin(resource(), { redirect_uri: 'http://127.0.0.1:4711/listed' }), 'ada@example.org');
  const pretender = await registered('Claude Code (two)', 'http://127.0.0.1:4711/listed');
  expect(await isAsked(browser, pretender.beginAt())).toBe(true);
});

test('is asked about again once its connections are revoked', async () => {
  const browser = at.browser();
  await letIn(browser, (await registered('Cursor')).beginAt(), 'ada@example.org');
  const Listed = z.array(z.looseObject({ id: z.string(), host: z.string(), revokedAt: z.unknown() }));
  for (const { id, host } of Listed.parse(JSON.parse(await at.deployment.admin('connection', 'list', '--json'))))
    if (host === 'cursor') await at.deployment.admin('connection', 'revoke', id);
  expect(await isAsked(browser, (await registered('Cursor')).beginAt())).toBe(true);
});

test('is asked about once its person signed out on their page', async () => {
  proves('sign-in.signed-out', {
    file: 'gateway/http/sign-in/person-session.ts',
    find: "if (host !== undefined) await store.signIn.removeItem(hostSession.model, hash('sha256', host));",
    replace: '',
  });
  const browser = at.browser();
  await letIn(browser, (await registered('Goose (one)')).beginAt(), 'ada@example.org');
  let page = pageAt(await browser.open(`${at.deployment.origin}/identities`));
  for (let step = 0; step < 4 && !page.text.includes('Sign out here'); step++)
    page = pageAt(
      await browser.submit(page, page.text.includes('name="login"') ? { login: 'ada@example.org', password: 'x' } : {}),
    );
  expect(await isAsked(browser, (await registered('Goose (two)')).beginAt())).toBe(false);
  expect(pageAt(await browser.submit(page, { deed: 'sign-out' })).text).toContain('You are signed out here');
  expect(await isAsked(browser, (await registered('Goose (three)')).beginAt())).toBe(true);
});
