// Identities at remote servers by OAuth, through a whole gateway: real authorization servers before real SDK servers, people in text browsers, and calls.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Guarded, serveGuarded } from '../fake/remote/guarded.ts';
import { proves } from '../requirement.ts';
import { type Browser, type Page, pageAt } from './browser.ts';
import { until } from './deployment.ts';
import { modern } from './mcp.ts';
import { deploySignIn, type SignInDeployment } from './sign-in.ts';

let at: SignInDeployment;
let wiki: Guarded;
let desk: Guarded;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  [wiki, desk] = await Promise.all([serveGuarded(), serveGuarded()]);
  const remote = (of: Guarded, change: object = {}) => ({
    kind: 'remote',
    url: of.url,
    auth: 'oauth',
    allowPrivate: ['127.0.0.1'],
    ...change,
  });
  const people = ['ada', 'bob', 'eve'];
  at = await deploySignIn({
    policy: {
      version: 1,
      users: Object.fromEntries(people.map((user) => [user, { email: `${user}@example.org`, teams: ['all'] }])),
      teams: { all: { gateways: ['eng'] } },
      servers: { wiki: remote(wiki, { title: 'Wiki' }), desk: remote(desk, { auth: 'auto', title: 'Desk' }) },
      gateways: {
        eng: { assignments: { wiki: { tools: 'all', identity: 'own' }, desk: { tools: 'all', identity: 'shared' } } },
      },
    },
    extraSites: [wiki.issuer, desk.issuer],
  });
  for (const user of people) tokens[user] = await at.deployment.hostToken({ user, gateway: 'eng' });
}, 120_000);
afterAll(async () => {
  await at?.close();
  await Promise.all([wiki?.close(), desk?.close()]);
});

const whoami = async (user: string, server = 'wiki') => {
  const { body } = await modern(`${at.deployment.origin}/g/eng/s/${server}/mcp`, tokens[user] ?? '', 'tools/call', {
    name: 'whoami',
    arguments: {},
  });
  const content = body.result?.['content'];
  return Array.isArray(content) ? String(content[0]?.text) : (body.error?.data?.code ?? JSON.stringify(body));
};
const page = () => `${at.deployment.origin}/identities`;

/** Signs in at the gateway, and stands before the person's identities. */
async function enter(browser: Browser, person: string): Promise<Page> {
  return pass(browser, await browser.open(page()), person);
}

/** Fills in the forms of whatever provider comes, until a page of the gateway does. */
async function pass(browser: Browser, from: Awaited<ReturnType<Browser['open']>>, person: string): Promise<Page> {
  let now = pageAt(from);
  for (let step = 0; step < 8; step++) {
    if (now.text.includes('name="login"')) now = pageAt(await browser.submit(now, { login: person, password: 'of the fake' }));
    else if (now.text.includes('name="prompt" value="consent"')) now = pageAt(await browser.submit(now, {}));
    else break;
  }
  return now;
}
const press = (browser: Browser, on: Page, deed: string) => {
  const forms = [...on.text.matchAll(/<form\b[^>]*>(.*?)<\/form>/gs)];
  const form = forms.findIndex(([, inside]) => inside?.includes(`value="${deed}"`));
  return browser.submit(on, { deed }, { form });
};
const connect = async (browser: Browser, on: Page, person: string) => pass(browser, await press(browser, on, 'connect'), person);

test('two people each connect to a server by a click, and each is called as whom they are there', async () => {
  proves('upstream-sign-in.as-themselves', {
    file: 'gateway/http/identity/route.ts',
    find: 'const user = { id: person.id, slug: person.slug };',
    replace: 'const user = null;',
  });
  const [ada, bob] = [at.browser(), at.browser()];
  expect(await whoami('ada')).toBe('IDENTITY_MISSING');
  for (const [browser, name] of [
    [ada, 'ada'],
    [bob, 'bob'],
  ] as const) {
    const before = await enter(browser, `${name}@example.org`);
    expect(before.text).toContain('Not connected.');
    const after = await connect(browser, before, `${name}-at-wiki`);
    expect(after.url.pathname).toBe('/identities');
    expect(after.text).toContain('Connected since');
  }
  await until('a call as ada', async () => (await whoami('ada')) === 'ada-at-wiki');
  expect(await whoami('bob')).toBe('bob-at-wiki');
  expect(await whoami('eve')).toBe('IDENTITY_MISSING');
  const records = await at.deployment.records();
  const obtained = records.filter((record) => record['event'] === 'identity_obtained');
  expect(obtained.map((record) => record['user'])).toEqual([
    expect.objectContaining({ name: 'ada' }),
    expect.objectContaining({ name: 'bob' }),
  ]);
});
