// The page of a person's identities in a real browser with scripts turned off: a server connected by keyboard alone, and every state looked at by axe.
import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openRealBrowser, type RealBrowser } from '../electron/browser.ts';
import { missingPrograms } from '../electron/session.ts';
import { type Guarded, serveGuarded } from '../fake/remote/guarded.ts';
import { proves } from '../requirement.ts';
import { until } from './deployment.ts';
import { deploySignIn, type SignInDeployment } from './sign-in.ts';

const missing = missingPrograms();
const Report = z.object({ violations: z.array(z.object({ id: z.string(), impact: z.string().nullable(), help: z.string() })) });

describe.skipIf(missing.length > 0)(`in a real browser${missing.length > 0 ? ` (missing: ${missing.join(', ')})` : ''}`, () => {
  let at: SignInDeployment;
  let wiki: Guarded;
  let browser: RealBrowser;
  beforeAll(async () => {
    wiki = await serveGuarded();
    const server = { kind: 'remote', url: wiki.url, auth: 'auto', title: 'Wiki', allowPrivate: ['127.0.0.1'] };
    [at, browser] = await Promise.all([
      deploySignIn({
        policy: {
          version: 1,
          users: { ada: { email: 'ada@example.org', teams: ['all'] } },
          teams: { all: { gateways: ['eng'] } },
          servers: { wiki: server, desk: { ...server, title: 'Desk' } },
          gateways: {
            eng: { assignments: { wiki: { tools: 'all', identity: 'own' }, desk: { tools: 'all', identity: 'shared' } } },
          },
        },
      }),
      openRealBrowser(),
    ]);
    browser.page.setDefaultTimeout(30_000);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await at?.close();
    await wiki?.close();
  });

  const violations = async () => {
    const report = await browser.page.evaluate(`${axe.source}; axe.run({ resultTypes: ['violations'] })`);
    return Report.parse(report).violations;
  };

  test('a person connects to a server by keyboard, without scripts, and every page on the way is clean', async () => {
    proves('upstream-sign-in.pages', {
      file: 'gateway/http/identity/route.ts',
      find: "const formTargets = ['https:', ...(isSecure ? [] : ['http:'])];",
      replace: 'const formTargets: string[] = [];',
    });
    const { page } = browser;
    const complaints: string[] = [];
    page.on('console', (message) => message.text().startsWith('Refused') && complaints.push(message.text()));
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setScriptExecutionDisabled', { value: true });
    const signIn = async (person: string) => {
      await page.locator('input[name=login]').fill(person);
      await page.locator('input[name=password]').fill('of the fake');
      await page.locator('input[name=password]').press('Enter');
      await page.locator('form[action*="/interaction/"] button').first().press('Enter');
    };
    await page.goto(`${at.deployment.origin}/identities`);
    await signIn('ada@example.org');
    const heading = page.getByRole('heading', { name: 'Your identities at servers' });
    await heading.waitFor();
    await page.getByText('With an identity that everybody shares: Desk.').waitFor();
    const wikiPart = page.getByRole('region', { name: 'Wiki' });
    await wikiPart.getByText('Not connected.').waitFor();
    await devtools.send('Emulation.setScriptExecutionDisabled', { value: false });
    expect(await violations()).toEqual([]);
    await devtools.send('Emulation.setScriptExecutionDisabled', { value: true });

    const connect = page.getByRole('button', { name: 'Connect to Wiki' });
    await page.keyboard.press('Tab');
    await until('the first stop of the keyboard to be Connect', () => connect.and(page.locator(':focus')).isVisible());
    await page.keyboard.press('Tab');
    const token = page.getByLabel('Token for Wiki', { exact: true });
    await until('the second to be the token', () => token.and(page.locator(':focus')).isVisible());
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await signIn('ada-at-wiki');
    await heading.waitFor();
    await wikiPart.getByText('Connected since').waitFor();
    expect(complaints).toEqual([]);
    await devtools.send('Emulation.setScriptExecutionDisabled', { value: false });
    expect(await violations()).toEqual([]);
    await page.getByRole('button', { name: 'Remove your identity at Wiki' }).press('Enter');
    await wikiPart.getByText('Not connected.').waitFor();
  });

  test('the page behind a link, and what goes wrong, have nothing for axe', async () => {
    const { page } = browser;
    const path = (await at.deployment.admin('identity', 'link', '--server', 'desk', '--shared')).trim();
    for (const [where, heading] of [
      [path, 'The shared identity at Desk'],
      [`${path.slice(0, -1)}${path.endsWith('A') ? 'B' : 'A'}`, 'This can not go on'],
      ['/identities/callback/wiki?state=x&code=y', 'This can not go on'],
    ] as const) {
      await page.goto(`${at.deployment.origin}${where}`);
      await page.getByRole('heading', { name: heading }).waitFor();
      expect(await violations()).toEqual([]);
    }
  });
});
