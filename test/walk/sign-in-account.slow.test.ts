// The emergency account: made behind a one-time link, used where the identity provider is gone, and of no use without both its password and its code.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { type Browser, isPage, leftTo, type Page, pageAt } from './browser.ts';
import { modern } from './mcp.ts';
import { walkPolicy } from './policy.ts';
import { deploySignIn, rawHost, type SignInDeployment } from './sign-in.ts';

let at: SignInDeployment;
beforeAll(async () => {
  at = await deploySignIn({ policy: walkPolicy({}) });
});
afterAll(() => at.close());

const password = 'correct horse battery staple';
const text = (page: Page) => page.text.replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, ' ');
const link = async (...args: string[]): Promise<string> => {
  const { path } = JSON.parse(await at.deployment.admin('account', 'link', '--json', ...args)) as { path: string };
  return `${at.deployment.origin}${path}`;
};
const codeOf = (secret: string) => new TOTP({ secret: Secret.fromBase32(secret) }).generate();

/** Makes ada's account; its secret. */
async function makeAccount(browser: Browser = at.browser()): Promise<string> {
  const page = pageAt(await browser.open(await link()));
  const secret = /<code>([A-Z2-7]{32})<\/code>/.exec(page.text)?.[1] ?? '';
  const made = pageAt(await browser.submit(page, { email: 'Ada@example.org', password, code: codeOf(secret) }));
  expect(text(made)).toContain('The emergency account is made');
  return secret;
}
async function toSignIn(browser: Browser) {
  const host = await rawHost(at.deployment.origin);
  const page = pageAt(await browser.open(host.begin(`${at.deployment.origin}/g/eng/mcp`)));
  expect(text(page)).toContain('Use the emergency account');
  expect(page.text).toContain('?with=company');
  return { host, page };
}

test('is made behind a link that counts once, for a time, and with a long password and the right code', async () => {
  const browser = at.browser();
  const address = await link();
  const page = pageAt(await browser.open(address));
  const secret = /<code>([A-Z2-7]{32})<\/code>/.exec(page.text)?.[1] ?? '';
  const make = async (values: Record<string, string>) =>
    pageAt(await browser.submit(page, { email: 'ada@example.org', ...values }));
  expect(text(await make({ password: 'short', code: codeOf(secret) }))).toContain('at least 14 characters');
  expect(text(await make({ password, code: '000000' }))).toContain('the code is not the one');
  expect(text(await make({ password, code: codeOf(secret) }))).toContain('is made');
  expect(text(await make({ password, code: codeOf(secret) }))).toContain('SIGN_IN_OVER');
  expect(text(pageAt(await browser.open(address)))).toContain('SIGN_IN_OVER');
  expect(text(pageAt(await browser.open(`${at.deployment.origin}/sign-in/account/${'A'.repeat(43)}`)))).toContain('SIGN_IN_OVER');
  expect(JSON.parse(await at.deployment.admin('account', 'list', '--json'))).toMatchObject([{ email: 'ada@example.org' }]);
});

test('is of no use without its password, its code or its address, nor for somebody whom the policy does not know', async () => {
  proves('sign-in.emergency', {
    file: 'gateway/sign-in/local-account.ts',
    find: 'if (!account || !isRight) throw',
    replace: 'if (!account) throw',
  });
  const secret = await makeAccount();
  const browser = at.browser();
  const { page } = await toSignIn(browser);
  for (const values of [
    { email: 'ada@example.org', password: `${password}!`, code: codeOf(secret) },
    { email: 'ada@example.org', password, code: '000000' },
    { email: 'grace@example.org', password, code: codeOf(secret) },
    { email: 'ada@example.org', password: '', code: '' },
  ]) {
    const refused = await browser.submit(page, values);
    expect(isPage(refused) && refused.status, JSON.stringify(values)).toBe(403);
    expect(text(pageAt(refused))).toContain('You could not be signed in');
  }
  const foreign = await fetch(page.url, {
    method: 'POST',
    body: new URLSearchParams({ email: 'ada@example.org', password, code: codeOf(secret) }),
  });
  expect(foreign.status).toBe(400);
});

test('is locked after five attempts, also where they come at once and the next would be right', async () => {
  proves('sign-in.emergency-bounded', {
    file: 'gateway/store/sql/local-account.ts',
    find: 'if (before >= failuresAtMost) return unchanged(false);',
    replace: '',
  });
  const secret = await makeAccount();
  const browser = at.browser();
  const { page } = await toSignIn(browser);
  const wrong = [1, 2, 3, 4, 5].map((n) => ({ email: 'ada@example.org', password: `wrong ${n}`, code: '000000' }));
  await Promise.all(wrong.map((values) => browser.submit(page, values)));
  const right = { email: 'ada@example.org', password, code: codeOf(secret) };
  expect(text(pageAt(await browser.submit(page, right)))).toContain('You could not be signed in');
  // The command line is the way out.
  const next = await makeAccount();
  const fresh = at.browser();
  const opened = await toSignIn(fresh);
  const question = pageAt(await fresh.submit(opened.page, { ...right, code: codeOf(next) }));
  expect(text(question)).toContain('Let Raw Host use eng?');
});

test('leaves no password and no secret in the database, the log or the records', async () => {
  const secret = await makeAccount();
  const files = ['gateway.sqlite', 'gateway.sqlite-wal'];
  const lies = Buffer.concat([
    ...(await Promise.all(files.map((name) => readFile(join(at.deployment.dataDir, name)).catch(() => Buffer.alloc(0))))),
    Buffer.from(at.deployment.gateway().stderr()),
  ]);
  expect(lies.includes('ada@example.org')).toBe(true);
  for (const hidden of [secret, password, Buffer.from(Secret.fromBase32(secret).bytes)])
    expect(lies.includes(hidden)).toBe(false);
  await at.deployment.admin('account', 'remove', 'ada@example.org');
  const host = await rawHost(at.deployment.origin);
  const away = await at.browser().open(host.begin(`${at.deployment.origin}/g/eng/mcp`));
  expect(pageAt(away).url.origin).toBe(at.identityProvider.issuer);
});

test('lets its person in where the identity provider is gone, and a code counts once', async () => {
  proves('sign-in.code-once', {
    file: 'gateway/store/sql/local-account.ts',
    find: "      .where('last_step', '<', step)\n",
    replace: '',
  });
  await at.identityProvider.close();
  const secret = await makeAccount();
  const code = codeOf(secret);
  const browser = at.browser();
  const { host, page } = await toSignIn(browser);
  const question = pageAt(await browser.submit(page, { email: 'ada@example.org', password, code }));
  expect(text(question)).toContain('Let Raw Host use eng?');
  const back = leftTo(await browser.submit(question, { answer: 'allow' }));
  const { tokens } = await host.redeem(back.searchParams.get('code') ?? '');
  expect((await modern(`${at.deployment.origin}/g/eng/mcp`, tokens?.access_token ?? '', 'tools/list')).status).toBe(200);

  const second = at.browser();
  const again = await second.submit((await toSignIn(second)).page, { email: 'ada@example.org', password, code });
  expect(text(pageAt(again))).toContain('You could not be signed in');
  const signedIn = (await at.deployment.records(50)).filter((record) => record['event'] === 'signed_in');
  expect(signedIn).toContainEqual(
    expect.objectContaining({
      user: expect.objectContaining({ name: 'ada' }),
      detail: { identityProvider: 'local account' },
    }),
  );
});

test('can be tried so often in a minute by one address and no more, whatever it tries', async () => {
  proves('sign-in.guesses', {
    file: 'gateway/http/sign-in/interaction.ts',
    find: '    deps.refuseAttempts(request);\n',
    replace: '',
  });
  await makeAccount();
  const browser = at.browser();
  const { page } = await toSignIn(browser);
  const statuses = new Set<number>();
  // Twice the bound, and some: a minute may end on the way.
  for (let count = 0; count < 50 && !statuses.has(429); count++)
    statuses.add(pageAt(await browser.submit(page, { email: 'ada@example.org', password: '', code: '' })).status);
  expect([...statuses]).toEqual([403, 429]);
});
