// How an identity provider is asked: a real one on loopback, by the ways out of a gateway server.
import { expect, onTestFinished, test } from 'vitest';
import { Secret } from '#contract/secret.ts';
import { createEgress } from '../../../gateway/egress/egress.ts';
import { onlyDirect } from '../../../gateway/egress/way.ts';
import { createIdentityProvider } from '../../../gateway/sign-in/identity-provider.ts';
import { startIdentityProvider } from '../../fake/identity-provider.ts';
import { serveProxy } from '../../fake/proxy.ts';
import { proves } from '../../requirement.ts';
import { createBrowser, isPage, leftTo } from '../../walk/browser.ts';

const returnTo = 'https://mcp.example.org/sign-in/callback/company';

async function ground(change: object = {}) {
  const company = await startIdentityProvider([returnTo]);
  const proxy = await serveProxy({ from: '127.0.0.3' });
  const corp = { kind: 'proxy', url: new URL(proxy.url), authorization: undefined, resolver: 'gateway' } as const;
  const egress = createEgress({
    ways: { ...onlyDirect, byName: new Map([...onlyDirect.byName, ['corp', corp]]) },
    onRefused: () => undefined,
  });
  onTestFinished(async () => {
    await egress.close();
    proxy.close();
    await company.close();
  });
  const { issuer, clientId } = company;
  const settings = { slug: 'company', title: 'Company', issuer, clientId, clientSecret: new Secret(company.clientSecret) };
  const failures: unknown[] = [];
  const deps = { egress, returnTo, now: Date.now, onFailure: (error: unknown) => void failures.push(error) };
  return { company, proxy, failures, client: createIdentityProvider({ ...settings, ...change }, deps) };
}

test('all that the gateway asks of an identity provider goes by the way that the file names', async () => {
  proves('sign-in.egress', {
    file: 'gateway/sign-in/identity-provider.ts',
    find: 'const options = { timeout: timeoutSeconds, [customFetch]: fetch,',
    replace: 'const options = { timeout: timeoutSeconds,',
  });
  const { company, proxy, client } = await ground({ egress: 'corp' });
  const { url, departure } = await client.depart('ada@example.org');
  const browser = createBrowser([company.issuer]);
  let at = await browser.open(url);
  for (let step = 0; step < 6 && isPage(at); step++)
    at = await browser.submit(at, at.text.includes('name="login"') ? { login: 'ada@example.org', password: 'x' } : {});
  expect(await client.arrive(leftTo(at), departure)).toMatchObject({ issuer: company.issuer, email: 'ada@example.org' });
  const from = (path: string) => new Set(company.asked.filter((one) => one.path === path).map((one) => one.from));
  for (const path of ['/.well-known/openid-configuration', '/token']) expect(from(path)).toEqual(new Set(['127.0.0.3']));
  expect(proxy.asked.map(({ target }) => target)).toContain(new URL(company.issuer).host);
});

test('by the usual way where it names none, and by no other where it names one that is not there', async () => {
  const usual = await ground();
  await usual.client.depart();
  expect(usual.proxy.asked).toEqual([]);
  expect(usual.company.asked.map(({ from }) => from)).toContain('127.0.0.1');
  const lost = await ground({ egress: 'lost' });
  await expect(lost.client.depart()).rejects.toMatchObject({ code: 'IDENTITY_PROVIDER_FAILED' });
  expect(lost.failures).toHaveLength(1);
  expect(lost.company.asked).toEqual([]);
});
