// The pages of a sign-in in a real browser with scripts turned off: by keyboard alone from the first address to the host, and looked at by axe.
import { createServer, type Server } from 'node:http';
import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { openRealBrowser, type RealBrowser } from '../electron/browser.ts';
import { missingPrograms } from '../electron/session.ts';
import { until } from './deployment.ts';
import { modern } from './mcp.ts';
import { walkPolicy } from './policy.ts';
import { deploySignIn, rawHost, type SignInDeployment } from './sign-in.ts';

const missing = missingPrograms();
const Report = z.object({ violations: z.array(z.object({ id: z.string(), impact: z.string().nullable(), help: z.string() })) });

describe.skipIf(missing.length > 0)(`in a real browser${missing.length > 0 ? ` (missing: ${missing.join(', ')})` : ''}`, () => {
  let at: SignInDeployment;
  let browser: RealBrowser;
  let listener: Server;
  const arrived: string[] = [];
  beforeAll(async () => {
    [at, browser] = await Promise.all([deploySignIn({ policy: walkPolicy({}) }), openRealBrowser()]);
    listener = createServer((request, response) => {
      arrived.push(request.url ?? '');
      response.end('You can close this window.');
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await browser?.close();
    listener?.close();
    await at?.close();
  });

  test('a person signs in and consents by keyboard, without scripts, and lands at the host', async () => {
    proves('sign-in.pages', {
      file: 'gateway/http/sign-in/interaction.ts',
      find: 'formTargets: question.redirect === undefined ? [] : [formTargetOf(question.redirect)],',
      replace: '',
    });
    const { page } = browser;
    page.setDefaultTimeout(30_000);
    const address = listener.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const host = await rawHost(at.deployment.origin);
    const redirect_uri = `http://127.0.0.1:${port}/callback`;
    const complaints: string[] = [];
    page.on('console', (message) => message.text().startsWith('Refused') && complaints.push(message.text()));
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setScriptExecutionDisabled', { value: true });
    await page.goto(host.begin(`${at.deployment.origin}/g/eng/mcp`, { redirect_uri }).href);
    // The identity provider's own pages.
    await page.locator('input[name=login]').fill('ada@example.org');
    await page.locator('input[name=password]').fill('of the fake');
    await page.locator('input[name=password]').press('Enter');
    await page.locator('form[action*="/interaction/"] button').first().press('Enter');

    await page.getByRole('heading', { name: 'Let Raw Host use eng?' }).waitFor();
    await page.getByText(redirect_uri, { exact: true }).waitFor();
    const allow = page.getByRole('button', { name: 'Allow' });
    await page.keyboard.press('Tab');
    await until('the first stop of the keyboard to be Allow', async () => await allow.and(page.locator(':focus')).isVisible());
    await page.keyboard.press('Tab');
    await until('the second to be Deny', async () =>
      page.getByRole('button', { name: 'Deny' }).and(page.locator(':focus')).isVisible(),
    );
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByText('You can close this window.').waitFor();
    expect(complaints).toEqual([]);
    await devtools.send('Emulation.setScriptExecutionDisabled', { value: false });
    const back = new URL(arrived[0] ?? '', `http://127.0.0.1:${port}`);
    expect(back.searchParams.get('iss')).toBe(at.deployment.origin);
    const { tokens } = await host.redeem(back.searchParams.get('code') ?? '', { redirect_uri });
    expect((await modern(`${at.deployment.origin}/g/eng/mcp`, tokens?.access_token ?? '', 'tools/list')).status).toBe(200);
  });

  test('the question and what goes wrong have nothing serious for axe', async () => {
    const { page } = browser;
    // A host of the same name and place would be let in as the one before.
    const host = await rawHost(at.deployment.origin, 'http://127.0.0.1/second');
    const redirect_uri = 'http://127.0.0.1:4711/second';
    for (const [url, heading] of [
      [host.begin(`${at.deployment.origin}/g/eng/mcp`, { redirect_uri }), 'Let Raw Host use eng?'],
      [host.begin(`${at.deployment.origin}/elsewhere`, { redirect_uri }), 'This sign-in can not go on'],
    ] as const) {
      await page.goto(url.href);
      await page.getByRole('heading', { name: heading }).waitFor();
      const { violations } = Report.parse(await page.evaluate(`${axe.source}; axe.run({ resultTypes: ['violations'] })`));
      expect(violations).toEqual([]);
    }
  });

  test('no page of ours shows inside of another', async () => {
    const { page } = browser;
    const host = await rawHost(at.deployment.origin, 'http://127.0.0.1/third');
    const redirect_uri = 'http://127.0.0.1:4711/third';
    const question = host.begin(`${at.deployment.origin}/g/eng/mcp`, { redirect_uri }).href;
    const outer = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(`<iframe src="${question.replaceAll('&', '&amp;')}"></iframe>`);
    });
    await new Promise<void>((resolve) => outer.listen(0, '127.0.0.1', resolve));
    try {
      const address = outer.address();
      const refused = page.waitForEvent('console', { predicate: (message) => message.text().includes('frame-ancestors') });
      await page.goto(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`);
      await refused;
    } finally {
      outer.close();
    }
  });
});
