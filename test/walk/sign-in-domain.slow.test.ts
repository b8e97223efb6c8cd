// Several identity providers: the domain of a person's address tells where they sign in, and no provider is believed about another's people.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { type Browser, createBrowser, isPage, leftTo, type Page, pageAt } from './browser.ts';
import { deploySignIn, rawHost, type SignInDeployment } from './sign-in.ts';

let at: SignInDeployment;
const policy = {
  version: 1,
  users: { ada: { email: 'ada@one.example', teams: ['all'] }, bob: { email: 'bob@two.example', teams: ['all'] } },
  teams: { all: { gateways: ['eng'] } },
  servers: {},
  gateways: { eng: {} },
};
beforeAll(async () => {
  at = await deploySignIn({ policy, domains: { one: ['one.example'], two: ['two.example'] } });
});
afterAll(() => at.close());

const text = (page: Page) => page.text.replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, ' ').replaceAll(/\s+/g, ' ');
const begin = async (browser: Browser) => {
  const host = await rawHost(at.deployment.origin);
  return pageAt(await browser.open(host.begin(`${at.deployment.origin}/g/eng/mcp`)));
};
/** Signs in at the identity provider's own pages. */
async function signIn(browser: Browser, from: Page, as: string) {
  let page = from;
  for (;;) {
    const next: Awaited<ReturnType<Browser['open']>> = page.text.includes('name="login"')
      ? await browser.submit(page, { login: as, password: 'x' })
      : await browser.submit(page, {});
    if (!isPage(next) || next.url.origin === at.deployment.origin) return next;
    page = next;
  }
}

test('the domain of the address tells where a person signs in, and an unknown one is told', async () => {
  const browser = at.browser();
  const form = await begin(browser);
  expect(text(form)).toContain('Your work e-mail address');
  expect(text(pageAt(await browser.submit(form, { email: 'eve@three.example' })))).toContain(
    'Nobody signs people of eve@three.example in here',
  );
  for (const person of ['ada@one.example', 'BOB@two.example']) {
    const own = at.browser();
    const away = pageAt(await own.submit(await begin(own), { email: person }));
    expect(away.url.origin).not.toBe(at.deployment.origin);
    expect(away.url.origin === at.identityProvider.issuer).toBe(person === 'ada@one.example');
    const question = pageAt(await signIn(own, away, person.toLowerCase()));
    expect(text(question)).toContain('Let Raw Host use eng?');
  }
});

test('a provider that says it is somebody of another domain is not believed', async () => {
  proves('sign-in.domain', {
    file: 'gateway/sign-in/identity-provider.ts',
    find: 'if (domains && !domains.includes(domain))',
    replace: 'if (domains === undefined)',
  });
  const browser = at.browser();
  const away = pageAt(await browser.submit(await begin(browser), { email: 'ada@one.example' }));
  const refused = pageAt(await signIn(browser, away, 'bob@two.example'));
  expect(refused.status).toBe(403);
  expect(text(refused)).toContain('may not speak for two.example');
});

test('an answer of one provider is refused at the return address of another', async () => {
  const gateway = createBrowser([at.deployment.origin]);
  const { left } = { left: leftTo(await gateway.submit(await begin(gateway), { email: 'ada@one.example' })) };
  const inside = createBrowser([at.identityProvider.issuer]);
  const back = leftTo(await signIn(inside, pageAt(await inside.open(left)), 'ada@one.example'));
  expect(back.pathname).toBe('/sign-in/callback/one');
  back.pathname = '/sign-in/callback/two';
  expect(text(pageAt(await gateway.open(back)))).toContain('SIGN_IN_OVER');
});
