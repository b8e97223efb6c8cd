// A program that signs in by itself: stock SDK clients get tokens with a secret or a key that the policy knows, and are a service account, never a person.
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import {
  Client as NewClient,
  ClientCredentialsProvider as NewSecret,
  PrivateKeyJwtProvider as NewKey,
  StreamableHTTPClientTransport as NewTransport,
} from '@modelcontextprotocol/client';
import {
  ClientCredentialsProvider as OldSecret,
  PrivateKeyJwtProvider as OldKey,
} from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { until } from './deployment.ts';
import { modern } from './mcp.ts';
import { root, run } from './program.ts';
import { deploySignIn, type SignInDeployment } from './sign-in.ts';

let at: SignInDeployment;
let secret: string;
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
let policy: { version: number; users: Record<string, object>; teams: object; servers: object; gateways: object };

beforeAll(async () => {
  const { stdout } = await run(join(root, 'gateway/cli.ts'), ['token', 'secret', '--json']);
  const made = z.object({ secret: z.string(), secretHash: z.string() }).parse(JSON.parse(stdout));
  secret = made.secret;
  policy = {
    version: 1,
    users: {
      ada: { email: 'ada@example.org', teams: ['everyone'] },
      build: { kind: 'service', teams: ['everyone'], secretHash: made.secretHash },
      deploy: {
        kind: 'service',
        title: 'Deployer',
        teams: ['everyone', 'admins'],
        jwks: { keys: [publicKey.export({ format: 'jwk' })] },
      },
    },
    teams: { everyone: { gateways: ['eng'] }, admins: { gateways: ['ops'] } },
    servers: {},
    gateways: { eng: {}, ops: {} },
  };
  at = await deploySignIn({ policy });
  const token = await at.deployment.hostToken({ user: 'ada', gateway: 'eng' });
  await until('the policy to be in force', async () => (await works(token)) === 200);
});
afterAll(() => at?.close());
const origin = () => at.deployment.origin;
const eng = () => `${origin()}/g/eng/mcp`;

const Answered = z.looseObject({
  error: z.string().optional(),
  access_token: z.string().optional(),
  refresh_token: z.string().optional(),
});
async function ask(form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${origin()}/oauth/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: eng(), ...form }),
  });
  return { status: response.status, body: Answered.parse(await response.json()) };
}
const build = () => ({ client_id: 'service.build', client_secret: secret });
const works = async (token: string, url = eng()) => (await modern(url, token, 'tools/list')).status;

describe.each([
  ['with a secret (SDK v1)', () => new OldSecret({ clientId: 'service.build', clientSecret: secret }), OldClient, OldTransport],
  [
    'with a key (SDK v1)',
    () => new OldKey({ clientId: 'service.deploy', privateKey: pem, algorithm: 'ES256' }),
    OldClient,
    OldTransport,
  ],
  ['with a secret (SDK v2)', () => new NewSecret({ clientId: 'service.build', clientSecret: secret }), NewClient, NewTransport],
  [
    'with a key (SDK v2)',
    () => new NewKey({ clientId: 'service.deploy', privateKey: pem, algorithm: 'ES256' }),
    NewClient,
    NewTransport,
  ],
] as const)('a stock client %s', (_, provider, Client, Transport) => {
  test('signs in by itself, and calls', async () => {
    const authProvider = provider();
    const client = new Client({ name: 'service', version: '1' });
    await client.connect(new Transport(new URL(eng()), { authProvider: authProvider as never }) as never);
    expect((await client.listTools()).tools).toEqual([]);
    await client.close();
  });
});

test('what it does is on record as its own, and it is listed as a connection', async () => {
  proves('sign-in.service-account', {
    file: 'gateway/sign-in/adapter.ts',
    find: "const isService = model === 'ClientCredentials';",
    replace: "const isService = model === 'ClientCredential';",
  });
  const { body } = await ask(build());
  expect(body.refresh_token).toBeUndefined();
  expect(await works(body.access_token ?? '')).toBe(200);
  const records = await at.deployment.records(100);
  const called = records.filter((record) => record['kind'] === 'call' && record['host'] === 'service.build');
  expect(called.at(0)).toMatchObject({ user: { name: 'build' }, decision: 'allowed', method: expect.any(String) });
  const issued = records.filter((record) => record['event'] === 'service_token_issued');
  expect(issued.at(0)).toMatchObject({ detail: { gateway: 'eng' } });
  expect(await at.deployment.admin('connection', 'list')).toContain('service.build');
  expect(JSON.stringify(records)).not.toContain(body.access_token);
});

test('only with its secret, for a gateway of its teams, and as nothing else', async () => {
  proves('sign-in.service-reach', {
    file: 'gateway/sign-in/machine-account.ts',
    find: 'const choices = gateways.filter((one) => address?.gateway === undefined || one.slug === address.gateway);',
    replace: 'const choices = address?.gateway === undefined ? gateways : [{ slug: address.gateway }];',
  });
  for (const [form, expected] of [
    [{ ...build(), client_secret: 'wrong' }, 'invalid_client'],
    [{ client_id: 'service.build' }, 'invalid_client'],
    [{ client_id: 'service.ada', client_secret: secret }, 'invalid_client'],
    [{ client_id: 'service.nobody', client_secret: secret }, 'invalid_client'],
    [{ client_id: 'build', client_secret: secret }, 'invalid_client'],
    [{ ...build(), resource: `${origin()}/g/ops/mcp` }, 'invalid_target'],
    [{ ...build(), resource: 'https://elsewhere.example/g/eng/mcp' }, 'invalid_target'],
    [
      { ...build(), grant_type: 'authorization_code', code: 'a'.repeat(43), redirect_uri: 'x', code_verifier: 'a'.repeat(43) },
      'invalid_request',
    ],
    [{ ...build(), grant_type: 'password' }, 'unsupported_grant_type'],
  ] as const)
    expect((await ask(form)).body.error, JSON.stringify(form)).toBe(expected);
  const begun = await fetch(
    `${origin()}/oauth/authorize?client_id=service.build&response_type=code&resource=${encodeURIComponent(eng())}`,
  );
  expect(begun.status).toBe(400);
  // A locked address is not asked for where there is one gateway only.
  expect((await ask({ ...build(), resource: `${origin()}/mcp` })).status).toBe(200);
  const { body } = await ask(build());
  expect(await works(body.access_token ?? '', `${origin()}/g/ops/mcp`)).toBe(403);
});

test('where an administrator blocked it, it gets none, on record, until it is allowed', async () => {
  await at.deployment.admin('host', 'block', 'service.build');
  expect((await ask(build())).body.error).toBe('invalid_client');
  const refused = (await at.deployment.records(50)).filter(({ code }) => code === 'HOST_REFUSED');
  expect(refused).toMatchObject([{ event: 'sign_in_refused', detail: { client: 'service.build' } }]);
  await at.deployment.admin('host', 'allow', 'service.build');
  const again = (await ask(build())).body.access_token ?? '';
  // The command ran in a process of its own: the gateway server hears of it within a fraction of a second.
  await expect.poll(() => works(again), { timeout: 15_000 }).toBe(200);
});

test('its tokens end when they are revoked, and when the policy has it no more', async () => {
  proves('sign-in.service-ends', {
    file: 'gateway/store/sql/connection.ts',
    find: "await tx.deleteFrom('sign_in_item').where('connection_id', '=', id).execute();",
    replace:
      "await tx.deleteFrom('sign_in_item').where('connection_id', '=', id).where('model', '=', 'Grant').execute(); await tx.updateTable('connection').set({ revoked_at: null }).where('id', '=', id).execute();",
  });
  const [first, connections] = [
    (await ask(build())).body.access_token ?? '',
    await at.deployment.admin('connection', 'list', '--json'),
  ];
  const all = z.array(z.looseObject({ id: z.string(), client: z.string() })).parse(JSON.parse(connections));
  for (const { id, client } of all) if (client === 'service.build') await at.deployment.admin('connection', 'revoke', id);
  await expect.poll(() => works(first), { timeout: 15_000 }).toBe(401);
  const second = (await ask(build())).body.access_token ?? '';
  expect(await works(second)).toBe(200);
  const { build: _, ...users } = policy.users;
  await at.deployment.apply({ ...policy, users });
  await expect.poll(() => works(second), { timeout: 15_000 }).toBe(401);
  expect((await ask(build())).body.error).toBe('invalid_client');
});

test('who comes as a client and is not it is on record without what they sent, and nobody can ask without an end', async () => {
  proves('sign-in.client-unproven', {
    file: 'gateway/http/sign-in/program-door.ts',
    find: "['grant.error', 'revocation.error', 'device_authorization.error']",
    replace: "['revocation.error', 'device_authorization.error']",
  });
  const wrong = `not-${secret}`;
  expect((await ask({ client_id: 'service.deploy', client_secret: wrong })).status).toBe(401);
  const basic = Buffer.from(`${wrong}:${wrong}`).toString('base64');
  expect((await ask({}, { authorization: `Basic ${basic}` })).status).toBe(401);
  const unproven = async () => (await at.deployment.records(200)).filter((record) => record['event'] === 'client_unproven');
  await expect
    .poll(async () => (await unproven()).map(({ detail }) => z.looseObject({ client: z.string() }).parse(detail).client), {
      timeout: 15_000,
    })
    .toEqual(expect.arrayContaining(['service.deploy', 'unknown']));
  expect((await unproven()).at(0)).toMatchObject({ code: 'UNAUTHENTICATED', detail: { address: '127.0.0.1' } });
  expect(JSON.stringify(await at.deployment.records(200))).not.toContain(secret);
});

test('one address may ask for tokens, and give them up, six hundred times a minute', async () => {
  proves('sign-in.token-flood', {
    file: 'gateway/http/sign-in/route.ts',
    find: "[paths.revoke]: { method: 'POST', step: programDoor(authorize, refuseTokenFlood) },",
    replace: "[paths.revoke]: { method: 'POST', step: authorize },",
  });
  const giveUp = () => fetch(`${origin()}/oauth/revoke`, { method: 'POST', body: new URLSearchParams({ client_id: 'nobody' }) });
  let answers: Response[] = [];
  // A minute may end meanwhile, and then another one begins.
  for (let sent = 0; sent < 1300 && !answers.some(({ status }) => status === 429); sent += answers.length) {
    answers = await Promise.all(Array.from({ length: 50 }, giveUp));
    for (const { status } of answers) expect([400, 401, 429]).toContain(status);
  }
  const refused = answers.find(({ status }) => status === 429);
  expect(await refused?.json()).toMatchObject({ error: 'temporarily_unavailable' });
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
});
