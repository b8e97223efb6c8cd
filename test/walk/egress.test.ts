// Servers that let in nobody but this gateway: by where it calls from, through which proxy, and by its signature; through a whole gateway server.
import type { IncomingMessage } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EgressDocument } from '#contract/egress-document.ts';
import { type FakeProxy, serveProxy } from '../fake/proxy.ts';
import { type Admits, type RemoteServer, serveOld } from '../fake/remote/old.ts';
import { serveOldest } from '../fake/remote/oldest.ts';
import { objectionTo } from '../fake/signature.ts';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { codeOf, modern } from './mcp.ts';

let dir: string;
let deployment: Deployment;
let proxy: FakeProxy;
let token: string;
let keys: unknown;
const servers = new Map<string, RemoteServer>();
const observed = new Map<string, Set<string>>();
const nonces = new Set<string>();

/** Keeps from where it was called, and lets in who may. */
const lock =
  (name: string, admits: Admits): Admits =>
  (request, body) => {
    observed.set(name, (observed.get(name) ?? new Set()).add(request.socket.remoteAddress ?? ''));
    return admits(request, body);
  };
const from = (address: string) => (request: IncomingMessage) => request.socket.remoteAddress === address;
const signed: Admits = (request, body) => {
  const url = `${servers.get('signed')?.url.replace(/\/mcp$/, '')}${request.url}`;
  return objectionTo({ method: request.method ?? '', url, headers: request.headers, body }, keys, nonces) === undefined;
};
const document = async () => {
  const response = await fetch(`${deployment.origin}/.well-known/egress.json`);
  return { response, document: EgressDocument.parse(await response.json()) };
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-egress-walk-'));
  proxy = await serveProxy({
    from: '127.0.0.3',
    authorization: `Basic ${Buffer.from('gateway:open sesame').toString('base64')}`,
  });
  await writeFile(join(dir, 'password'), 'open sesame\n', { mode: 0o600 });
  const egress = {
    version: 1,
    default: 'usual',
    ways: {
      usual: { from: '127.0.0.4' },
      office: { from: '127.0.0.2' },
      corp: { proxy: proxy.url, user: 'gateway', passwordFile: 'password', addresses: ['127.0.0.3'] },
    },
  };
  await writeFile(join(dir, 'egress.yaml'), JSON.stringify(egress));
  servers.set('by-address', await serveOld({ admits: lock('by-address', from('127.0.0.2')) }));
  servers.set('by-proxy', await serveOld({ admits: lock('by-proxy', from('127.0.0.3')) }));
  servers.set('signed', await serveOld({ admits: lock('signed', signed) }));
  servers.set('oldest', await serveOldest());
  const remote = (name: string, change: object = {}) => ({
    kind: 'remote',
    url: servers.get(name)?.url,
    allowPrivate: ['127.0.0.1'],
    ...change,
  });
  const every = ['by-address', 'by-proxy', 'signed', 'lost', 'wrong', 'oldest'];
  deployment = await deploy({
    serveArgs: ['--egress', join(dir, 'egress.yaml')],
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['all'] } },
      teams: { all: { gateways: ['eng'] } },
      servers: {
        'by-address': remote('by-address', { egress: 'office' }),
        'by-proxy': remote('by-proxy', { egress: 'corp' }),
        signed: remote('signed', { sign: true }),
        wrong: remote('by-address'),
        lost: remote('by-address', { egress: 'direct' }),
        oldest: remote('oldest', { egress: 'corp', sign: true }),
      },
      gateways: { eng: { assignments: Object.fromEntries(every.map((name) => [name, { tools: 'all' }])) } },
    },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  keys = await (await fetch(`${deployment.origin}/.well-known/http-message-signatures-directory`)).json();
}, 120_000);
afterAll(async () => {
  await deployment?.close();
  proxy?.close();
  await Promise.all([...servers.values()].map((server) => server.close()));
  await rm(dir, { recursive: true, force: true });
});

const call = (server: string) =>
  modern(`${deployment.origin}/g/eng/s/${server}/mcp`, token, 'tools/call', { name: 'echo', arguments: { text: 'in' } });
const isIn = async (server: string) => JSON.stringify((await call(server)).body.result ?? {}).includes('"in"');

test.each(['by-address', 'by-proxy', 'signed'])(
  'a server that is locked (%s) answers through the gateway and refuses a direct call',
  async (name) => {
    expect(await isIn(name)).toBe(true);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const direct = await fetch(servers.get(name)?.url ?? '', { method: 'POST', headers, body });
    expect(direct.status).toBe(403);
  },
);

test.each(['by-address', 'by-proxy', 'signed'])(
  'a command that asks a locked server (%s) is let in as calls are',
  async (name) => {
    const checked: unknown = JSON.parse(
      await deployment.admin('server', 'check', name, '--egress', join(dir, 'egress.yaml'), '--json'),
    );
    expect(checked).toMatchObject({ wants: 'open', fits: true });
  },
);

test('the old transport goes the same way', async () => {
  const before = proxy.asked.length;
  expect(await isIn('oldest')).toBe(true);
  expect(proxy.asked.length).toBeGreaterThan(before);
});

test('a way that this gateway server does not have is refused by name, and the usual one is not locked in', async () => {
  const ran = servers.get('by-address')?.ran.length;
  const lost = await call('lost');
  expect(codeOf(lost)).toBe('EGRESS_FORBIDDEN');
  expect(lost.body.error?.message).toContain('"direct"');
  expect(['IDENTITY_REFUSED', 'UPSTREAM_FAILED']).toContain(codeOf(await call('wrong')));
  expect(servers.get('by-address')?.ran.length).toBe(ran);
});

test('what anybody may read says exactly from where servers were called, and with which keys', async () => {
  proves('egress.published', {
    file: 'gateway/admin/egress-file.ts',
    find: 'known.push(way.addresses ?? (way.from === undefined ? undefined : [way.from]));',
    replace: 'known.push(way.addresses ?? []);',
  });
  for (const name of ['by-address', 'by-proxy', 'signed', 'wrong']) await call(name);
  const { response, document: published } = await document();
  const seen = new Set(
    [...observed.values()].flatMap((addresses) => [...addresses]).filter((address) => address !== '127.0.0.1'),
  );
  expect(new Set(published.addresses)).toEqual(seen);
  expect(seen).toEqual(new Set(['127.0.0.2', '127.0.0.3', '127.0.0.4']));
  expect(published).toMatchObject({
    version: 1,
    gateway: deployment.origin,
    isComplete: true,
    keys: (keys as { keys: unknown[] }).keys,
  });
  expect(response.headers.get('cache-control')).toBe('public, max-age=3600');
  const text = JSON.stringify(published);
  for (const secret of ['sesame', '"d"', proxy.url, 'office', 'corp']) expect(text).not.toContain(secret);
  const posting = await fetch(response.url, { method: 'POST', body: '{}' });
  expect(posting.status).toBe(405);
});

test('the key is rotated beside a running gateway server, which signs with the new one within a second', async () => {
  expect(await isIn('signed')).toBe(true);
  const { kid } = JSON.parse(await deployment.admin('egress', 'rotate-key', '--at-once', '--json')) as { kid: string };
  const published = await until('the new key', async () => {
    const { document: now } = await document();
    return now.keys.map((key) => key.kid).join() === kid && now;
  });
  keys = { keys: published.keys };
  expect(await isIn('signed')).toBe(true);
  expect(JSON.parse(await deployment.admin('egress', 'keys'))).toEqual(keys);
});
