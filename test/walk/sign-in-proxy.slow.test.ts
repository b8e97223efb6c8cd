// Behind a proxy that ends TLS, as in most deployments: what a browser is sent carries the public name, and cookies that only it can set.
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBrowser } from './browser.ts';
import { walkPolicy } from './policy.ts';
import { deploySignIn, letIn, rawHost, type SignInDeployment } from './sign-in.ts';

const site = 'https://mcp.example.org';
let at: SignInDeployment;
beforeAll(async () => {
  at = await deploySignIn({
    policy: walkPolicy({}),
    file: { hosts: { 'known-host': { title: 'Known', redirectUris: ['http://127.0.0.1/callback'] } } },
    publicOrigin: site,
    serveArgs: ['--trusted-proxy', '127.0.0.1'],
  });
});
afterAll(() => at.close());

test('a sign-in goes through, on secure cookies of the public name alone', async () => {
  const headers = { 'x-forwarded-host': 'mcp.example.org', 'x-forwarded-proto': 'https' };
  const through = { site, at: at.deployment.origin, headers };
  const browser = createBrowser([site, at.identityProvider.issuer], [], through);
  const host = await rawHost(at.deployment.origin, undefined, 'known-host', headers);
  const begin = host.begin(`${site}/g/eng/mcp`);
  const started = await fetch(`${at.deployment.origin}${begin.pathname}${begin.search}`, { headers, redirect: 'manual' });
  for (const cookie of started.headers.getSetCookie()) {
    expect(cookie).toMatch(/^__(?:Host|Secure)-\w+(?:\.sig)?=/);
    expect(cookie.toLowerCase()).toMatch(/; secure/);
    expect(cookie.toLowerCase()).toMatch(/; httponly/);
    expect(cookie.toLowerCase()).toMatch(/; samesite=lax/);
    if (cookie.startsWith('__Host-')) expect(cookie.toLowerCase()).toMatch(/; path=\/(?:;|$)/);
  }
  const back = await letIn(browser, `${site}${begin.pathname}${begin.search}`, 'ada@example.org');
  expect(back.searchParams.get('iss')).toBe(site);
  expect((await host.redeem(back.searchParams.get('code') ?? '')).tokens).toBeDefined();
  const own = browser.cookies().filter((cookie) => cookie.startsWith('__'));
  expect(new Set(own.map((cookie) => cookie.split('=')[0]))).toEqual(
    new Set(['__Host-browser', '__Host-session', '__Host-session.sig', '__Secure-interaction', '__Secure-interaction.sig']),
  );
  const metadata = await (await fetch(`${at.deployment.origin}/.well-known/oauth-authorization-server`, { headers })).json();
  expect(metadata).toMatchObject({ issuer: site, token_endpoint: `${site}/oauth/token` });
});

test('who fails to prove what it is stands on record by the address that the proxy tells, also where it asks again on the same connection', async () => {
  const body = 'grant_type=client_credentials&client_id=nobody&client_secret=wrong';
  const request = [
    'POST /oauth/token HTTP/1.1',
    'Host: mcp.example.org',
    'X-Forwarded-Proto: https',
    'X-Forwarded-For: 203.0.113.7',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
  ];
  const socket = connect(at.deployment.port, '127.0.0.1').setEncoding('latin1');
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  for (const answers of [1, 2, 3]) {
    socket.write(`${request.join('\r\n')}\r\n\r\n${body}`);
    await expect.poll(() => text.match(/HTTP\/1\.1 401/g)).toHaveLength(answers);
  }
  socket.destroy();
  const unproven = async () => (await at.deployment.records(100)).filter(({ event }) => event === 'client_unproven');
  await expect.poll(unproven, { timeout: 15_000 }).toHaveLength(3);
  for (const { detail } of await unproven()) expect(detail).toMatchObject({ address: '203.0.113.7' });
});
