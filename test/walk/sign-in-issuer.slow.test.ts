// Tokens of other issuers: good ones, for the same person and a gateway of the same name, that this gateway server did not give.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createBrowser } from './browser.ts';
import { modern } from './mcp.ts';
import { walkPolicy } from './policy.ts';
import { deploySignIn, letIn, rawHost, type SignInDeployment } from './sign-in.ts';

let at: SignInDeployment;
let other: SignInDeployment;
beforeAll(async () => {
  at = await deploySignIn({ policy: walkPolicy({}) });
  other = await deploySignIn({ policy: walkPolicy({}) });
});
afterAll(() => Promise.all([at?.close(), other?.close()]));
const eng = () => `${at.deployment.origin}/g/eng/mcp`;

/** What the identity provider itself gives its client. */
async function tokensOfProvider(person: string) {
  const { issuer, clientId, clientSecret } = at.identityProvider;
  const redirect_uri = `${at.deployment.origin}/sign-in/callback/company`;
  const asked = { client_id: clientId, response_type: 'code', scope: 'openid email', redirect_uri };
  const back = await letIn(createBrowser([issuer]), `${issuer}/auth?${new URLSearchParams(asked)}`, person);
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', redirect_uri, code: back.searchParams.get('code') ?? '' }),
  });
  return z.object({ id_token: z.string(), access_token: z.string() }).parse(await answer.json());
}

test('what another issuer gave, another gateway server or the identity provider itself, is refused and on record', async () => {
  const { origin } = other.deployment;
  const host = await rawHost(origin);
  const back = await letIn(other.browser(), host.begin(`${origin}/g/eng/mcp`), 'ada@example.org');
  const { tokens } = await host.redeem(back.searchParams.get('code') ?? '');
  const foreign = tokens?.access_token ?? '';
  await expect
    .poll(async () => (await modern(`${origin}/g/eng/mcp`, foreign, 'tools/list')).status, { timeout: 15_000 })
    .toBe(200);
  const { id_token, access_token } = await tokensOfProvider('ada@example.org');
  for (const token of [foreign, id_token, access_token]) {
    const refused = await modern(eng(), token, 'tools/list');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"');
  }
  expect((await host.refresh(tokens?.refresh_token ?? '')).error).toBeUndefined();
  const here = await rawHost(at.deployment.origin);
  expect((await here.refresh(tokens?.refresh_token ?? '')).error).toBe('invalid_grant');
  const records = await at.deployment.records(20);
  expect(records.filter(({ code, user }) => code === 'UNAUTHENTICATED' && user === null).length).toBeGreaterThanOrEqual(3);
  expect(JSON.stringify(records)).not.toContain(foreign);
});
