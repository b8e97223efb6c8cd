// What somebody tries who wants in without being let in: each attempt on a real gateway server with a real identity provider, and each fails.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendRaw } from '../gateway/http/raw.ts';
import { proves } from '../requirement.ts';
import { createBrowser, isPage, pageAt } from './browser.ts';
import { modern } from './mcp.ts';
import { deploySignIn, letIn, rawHost, register, type SignInDeployment, toConsent, type Tokens } from './sign-in.ts';

let at: SignInDeployment;
const policy = {
  version: 1,
  users: {
    ada: { email: 'ada@example.org', teams: ['everyone', 'admins'] },
    bob: { email: 'bob@example.org', teams: ['everyone'] },
    unverified: { email: 'unverified@example.org', teams: ['everyone'] },
  },
  teams: { everyone: { gateways: ['eng'] }, admins: { gateways: ['ops'] } },
  servers: {},
  gateways: { eng: {}, ops: {} },
};
beforeAll(async () => {
  at = await deploySignIn({ policy });
});
afterAll(() => at.close());

const eng = () => `${at.deployment.origin}/g/eng/mcp`;
const text = (page: { text: string }) => page.text.replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, ' ');

/** A host that ada let in. */
async function letInHost(resource = eng(), person = 'ada@example.org') {
  const [host, browser] = [await rawHost(at.deployment.origin), at.browser()];
  const back = await letIn(browser, host.begin(resource), person);
  const code = back.searchParams.get('code') ?? '';
  const { tokens } = await host.redeem(code);
  if (!tokens) throw new Error('no tokens');
  return { host, browser, code, tokens };
}
const works = async ({ access_token }: Tokens, resource = eng()) => (await modern(resource, access_token, 'tools/list')).status;

describe('a token', () => {
  test('of one gateway opens no other, though its person may enter it', async () => {
    const { tokens } = await letInHost();
    expect(await works(tokens, `${at.deployment.origin}/g/ops/mcp`)).toBe(403);
    expect(await works(tokens)).toBe(200);
  });

  test('that this gateway did not issue is refused, whatever it looks like', async () => {
    for (const token of ['a'.repeat(43), `dbh_${'a'.repeat(43)}`, 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.', ''])
      expect((await modern(eng(), token, 'tools/list')).status, token).toBe(401);
  });

  test('of a user who is gone is refused, and can not be renewed', async () => {
    const { host, tokens } = await letInHost(eng(), 'bob@example.org');
    const { bob: _, ...users } = policy.users;
    await at.deployment.apply({ ...policy, users });
    try {
      await expect.poll(() => works(tokens), { timeout: 15_000 }).toBe(401);
      expect((await host.refresh(tokens.refresh_token ?? '')).error).toBe('invalid_grant');
    } finally {
      await at.deployment.apply(policy);
    }
  });
});

describe('a refresh token', () => {
  test('that was spent and comes back ends the whole family, and no other', async () => {
    proves('sign-in.replay-ends-family', {
      file: 'gateway/sign-in/provider.ts',
      find: 'rotateRefreshToken: true,',
      replace: 'rotateRefreshToken: false,',
    });
    const { host, browser, tokens } = await letInHost();
    const again = await letIn(browser, host.begin(eng()), 'ada@example.org');
    const other = (await host.redeem(again.searchParams.get('code') ?? '')).tokens;
    const renewed = (await host.refresh(tokens.refresh_token ?? '')).tokens;
    if (!renewed || !other) throw new Error('no tokens');
    expect(await works(renewed)).toBe(200);
    expect((await host.refresh(tokens.refresh_token ?? '')).error).toBe('invalid_grant');
    await expect.poll(() => works(renewed), { timeout: 15_000 }).toBe(401);
    expect(await works(tokens)).toBe(401);
    expect((await host.refresh(renewed.refresh_token ?? '')).error).toBe('invalid_grant');
    expect(await works(other)).toBe(200);
  });

  test('that two come with at the same moment leaves none of them an access', async () => {
    const { host, tokens } = await letInHost();
    const answers = await Promise.all([1, 2, 3, 4].map(() => host.refresh(tokens.refresh_token ?? '')));
    expect(answers.filter((answer) => answer.error === undefined).length).toBeLessThanOrEqual(1);
    for (const { tokens: renewed } of answers)
      if (renewed) await expect.poll(() => works(renewed), { timeout: 15_000 }).toBe(401);
    await expect.poll(() => works(tokens), { timeout: 15_000 }).toBe(401);
  });

  test('is of no use to another client', async () => {
    const { tokens } = await letInHost();
    const thief = await rawHost(at.deployment.origin);
    expect((await thief.refresh(tokens.refresh_token ?? '')).error).toBe('invalid_grant');
    expect(await works(tokens)).toBe(200);
  });
});

test('what a host gives up ends at once, for the host that it was given to and for nobody else', async () => {
  const [{ host, tokens }, other] = [await letInHost(), await rawHost(at.deployment.origin)];
  const giveUp = (client_id: string) =>
    fetch(`${at.deployment.origin}/oauth/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ client_id, token: tokens.refresh_token ?? '' }),
    });
  await giveUp(other.client);
  expect(await works(tokens)).toBe(200);
  expect((await giveUp(host.client)).status).toBe(200);
  await expect.poll(() => works(tokens), { timeout: 15_000 }).toBe(401);
  const events = (await at.deployment.records(50)).filter((record) => JSON.stringify(record).includes(host.client));
  expect(events.map((record) => record['event'])).toContain('host_tokens_revoked');
});

describe('a code', () => {
  test('is of no use a second time, with another verifier, place, client or resource', async () => {
    const { host, code, tokens } = await letInHost();
    expect((await host.redeem(code)).error).toBe('invalid_grant');
    await expect.poll(() => works(tokens), { timeout: 15_000 }).toBe(401);
    const thief = await rawHost(at.deployment.origin);
    for (const change of [
      { code_verifier: 'b'.repeat(43) },
      { redirect_uri: 'http://127.0.0.1:4712/callback' },
      { client_id: thief.client },
      { resource: `${at.deployment.origin}/g/ops/mcp` },
    ]) {
      const next = await letIn(at.browser(), host.begin(eng()), 'ada@example.org');
      const { error } = await host.redeem(next.searchParams.get('code') ?? '', change);
      expect(error, JSON.stringify(change)).toMatch(/^invalid_(?:grant|target)$/);
    }
  });
});

describe('a request to sign in', () => {
  test('with a redirect that almost matches sends nobody anywhere', async () => {
    proves('sign-in.redirect-exact', {
      file: 'gateway/sign-in/client.ts',
      find: "application_type: claim.application_type ?? (isNative || !usesCodes ? 'native' : 'web'),",
      replace: "application_type: 'web',",
    });
    const host = await rawHost(at.deployment.origin);
    const browser = at.browser();
    expect((await toConsent(browser, host.begin(eng()), 'ada@example.org')).status).toBe(200);
    for (const redirect of [
      'http://127.0.0.1:4711/callback/',
      'http://127.0.0.1:4711/callback?x=1',
      'http://127.0.0.1:4711/Callback',
      'http://localhost:4711/callback',
      'http://127.0.0.1.evil.example/callback',
      'http://user@127.0.0.1:4711/callback',
      'https://127.0.0.1/callback',
      'http://127.0.0.2/callback',
      'javascript:alert(1)',
    ]) {
      const page = pageAt(await browser.open(host.begin(eng(), { redirect_uri: redirect })));
      expect(page.status, redirect).toBe(400);
      expect(text(page)).toContain('invalid_redirect_uri');
    }
  });

  test('that is wrong is answered with a page, and sends nobody to where it says', async () => {
    proves('sign-in.no-error-redirect', {
      file: 'gateway/http/sign-in/route.ts',
      find: "provider.on('authorization.error', keepHere);",
      replace: '',
    });
    const host = await rawHost(at.deployment.origin);
    for (const change of [
      { code_challenge: null },
      { code_challenge_method: 'plain' },
      { response_type: 'token' },
      { response_type: 'code id_token' },
      { resource: null },
      { prompt: 'none' },
    ]) {
      const page = await at.browser().open(host.begin(eng(), change));
      expect(isPage(page) && page.status, JSON.stringify(change)).toBe(400);
    }
  });

  test('for a resource that is not one of ours, or for two, is refused', async () => {
    proves('sign-in.resource-ours', {
      file: 'gateway/mcp/address.ts',
      find: 'if (url?.origin !== publicOrigin ||',
      replace: 'if (!url ||',
    });
    const host = await rawHost(at.deployment.origin);
    const two = host.begin(eng());
    two.searchParams.append('resource', `${at.deployment.origin}/g/ops/mcp`);
    for (const url of [
      host.begin('https://elsewhere.example/g/eng/mcp'),
      host.begin(`${at.deployment.origin}/workstation/enroll`),
      host.begin(at.deployment.origin),
      host.begin(`${at.deployment.origin}/g/Eng!/mcp`),
      two,
    ])
      expect(text(pageAt(await at.browser().open(url))), url.href).toContain('invalid_target');
  });

  test('for a gateway that no team grants is refused before the question', async () => {
    const host = await rawHost(at.deployment.origin);
    await expect(toConsent(at.browser(), host.begin(`${at.deployment.origin}/g/ops/mcp`), 'bob@example.org')).rejects.toThrow(
      'GATEWAY_NOT_GRANTED',
    );
  });
});

describe('consent', () => {
  test('counts only from our own page, in the browser that was asked, for a gateway that was offered', async () => {
    proves('sign-in.consent-proof', {
      file: 'gateway/http/sign-in/interaction.ts',
      find: 'if (proof.length !== expected.length || !timingSafeEqual(proof, expected))',
      replace: 'if (proof.length > 1000)',
    });
    const [host, browser] = [await rawHost(at.deployment.origin), at.browser()];
    const page = await toConsent(browser, host.begin(`${at.deployment.origin}/mcp`), 'ada@example.org');
    const send = (
      values: Record<string, string>,
      headers: Record<string, string> = {},
      cookie = browser.cookies(page.url).join('; '),
    ) =>
      fetch(page.url, { method: 'POST', redirect: 'manual', body: new URLSearchParams(values), headers: { cookie, ...headers } });
    const proof = /name="proof" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const allow = { answer: 'allow', gateway: 'eng' };
    expect((await send(allow)).status).toBe(400);
    expect((await send({ ...allow, proof: 'A'.repeat(43) })).status).toBe(400);
    expect((await send({ ...allow, proof }, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await send({ ...allow, proof, gateway: 'no-such' })).status).toBe(400);
    expect((await send({ ...allow, proof }, {}, 'drawbridge-session=x')).status).toBe(400);
    const given = (await at.deployment.records(50)).filter((record) => record['event'] === 'consent_given');
    expect(JSON.stringify(given)).not.toContain(host.client);
    expect((await send({ ...allow, proof })).status).toBe(303);
  });

  test('can not be skipped by going to the end of the way', async () => {
    const [host, browser] = [await rawHost(at.deployment.origin), at.browser()];
    const page = await toConsent(browser, host.begin(eng()), 'ada@example.org');
    const uid = page.url.pathname.split('/').at(-1) ?? '';
    const end = await browser.open(`${at.deployment.origin}/oauth/authorize/${uid}`);
    // It is asked again, under another name.
    expect(text(pageAt(end))).toContain('Allow');
    expect(pageAt(end).url.pathname).not.toBe(page.url.pathname);
  });

  test("can not be given with another person's session", async () => {
    const host = await rawHost(at.deployment.origin);
    const [ada, bob] = [at.browser(), at.browser()];
    const page = await toConsent(ada, host.begin(eng()), 'ada@example.org');
    await toConsent(bob, host.begin(eng()), 'bob@example.org');
    // Bob's session under ada's question: her answer is taken, but it leads bob nowhere.
    const foreign = bob.cookies().filter((cookie) => cookie.startsWith('drawbridge-session'));
    const both = (to: URL) =>
      [...ada.cookies(to).filter((cookie) => !cookie.startsWith('drawbridge-session')), ...foreign].join('; ');
    const proof = /name="proof" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const answered = await fetch(page.url, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ answer: 'allow', gateway: 'eng', proof }),
      headers: { cookie: both(page.url) },
    });
    const next = new URL(answered.headers.get('location') ?? '');
    const resumed = await fetch(next, { redirect: 'manual', headers: { cookie: both(next), accept: 'text/html' } });
    expect(resumed.status).toBe(400);
    expect(resumed.headers.get('location')).toBeNull();
  });
});

describe('an answer of the identity provider', () => {
  /** The return address that the identity provider would have sent the person to, before it is opened. */
  async function returning(person = 'ada@example.org') {
    const host = await rawHost(at.deployment.origin);
    const { origin } = at.deployment;
    const inside = at.browser();
    // One browser in two parts: one that stays at the identity provider, one that is at the gateway.
    const gateway = createBrowser([origin]);
    const away = await gateway.open(host.begin(eng()));
    if (isPage(away)) throw new Error('it was not sent away');
    const idp = createBrowser([at.identityProvider.issuer]);
    let page = await idp.open(away.left);
    while (isPage(page))
      page = page.text.includes('name="login"')
        ? await idp.submit(page, { login: person, password: 'x' })
        : await idp.submit(page, {});
    return { gateway, back: page.left, inside };
  }

  test('counts once, and only in the browser that was sent away for it', async () => {
    proves('sign-in.state-once', {
      file: 'gateway/http/sign-in/interaction.ts',
      find: " || kept.browser !== hash('sha256', browser)",
      replace: '',
    });
    const first = await returning();
    const stranger = pageAt(await first.inside.open(first.back));
    expect(text(stranger)).toContain('SIGN_IN_OVER');
    // And by that it is spent.
    expect(text(pageAt(await first.gateway.open(first.back)))).toContain('SIGN_IN_OVER');
    const second = await returning();
    expect(text(pageAt(await second.gateway.open(second.back)))).toContain('Allow');
  });

  test('with a forged state, a foreign issuer or at the address of another provider is refused', async () => {
    for (const change of [
      (url: URL) => url.searchParams.set('state', 'A'.repeat(43)),
      (url: URL) => url.searchParams.delete('state'),
      (url: URL) => url.searchParams.set('iss', 'https://evil.example'),
      (url: URL) => url.searchParams.delete('iss'),
      (url: URL) => url.searchParams.set('code', 'A'.repeat(43)),
      (url: URL) => (url.pathname = '/sign-in/callback/other'),
    ]) {
      const { gateway, back } = await returning();
      change(back);
      const page = pageAt(await gateway.open(back));
      expect(page.status, back.href).toBeGreaterThanOrEqual(400);
      expect(text(page)).toMatch(/SIGN_IN_OVER|IDENTITY_PROVIDER_FAILED/);
    }
  });

  test('lets nobody in whose address is not verified, or unknown', async () => {
    proves('sign-in.verified-email', {
      file: 'gateway/sign-in/identity-provider.ts',
      find: 'if (claims.email_verified !== true)',
      replace: 'if (claims.email_verified === undefined)',
    });
    for (const person of ['unverified@example.org', 'nobody@example.org']) {
      const { gateway, back } = await returning(person);
      const page = pageAt(await gateway.open(back));
      expect(page.status, person).toBe(403);
      expect(text(page)).toContain('SIGN_IN_REFUSED');
    }
  });
});

test('a target that is no address here, or another site’s, is told so, however it is written, and is no failure of ours', async () => {
  const { host, hostname, port } = new URL(at.deployment.origin);
  for (const path of ['/device', '/sign-in', '/identities', '/oauth/authorize', '/scim/v2/Users', '/api/v1/me', '/mcp', '/'])
    for (const [target, known, code] of [
      [`http://[${path}`, 421, 'HOST_HEADER_FORBIDDEN'],
      [`http://x:99999${path}`, 421, 'HOST_HEADER_FORBIDDEN'],
      [`http://evil.example${path}`, 421, 'HOST_HEADER_FORBIDDEN'],
      [`//[${path}`, 404, 'NOT_FOUND'],
      [`/\\[${path}`, 404, 'NOT_FOUND'],
    ] as const) {
      const lines = [`GET ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close'];
      const { status, body } = await sendRaw({ host: hostname, port: Number(port) }, lines);
      expect([target, status, body.includes(code)]).toEqual([target, known, true]);
    }
});

test('a client that wants to send people to a dangerous place, or no codes, can not register', async () => {
  for (const redirect of [
    'http://evil.example/cb',
    'javascript:alert(1)',
    'https://u:p@x.example/',
    'https://x.example/#f',
    'data:text/html,x',
    'nonsense',
  ])
    expect((await register(at.deployment.origin, { redirect_uris: [redirect] })).status, redirect).toBe(400);
  expect((await register(at.deployment.origin, { redirect_uris: [] })).status).toBe(400);
  expect((await register(at.deployment.origin, { redirect_uris: ['http://127.0.0.1/x'], application_type: 'web' })).status).toBe(
    400,
  );
  expect(
    (await register(at.deployment.origin, { redirect_uris: ['https://x.example/cb'], grant_types: ['client_credentials'] }))
      .status,
  ).toBe(400);
});

test('neither the database nor the log holds a token, a code or a session', async () => {
  proves('sign-in.hashed', {
    file: 'gateway/sign-in/adapter.ts',
    find: 'const { jti: _, userCode: ___, session, ...rest } = payload;',
    replace: 'const { userCode: ___, session, ...rest } = payload;',
  });
  const { browser, code, tokens } = await letInHost();
  // Names of requests under way are no secrets: they stand in addresses, and count only with the gateway's signature.
  const named = browser.cookies().filter((cookie) => /^drawbridge-(?:session|browser)/.test(cookie));
  const cookies = named.map((cookie) => cookie.split('=')[1] ?? '');
  const files = await Promise.all(
    ['gateway.sqlite', 'gateway.sqlite-wal'].map((name) =>
      readFile(join(at.deployment.dataDir, name)).catch(() => Buffer.alloc(0)),
    ),
  );
  const lies = Buffer.concat([...files, Buffer.from(at.deployment.gateway().stderr())]);
  expect(lies.includes(createHash('sha256').update(tokens.access_token).digest('hex'))).toBe(true);
  for (const secret of [code, tokens.access_token, tokens.refresh_token ?? '', ...cookies]) {
    expect(secret.length).toBeGreaterThan(20);
    expect(lies.includes(secret), secret).toBe(false);
  }
});
