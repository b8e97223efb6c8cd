// Identities at remote servers by OAuth, through a whole gateway: real authorization servers before real SDK servers, people in text browsers, and calls.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Guarded, serveGuarded, serveHeader } from '../fake/remote/guarded.ts';
import type { RemoteServer } from '../fake/remote/old.ts';
import { proves } from '../requirement.ts';
import { type Browser, createBrowser, isPage, leftTo, type Page, pageAt } from './browser.ts';
import { until } from './deployment.ts';
import { modern } from './mcp.ts';
import { deploySignIn, letIn, rawHost, type SignInDeployment, toConsent } from './sign-in.ts';

let at: SignInDeployment;
let wiki: Guarded;
let desk: Guarded;
let board: RemoteServer;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  [wiki, desk, board] = await Promise.all([serveGuarded(), serveGuarded(), serveHeader()]);
  const remote = (of: Guarded, change: object = {}) => ({
    kind: 'remote',
    url: of.url,
    auth: 'oauth',
    allowPrivate: ['127.0.0.1'],
    ...change,
  });
  const people = ['ada', 'bob', 'eve', 'dan'];
  at = await deploySignIn({
    policy: {
      version: 1,
      users: Object.fromEntries(people.map((user) => [user, { email: `${user}@example.org`, teams: ['all'] }])),
      teams: { all: { gateways: ['eng', 'side'] } },
      servers: {
        wiki: remote(wiki, { title: 'Wiki' }),
        desk: remote(desk, { auth: 'auto', title: 'Desk' }),
        board: { kind: 'remote', url: board.url, auth: 'auto', title: 'Board', allowPrivate: ['127.0.0.1'] },
      },
      gateways: {
        eng: { assignments: { wiki: { tools: 'all', identity: 'own' }, desk: { tools: 'all', identity: 'shared' } } },
        side: { assignments: { board: { tools: 'all', identity: 'own' } } },
      },
    },
    extraSites: [wiki.issuer, desk.issuer],
  });
  for (const user of people) tokens[user] = await at.deployment.hostToken({ user, gateway: 'eng' });
}, 120_000);
afterAll(async () => {
  await at?.close();
  await Promise.all([wiki?.close(), desk?.close(), board?.close()]);
});

const ask = async (user: string, server = 'wiki', gateway = 'eng') => {
  const token = gateway === 'eng' ? tokens[user] : await at.deployment.hostToken({ user, gateway });
  const url = `${at.deployment.origin}/g/${gateway}/s/${server}/mcp`;
  return modern(url, token ?? '', 'tools/call', { name: 'whoami', arguments: {} });
};
const whoami = async (...asked: Parameters<typeof ask>) => {
  const { body } = await ask(...asked);
  const content = body.result?.['content'];
  return Array.isArray(content) ? String(content[0]?.text) : (body.error?.data?.code ?? JSON.stringify(body));
};
const refreshes = ({ granted }: Guarded) => granted.filter((type) => type === 'refresh_token').length;
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
/** What a person reads. */
const wordsOf = ({ text }: Page) => text.replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, ' ').replaceAll(/\s+/g, ' ');
const linkIn = (on: Page, words: string) => {
  const found = [...on.text.matchAll(/<a href="([^"]*)">(.*?)<\/a>/gs)].find(([, , inside]) => inside?.trim() === words);
  if (!found?.[1]) throw new Error(`no link "${words}" at ${on.url}: ${wordsOf(on)}`);
  return new URL(found[1].replaceAll('&amp;', '&'), on.url);
};
const formOf = (on: Page, server: string, deed: string) =>
  [...on.text.matchAll(/<form\b[^>]*>(.*?)<\/form>/gs)].findIndex(
    ([, inside]) => inside?.includes(`value="${server}"`) && inside.includes(`value="${deed}"`),
  );
const connect = async (browser: Browser, on: Page, person: string) =>
  pass(browser, await browser.submit(on, { deed: 'connect' }, { form: formOf(on, 'wiki', 'connect') }), person);

/** Each test stands by itself: the person is connected to the wiki when it begins. */
async function connected(user: string): Promise<void> {
  if ((await whoami(user)) === `${user}-at-wiki`) return;
  const browser = at.browser();
  await connect(browser, await enter(browser, `${user}@example.org`), `${user}-at-wiki`);
  await until(`a call as ${user}`, async () => (await whoami(user)) === `${user}-at-wiki`);
}

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

test('whoever has no identity is told the server and the page, and it is on record', async () => {
  const { body } = await ask('eve');
  expect(body.error?.message).toBe(
    `There is no identity of "eve" for the server "wiki" yet. Connect to it at ${at.deployment.origin}/identities`,
  );
  const record = await until('its record', async () =>
    (await at.deployment.records()).findLast((one) => one['code'] === 'IDENTITY_MISSING'),
  );
  expect(record).toMatchObject({ user: { name: 'eve' }, server: { name: 'wiki' }, identity: { kind: 'own', id: null } });
});

test('a shared identity is obtained behind a one-time link, and everybody is called by it', async () => {
  proves('upstream-sign-in.link-once', {
    file: 'gateway/http/identity/route.ts',
    find: 'await spendLink(deps, link);',
    replace: '',
  });
  const path = (await at.deployment.admin('identity', 'link', '--server', 'desk', '--shared')).trim();
  expect(path).toMatch(/^\/identities\/link\/[\w-]{43}$/);
  const browser = at.browser();
  const before = pageAt(await browser.open(`${at.deployment.origin}${path}`));
  expect(wordsOf(before)).toContain('Sign in at Desk for everybody');
  const after = await pass(browser, await browser.submit(before, {}), 'service-at-desk');
  expect(wordsOf(after)).toContain('The shared identity is set');
  const again = pageAt(await browser.open(`${at.deployment.origin}${path}`));
  expect(again.status).toBe(400);
  await until('a call as the service', async () => (await whoami('ada', 'desk')) === 'service-at-desk');
  expect(await whoami('eve', 'desk')).toBe('service-at-desk');
  const shown = JSON.parse(await at.deployment.admin('identity', 'list', '--json')) as { id: string; user: string | null }[];
  const shared = shown.find(({ user }) => user === null);
  expect(shared).toMatchObject({ server: 'desk', kind: 'sign-in', state: 'ready' });
  const record = (await at.deployment.records()).findLast((one) => one['tool'] === 'whoami');
  expect(record).toMatchObject({ user: { name: 'eve' }, identity: { kind: 'shared', id: shared?.id } });
});

test('tokens that the server refuses are renewed in the middle of a conversation, and its session stays', async () => {
  proves('upstream-sign-in.renewed-on-401', {
    file: 'gateway/upstream/remote.ts',
    find: 'return run(used);',
    replace: 'throw error;',
  });
  await connected('bob');
  const [sessions, before] = [wiki.inner.sessions(), refreshes(wiki)];
  wiki.forgetAccess();
  expect(await whoami('bob')).toBe('bob-at-wiki');
  expect(refreshes(wiki)).toBe(before + 1);
  expect(wiki.inner.sessions()).toBe(sessions);
  // Nobody was told, and still: a gateway server that is killed has them.
  await at.deployment.restartGateway('SIGKILL');
  expect(await whoami('bob')).toBe('bob-at-wiki');
  expect(refreshes(wiki)).toBe(before + 1);
});

test('a server that wants more is told by the call and by the page, and the next sign-in asks for it', async () => {
  await connected('bob');
  wiki.set.needs = ['admin'];
  try {
    const { body } = await ask('bob');
    expect(body.error?.data?.code).toBe('IDENTITY_SCOPE');
    expect(body.error?.message).toContain('wants more of the identity of "bob" than it was given: admin. Connect to it at');
    const browser = at.browser();
    const before = await enter(browser, 'bob@example.org');
    expect(wordsOf(before)).toContain('The server wants more than you allowed');
    const after = await connect(browser, before, 'bob-at-wiki');
    expect(wordsOf(after)).not.toContain('wants more');
    expect(wiki.asked.at(-1)?.split(' ')).toEqual(expect.arrayContaining(['read', 'admin']));
    await until('a call with it', async () => (await whoami('bob')) === 'bob-at-wiki');
  } finally {
    wiki.set.needs = [];
  }
});

test('in the sign-in of a host the person comes by what is missing, and once it is there nobody is asked again', async () => {
  proves('upstream-sign-in.in-host-sign-in', {
    file: 'gateway/http/sign-in/interaction.ts',
    find: 'if (!(await deps.isIdentityMissing(person, gateway)))',
    replace: 'if (gateway !== "")',
  });
  const [browser, host] = [at.browser(), await rawHost(at.deployment.origin)];
  const begin = () => host.begin(`${at.deployment.origin}/g/eng/mcp`);
  const question = await toConsent(browser, begin(), 'dan@example.org');
  const stop = pageAt(await browser.submit(question, { answer: 'allow' }));
  expect(stop.url.pathname).toBe('/identities');
  linkIn(stop, 'Skip for now and go on to Raw Host');
  const done = await connect(browser, stop, 'dan-at-wiki');
  const back = leftTo(await browser.open(linkIn(done, 'Go on to Raw Host')));
  const { tokens: got } = await host.redeem(back.searchParams.get('code') ?? '');
  const called = await modern(`${at.deployment.origin}/g/eng/s/wiki/mcp`, got?.access_token ?? '', 'tools/call', {
    name: 'whoami',
    arguments: {},
  });
  expect(JSON.stringify(called.body)).toContain('dan-at-wiki');
  // Another host of the same person: consent, and straight back.
  const other = await rawHost(at.deployment.origin);
  const again = await letIn(browser, other.begin(`${at.deployment.origin}/g/eng/mcp`), 'dan@example.org');
  expect(again.searchParams.get('code')).toBeTruthy();
});

test('whoever skips it gets to the host all the same', async () => {
  const [browser, host] = [at.browser(), await rawHost(at.deployment.origin)];
  const question = await toConsent(browser, host.begin(`${at.deployment.origin}/g/eng/mcp`), 'eve@example.org');
  const stop = pageAt(await browser.submit(question, { answer: 'allow' }));
  const back = leftTo(await browser.open(linkIn(stop, 'Skip for now and go on to Raw Host')));
  expect((await host.redeem(back.searchParams.get('code') ?? '')).tokens).toBeDefined();
});

test('a token is typed in where the server offers no sign-in', async () => {
  const browser = at.browser();
  const before = await enter(browser, 'ada@example.org');
  const told = pageAt(await browser.submit(before, { deed: 'connect' }, { form: formOf(before, 'board', 'connect') }));
  expect(wordsOf(told)).toContain('Board offers no sign-in: give it a token.');
  const wrong = pageAt(
    await browser.submit(before, { deed: 'set', token: 'Bearer x' }, { form: formOf(before, 'board', 'set') }),
  );
  expect(wordsOf(wrong)).toContain('give the token alone');
  await browser.submit(before, { deed: 'set', token: 'tok-of-ada-31c9' }, { form: formOf(before, 'board', 'set') });
  await until('a call with it', async () => (await whoami('ada', 'board', 'side')) === 'ada of the board');
});

test('forms and answers that belong to somebody else do nothing', async () => {
  proves('upstream-sign-in.own-forms', {
    file: 'gateway/http/identity/route.ts',
    find: "if (!session || !isProof(form.get('proof'), session.secret))",
    replace: 'if (!session)',
  });
  await connected('ada');
  const [ada, bob] = [at.browser(), at.browser()];
  const [ofAda, ofBob] = [await enter(ada, 'ada@example.org'), await enter(bob, 'bob@example.org')];
  const count = async () => (JSON.parse(await at.deployment.admin('identity', 'list', '--json')) as unknown[]).length;
  const before = await count();
  for (const proof of ['', 'x', /name="proof" value="([^"]*)"/.exec(ofBob.text)?.[1] ?? '']) {
    const forms = [...ofAda.text.matchAll(/<form\b[^>]*>(.*?)<\/form>/gs)];
    const form = forms.findIndex(([, inside]) => inside?.includes('value="remove"'));
    expect(pageAt(await ada.submit(ofAda, { deed: 'remove', proof }, { form })).status).toBe(400);
  }
  expect(await count()).toBe(before);
  // Without the session of the person, and with none at all.
  const copied = createBrowser([at.deployment.origin]);
  expect(pageAt(await copied.submit(ofAda, { deed: 'connect' }, { form: 0 })).status).toBe(400);
  // Somebody else's browser brings what the authorization server gave to ada.
  const to = at.browser();
  const fresh = await enter(to, 'ada@example.org');
  const onlyHere = createBrowser([at.deployment.origin], []);
  const away = await to.submit(fresh, { deed: 'connect' }, { form: formOf(fresh, 'wiki', 'connect') });
  expect(isPage(away)).toBe(true);
  const stranger = await onlyHere.open(`${at.deployment.origin}/identities/callback/wiki?code=x&state=y&iss=${wiki.issuer}`);
  expect(pageAt(stranger).status).toBe(400);
  expect(pageAt(stranger).text).toContain('UPSTREAM_SIGN_IN_OVER');
  const { headers } = ofAda;
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(headers.get('cache-control')).toBe('no-store');
});

test('an identity that its person removes is given back, gone, and on record', async () => {
  await connected('bob');
  const browser = at.browser();
  const before = await enter(browser, 'bob@example.org');
  const given = wiki.revoked.length;
  const after = pageAt(await browser.submit(before, { deed: 'remove' }, { form: formOf(before, 'wiki', 'remove') }));
  expect(wordsOf(after)).toContain('Wiki');
  expect(wordsOf(after)).toContain('Not connected.');
  expect(wiki.revoked.slice(given)).toEqual(['refresh_token']);
  await until('no identity', async () => (await whoami('bob')) === 'IDENTITY_MISSING');
  const events = (await at.deployment.records(200)).map((record) => record['event']);
  expect(events).toEqual(expect.arrayContaining(['identity_removed', 'identity_revoked']));
});

test('administrators see what a server wants, and whether the policy fits', async () => {
  const check = async (server: string) => {
    const done = await at.deployment.adminRaw('server', 'check', server, '--json');
    return { code: done.code, ...(JSON.parse(done.stdout) as object) };
  };
  expect(await check('wiki')).toMatchObject({ code: 0, wants: 'oauth', issuer: wiki.issuer, client: 'dynamic registration' });
  expect(await check('board')).toMatchObject({ code: 0, wants: 'header', auth: 'auto', fits: true });
  const document = await (await fetch(`${at.deployment.origin}/oauth/client/wiki`)).json();
  expect(document).toMatchObject({
    client_id: `${at.deployment.origin}/oauth/client/wiki`,
    redirect_uris: [`${at.deployment.origin}/identities/callback/wiki`],
  });
});
