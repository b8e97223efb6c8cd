// A terminal without a browser signs in: it shows a code, its person types that in at another device, and whoever guesses, hurries or steals a code gets nothing.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as oauth from 'openid-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { type Browser, pageAt, type Page } from './browser.ts';
import { modern } from './mcp.ts';
import { deploySignIn, register, type SignInDeployment } from './sign-in.ts';

let at: SignInDeployment;
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const policy = {
  version: 1,
  users: { ada: { email: 'ada@example.org', teams: ['everyone'] } },
  teams: { everyone: { gateways: ['eng'] } },
  servers: {},
  gateways: { eng: { title: 'Engineering', assignments: {} } },
};
beforeAll(async () => {
  at = await deploySignIn({ policy });
});
afterAll(() => at.close());
const origin = () => at.deployment.origin;
const eng = () => `${origin()}/g/eng/mcp`;
const text = (page: Page) => page.text.replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, ' ');

/** A terminal that registered, as openid-client knows it by the gateway's own metadata. */
async function terminal(): Promise<oauth.Configuration> {
  const claim = { client_name: 'Terminal', grant_types: [deviceGrant, 'refresh_token'], response_types: [] };
  const { client_id: id } = z.object({ client_id: z.string() }).parse((await register(origin(), claim)).body);
  return oauth.discovery(new URL(origin()), id, undefined, oauth.None(), {
    execute: [oauth.allowInsecureRequests],
    algorithm: 'oauth2',
  });
}
const begin = async (client: oauth.Configuration) => oauth.initiateDeviceAuthorization(client, { resource: eng() });

const Answered = z.looseObject({ error: z.string().optional(), access_token: z.string().optional() });
async function poll(client: string, code: string, resource = eng()) {
  const form = { grant_type: deviceGrant, client_id: client, device_code: code, resource };
  const response = await fetch(`${origin()}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
  return Answered.parse(await response.json());
}

/** What the person does at another device, from the page with the code to the last one. */
async function typeIn(browser: Browser, address: string, values: Record<string, string> = {}): Promise<Page> {
  let page = pageAt(await browser.open(address));
  page = pageAt(
    await browser.submit(page, { user_code: /id="code"[^>]* value="([^"]*)"/s.exec(page.text)?.[1] ?? '', ...values }),
  );
  for (let step = 0; step < 6; step++) {
    if (page.text.includes('name="confirm"')) page = pageAt(await browser.submit(page, { confirm: 'yes' }));
    else if (page.text.includes('name="login"'))
      page = pageAt(await browser.submit(page, { login: 'ada@example.org', password: 'of the fake' }));
    else if (page.text.includes('name="prompt" value="consent"')) page = pageAt(await browser.submit(page, {}));
    else if (page.text.includes('name="answer"')) {
      asked = text(page);
      page = pageAt(await browser.submit(page, { answer: values['answer'] ?? 'allow' }));
    } else break;
  }
  return page;
}
let asked = '';

test('a terminal signs in by a code that its person types in elsewhere, and renews what it got', async () => {
  proves('sign-in.device', {
    file: 'gateway/sign-in/provider.ts',
    find: "deviceFlow: { enabled: true, charset: 'base-20',",
    replace: "deviceFlow: { enabled: false, charset: 'base-20',",
  });
  const client = await terminal();
  const begun = await begin(client);
  expect(begun.user_code).toMatch(/^[B-Z]{4}-[B-Z]{4}$/);
  expect(begun).toMatchObject({ interval: 5, verification_uri: `${origin()}/device`, expires_in: 600 });
  const polling = oauth.pollDeviceAuthorizationGrant(client, begun, { resource: eng() });
  polling.catch(() => {});
  const last = await typeIn(at.browser(), begun.verification_uri_complete ?? '');
  expect(text(last)).toContain('Your device is let in');
  for (const told of ['Terminal', 'Engineering', 'Nobody: unverified', 'at the device that showed you the code'])
    expect(asked).toContain(told);
  const tokens = await polling;
  expect((await modern(eng(), tokens.access_token, 'tools/list')).status).toBe(200);
  const renewed = await oauth.refreshTokenGrant(client, tokens.refresh_token ?? '', { resource: eng() });
  expect((await modern(eng(), renewed.access_token, 'tools/list')).status).toBe(200);
  const records = JSON.stringify(await at.deployment.records(100));
  for (const event of ['consent_given', 'host_token_issued']) expect(records).toContain(event);
  const files = ['gateway.sqlite', 'gateway.sqlite-wal'].map((name) =>
    readFile(join(at.deployment.dataDir, name)).catch(() => Buffer.alloc(0)),
  );
  const lies = Buffer.concat([
    ...(await Promise.all(files)),
    Buffer.from(records),
    Buffer.from(at.deployment.gateway().stderr()),
  ]);
  for (const secret of [begun.device_code, begun.user_code.replace('-', ''), tokens.access_token])
    expect(lies.includes(secret), secret).toBe(false);
});

test('each device is asked for anew: consent given once lets no other in', async () => {
  proves('sign-in.device-asks', {
    file: 'gateway/sign-in/provider.ts',
    find: 'if (redirect === undefined || scopes !== scope) return undefined;',
    replace:
      "if (redirect === undefined) return deps.remembered({ client, user, address: { gateway: undefined, server: undefined, path: '/mcp' }, redirect: 'urn:ietf:params:oauth:grant-type:device_code' }).then((known) => known && saveGrant(provider, { connection: known, resource, scopes }));",
  });
  const [client, browser] = [await terminal(), at.browser()];
  for (let round = 0; round < 2; round++) {
    asked = '';
    await typeIn(browser, (await begin(client)).verification_uri_complete ?? '');
    expect(asked).toContain('Let Terminal use Engineering?');
  }
  const { client_id: id } = client.clientMetadata();
  const given = (await at.deployment.records(50)).filter(({ event }) => event === 'consent_given');
  expect(given.filter(({ detail }) => JSON.stringify(detail).includes(id))).toHaveLength(2);
});

test('a code that is shown for another resource is not spent by that, and nothing of it is on record as given', async () => {
  const client = await terminal();
  const { client_id: id } = client.clientMetadata();
  const begun = await begin(client);
  await typeIn(at.browser(), begun.verification_uri_complete ?? '');
  const issued = async () => (await at.deployment.records(50)).filter(({ event }) => event === 'host_token_issued').length;
  const before = await issued();
  expect(await poll(id, begun.device_code, `${origin()}/g/other/mcp`)).toMatchObject({ error: 'invalid_target' });
  expect(await issued()).toBe(before);
  const again = () => poll(id, begun.device_code);
  await expect.poll(again, { interval: 4100, timeout: 10_000 }).toHaveProperty('access_token');
});

test('a device whose person refuses, at the code or at the question, is told so and gets nothing', async () => {
  const client = await terminal();
  const id = client.clientMetadata().client_id;
  const first = await begin(client);
  const browser = at.browser();
  let page = pageAt(await browser.open(first.verification_uri));
  page = pageAt(await browser.submit(page, { user_code: first.user_code.toLowerCase() }));
  expect(text(page)).toContain(first.user_code);
  expect(text(pageAt(await browser.submit(page, { abort: 'yes' })))).toContain('was refused');
  expect((await poll(id, first.device_code)).error).toBe('access_denied');
  const second = await begin(client);
  await typeIn(at.browser(), second.verification_uri_complete ?? '', { answer: 'deny' });
  expect((await poll(id, second.device_code)).error).toBe('access_denied');
});

test('a code of a device is of no use to another client, nor before its person decided, nor twice, nor to one that hurries', async () => {
  proves('sign-in.device-slow', {
    file: 'gateway/sign-in/device-code.ts',
    find: 'return before !== undefined && at - before < atLeastMs;',
    replace: 'return before !== undefined && at < before;',
  });
  const [client, thief] = [await terminal(), await terminal()];
  const id = client.clientMetadata().client_id;
  const begun = await begin(client);
  expect((await poll(thief.clientMetadata().client_id, begun.device_code)).error).toBe('invalid_grant');
  const waiting = await begin(client);
  expect((await poll(id, waiting.device_code)).error).toBe('authorization_pending');
  expect((await poll(id, waiting.device_code)).error).toBe('slow_down');
  expect((await poll(id, `#${begun.device_code}`)).error).toBe('invalid_grant');
  const page = await typeIn(at.browser(), begun.verification_uri_complete ?? '');
  expect(text(page)).toContain('Your device is let in');
  // And by then nobody can type it in again.
  const again = pageAt(await at.browser().open(begun.verification_uri));
  expect(text(pageAt(await at.browser().submit(again, { user_code: begun.user_code })))).not.toContain('Is this the code');
});

test('what is typed in counts only from our own page, and nobody may guess for long', async () => {
  proves('sign-in.device-guess', {
    file: 'gateway/http/sign-in/route.ts',
    find: 'const triedCode = bounded(bounded(authorize, refuseGuesses), refuseAllGuesses);',
    replace: 'const triedCode = bounded(authorize, refuseAllGuesses);',
  });
  const begun = await begin(await terminal());
  const forged = await fetch(`${origin()}/device`, {
    method: 'POST',
    body: new URLSearchParams({ user_code: begun.user_code, confirm: 'yes', xsrf: 'a'.repeat(48) }),
    headers: { accept: 'text/html' },
  });
  expect(forged.status).toBe(400);
  const browser = at.browser();
  const statuses: number[] = [];
  for (let guess = 0; guess < 60 && statuses.at(-1) !== 429; guess++) {
    const page = pageAt(await browser.open(`${origin()}/device`));
    const answered = pageAt(await browser.submit(page, { user_code: 'BBBB-BBBB' }));
    statuses.push(answered.status);
    if (guess === 0) expect(text(answered)).toContain('There is no such code');
  }
  expect(statuses.at(-1)).toBe(429);
  expect(statuses.length).toBeLessThan(45);
  const refused = (await at.deployment.records(200)).filter((record) => record['event'] === 'device_code_refused');
  expect(refused.length).toBeGreaterThan(0);
  expect(JSON.stringify(refused)).not.toContain('BBBB');
});
