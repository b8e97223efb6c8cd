// A remote server that speaks only the transport of 2024-11-05, through a whole gateway: hosts of both eras, found out by itself and named in the policy.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RemoteServer } from '../fake/remote/old.ts';
import { serveOldest } from '../fake/remote/oldest.ts';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { codeOf, modern } from './mcp.ts';

const kinds = ['found-400', 'found-404', 'found-405', 'named'] as const;
let deployment: Deployment;
const servers = new Map<string, RemoteServer>();
const tokens: Record<string, string> = {};

beforeAll(async () => {
  for (const [kind, postStatus] of [
    ['found-400', 400],
    ['found-404', 404],
    ['found-405', 405],
    ['named', 405],
  ] as const)
    servers.set(kind, await serveOldest({ people: { 'tok-of-all': 'the service' }, postStatus }));
  const remote = (kind: string) => ({
    kind: 'remote',
    url: servers.get(kind)?.url,
    allowPrivate: ['127.0.0.1'],
    auth: 'header',
    timeoutSeconds: 5,
    ...(kind === 'named' && { transport: 'sse' }),
  });
  const identity = { tools: 'all', identity: 'shared' };
  deployment = await deploy({
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['all'] }, bob: { email: 'bob@example.org', teams: ['all'] } },
      teams: { all: { gateways: ['eng'] } },
      servers: Object.fromEntries(kinds.map((kind) => [kind, remote(kind)])),
      gateways: { eng: { assignments: Object.fromEntries(kinds.map((kind) => [kind, identity])) } },
    },
  });
  for (const user of ['ada', 'bob']) tokens[user] = await deployment.hostToken({ user, gateway: 'eng' });
  for (const kind of kinds) await deployment.identity('tok-of-all', '--server', kind, '--shared');
}, 120_000);
afterAll(async () => {
  await deployment?.close();
  await Promise.all([...servers.values()].map((server) => server.close()));
});

const call = (server: string, name: string, args: object = {}, options: { signal?: AbortSignal } = {}, user = 'ada') =>
  modern(`${deployment.origin}/g/eng/s/${server}/mcp`, tokens[user] ?? '', 'tools/call', { name, arguments: args }, options);
const textOf = (answered: Awaited<ReturnType<typeof call>>) => {
  const content = answered.body.result?.['content'];
  return Array.isArray(content) ? String(content[0]?.text) : JSON.stringify(answered.body);
};
async function connect(server: string): Promise<Client> {
  const client = new Client({ name: 'old-host', version: '1' }, { capabilities: { elicitation: {} } });
  const headers = { authorization: `Bearer ${tokens['ada']}` };
  const url = new URL(`${deployment.origin}/g/eng/s/${server}/mcp`);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  return client;
}

test.each(kinds)('a server of 2024-11-05 (%s) is called by hosts of both eras, as whom the assignment says', async (kind) => {
  proves('remote.oldest-found-out', {
    file: 'gateway/upstream/remote-open.ts',
    find: '[400, 404, 405].includes(',
    replace: '[400, 404].includes(',
  });
  expect(textOf(await call(kind, 'echo', { text: 'from new' }))).toBe('from new');
  expect(textOf(await call(kind, 'whoami'))).toBe('the service');
  const client = await connect(kind);
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
  expect(await client.callTool({ name: 'echo', arguments: { text: 'from old' } })).toMatchObject({
    content: [{ text: 'from old' }],
  });
  await client.close();
});

test('what it says and asks in the middle of a call reaches the host, and so does news of its tools', async () => {
  const client = await connect('named');
  const [asked, logged, progress]: [string[], unknown[], number[]] = [[], [], []];
  let changes = 0;
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params.message);
    return { action: 'accept', content: { answer: 'blue' } };
  });
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logged.push(params.data));
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++);
  await client.setLoggingLevel('debug');
  const onprogress = ({ progress: done }: { progress: number }) => void progress.push(done);
  await client.callTool({ name: 'steps', arguments: { count: 3, ms: 20 } }, undefined, { onprogress });
  expect(progress).toEqual([1, 2, 3]);
  await client.callTool({ name: 'says', arguments: { text: 'hear' } });
  await until('the log message', async () => logged.includes('hear'));
  expect(await client.callTool({ name: 'asks', arguments: { text: 'Which color?' } })).toMatchObject({
    content: [{ text: 'accept blue' }],
  });
  expect(asked).toEqual([expect.stringContaining('Which color?')]);
  await until('news of the tools', async () => {
    await client.callTool({ name: 'grows', arguments: {} });
    return changes > 0;
  });
  await client.close();
});

test('a call that its host gives up is cancelled there, one that takes too long too', async () => {
  const server = servers.get('named');
  const before = server?.cancelled.length ?? 0;
  const given = new AbortController();
  const calling = call('named', 'slow', { ms: 30_000 }, { signal: given.signal }).catch(() => undefined);
  await until('the call', async () => server?.ran.at(-1) === 'slow');
  given.abort();
  await calling;
  await until('that it is cancelled', async () => server?.cancelled.length === before + 1);
  expect(codeOf(await call('named', 'slow', { ms: 30_000 }))).toBe('SERVER_TIMEOUT');
  await until('that it is cancelled', async () => server?.cancelled.length === before + 2);
});

test('a list survives that it forgot the session, a call says so and the next one works', async () => {
  const server = servers.get('found-405');
  const url = `${deployment.origin}/g/eng/s/found-405/mcp`;
  await call('found-405', 'echo', { text: 'x' }, {}, 'bob');
  server?.forget();
  expect((await modern(url, tokens['bob'] ?? '', 'tools/list')).body.result?.['tools']).toHaveLength(9);
  server?.forget();
  const ran = server?.ran.length;
  expect(codeOf(await call('found-405', 'echo', { text: 'x' }, {}, 'bob'))).toBe('UPSTREAM_SESSION_LOST');
  expect(server?.ran.length).toBe(ran);
  expect(textOf(await call('found-405', 'echo', { text: 'again' }, {}, 'bob'))).toBe('again');
});
