// Remote servers through a whole gateway: SDK servers of both eras, hosts of both eras, two people with identities of their own.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { serveNew } from '../fake/remote/new.ts';
import { type RemoteServer, serveOld } from '../fake/remote/old.ts';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { codeOf, modern } from './mcp.ts';
import { nodeServer } from './policy.ts';
import { root } from './program.ts';

const secrets = { 'tok-of-ada-5c1f': 'ada', 'tok-of-bob-9d2e': 'bob', 'tok-of-all-77ab': 'the service' };
const people = secrets;
let deployment: Deployment;
const servers: Record<string, RemoteServer> = {};
const tokens: Record<string, string> = {};
const full = createServer((_, response) => response.writeHead(429, { 'retry-after': '7' }).end());

beforeAll(async () => {
  servers['sessions'] = await serveOld({ people });
  servers['json'] = await serveOld({ people, isStateless: true, answersByJson: true });
  servers['stateless'] = await serveOld({ people, isStateless: true });
  servers['mortal'] = await serveOld({ people });
  servers['modern'] = await serveNew({ people });
  full.listen(0, '127.0.0.1');
  await once(full, 'listening');
  const remote = (name: string, change: object = {}) => ({
    kind: 'remote',
    url: servers[name]?.url,
    allowPrivate: ['127.0.0.1'],
    ...change,
  });
  deployment = await deploy({
    policy: {
      version: 1,
      users: Object.fromEntries(['ada', 'bob', 'eve'].map((user) => [user, { email: `${user}@example.org`, teams: ['all'] }])),
      teams: { all: { gateways: ['eng', 'one', 'waiting'] } },
      servers: {
        sessions: remote('sessions', { auth: 'header' }),
        json: remote('json'),
        stateless: remote('stateless', { timeoutSeconds: 2 }),
        modern: remote('modern', { auth: 'header', header: 'X-Api-Key', timeoutSeconds: 2 }),
        mortal: remote('mortal'),
        local: { kind: 'workstation' },
        forbidden: remote('json', { allowPrivate: [] }),
        gone: remote('json', { url: 'http://127.0.0.1:9/mcp' }),
        full: remote('json', { url: `http://127.0.0.1:${z.object({ port: z.number() }).parse(full.address()).port}/mcp` }),
      },
      gateways: {
        eng: {
          assignments: {
            sessions: { tools: 'all', identity: 'own' },
            json: { tools: 'all' },
            stateless: { tools: ['echo', 'slow', 'steps', 'huge', 'says'] },
            modern: { tools: 'all', identity: 'shared' },
            mortal: { tools: 'all' },
            local: { tools: 'all' },
            forbidden: { tools: 'all' },
            gone: { tools: 'all' },
          },
        },
        waiting: { assignments: { full: { tools: 'all' } } },
        one: { assignments: { sessions: { tools: 'all', identity: 'shared' } } },
      },
    },
  });
  await deployment.workstation({
    user: 'ada',
    profile: { LocalServers: { local: nodeServer(join(root, 'test/fake/local-server/counting.ts')) } },
  });
  for (const user of ['ada', 'bob', 'eve']) tokens[user] = await deployment.hostToken({ user, gateway: 'eng' });
  await identity('tok-of-ada-5c1f', '--server', 'sessions', '--user', 'ada');
  await identity('tok-of-bob-9d2e', '--server', 'sessions', '--user', 'bob');
  await identity('tok-of-all-77ab', '--server', 'modern', '--shared');
}, 120_000);
afterAll(async () => {
  await deployment?.close();
  full.close();
  full.closeAllConnections();
  const { mortal: _, ...others } = servers;
  await Promise.all(Object.values(others).map((server) => server.close()));
});

const identity = (value: string, ...args: string[]) => deployment.identity(value, ...args);

const call = (user: string, server: string, name: string, args: object = {}, signal?: AbortSignal) =>
  modern(
    `${deployment.origin}/g/eng/s/${server}/mcp`,
    tokens[user] ?? '',
    'tools/call',
    { name, arguments: args },
    signal ? { signal } : {},
  );
const textOf = (answered: Awaited<ReturnType<typeof call>>) => {
  const content = answered.body.result?.['content'];
  return Array.isArray(content) ? String(content[0]?.text) : JSON.stringify(answered.body);
};
/** The newest record of a call of a tool. */
const recordOf = (tool: string) =>
  until('a record', async () => (await deployment.records()).findLast((record) => record['tool'] === tool));

test('a server that asks to wait is told as one that does, with its own time, and not as too much that waits here', async () => {
  const token = await deployment.hostToken({ user: 'ada', gateway: 'waiting' });
  for (const path of ['/g/waiting/mcp', '/g/waiting/s/full/mcp']) {
    const { status, headers, body } = await modern(`${deployment.origin}${path}`, token, 'tools/list');
    expect([status, headers.get('retry-after')]).toEqual([503, '7']);
    expect(body.error?.message).toBe('The server "full" takes no more requests for now and asks to wait. Try again in 7 s.');
    expect(body.error?.data).toMatchObject({ code: 'UPSTREAM_BUSY', retryAfterSeconds: 7 });
  }
});

test.each(['sessions', 'json', 'stateless', 'modern'])(
  'a server of the kind "%s" is called by hosts of both eras',
  async (kind) => {
    proves('remote.era-found-out', {
      file: 'gateway/upstream/remote-era.ts',
      find: "if (isModernAnswer(message)) return 'modern';",
      replace: "if (isModernAnswer(message)) return 'legacy';",
    });
    expect(textOf(await call('ada', kind, 'echo', { text: 'from new' }))).toBe('from new');
    const client = new Client({ name: 'old-host', version: '1' });
    const url = new URL(`${deployment.origin}/g/eng/s/${kind}/mcp`);
    await client.connect(
      new StreamableHTTPClientTransport(url, { requestInit: { headers: { authorization: `Bearer ${tokens['ada']}` } } }),
    );
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
    expect(await client.callTool({ name: 'echo', arguments: { text: 'from old' } })).toMatchObject({
      content: [{ text: 'from old' }],
    });
    await client.close();
  },
);

test('each person is called as themselves, all as the one that they share, and the record says as whom', async () => {
  proves('remote.named-on-record', {
    file: 'gateway/pipeline/draft.ts',
    find: "trace.identity ?? { kind: 'none', id: null }",
    replace: "{ kind: 'none', id: null }",
  });
  const listed = JSON.parse(await deployment.admin('identity', 'list', '--json')) as { id: string; user: string | null }[];
  const idOf = (user: string | null) => listed.find((one) => one.user === user)?.id;
  for (const user of ['ada', 'bob']) {
    expect(textOf(await call(user, 'sessions', 'whoami'))).toBe(user);
    expect(await recordOf('whoami')).toMatchObject({ user: { name: user }, identity: { kind: 'own', id: idOf(user) } });
    expect(textOf(await call(user, 'modern', 'whoami'))).toBe('the service');
    expect(await recordOf('whoami')).toMatchObject({ user: { name: user }, identity: { kind: 'shared', id: idOf(null) } });
  }
  expect(textOf(await call('ada', 'json', 'whoami'))).toBe('nobody');
  expect(await recordOf('whoami')).toMatchObject({ identity: { kind: 'none', id: null } });
});

test('many calls of two people at once are never mixed up', async () => {
  proves('remote.own-identity', {
    file: 'gateway/upstream/remote.ts',
    find: "const stem = [allowed.conversation, allowed.caller.user.id, context, '']",
    replace: "const stem = [server.id, '']",
  });
  const asked = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 'ada' : 'bob'));
  const answers = await Promise.all(asked.map(async (user) => textOf(await call(user, 'sessions', 'whoami'))));
  expect(answers).toEqual(asked);
});

test('without an identity nothing is sent, and the error says which one is missing and what to do', async () => {
  proves('remote.no-fallback', {
    file: 'gateway/vault/vault.ts',
    find: "const user = wanted.kind === 'own' ? wanted.user.id : null;",
    replace: 'const user = null;',
  });
  await identity('tok-of-all-77ab', '--server', 'sessions', '--shared', '--gateway', 'one');
  await identity('tok-of-all-77ab', '--server', 'sessions', '--shared');
  const before = servers['sessions']?.ran.length;
  const answered = await call('eve', 'sessions', 'whoami');
  expect(codeOf(answered)).toBe('IDENTITY_MISSING');
  expect(answered.body.error?.message).toContain('identity set --server sessions --user eve');
  expect(servers['sessions']?.ran.length).toBe(before);
  expect(await recordOf('whoami')).toMatchObject({
    decision: 'failed',
    code: 'IDENTITY_MISSING',
    identity: { kind: 'own', id: null },
  });
  await identity('tok-of-bob-9d2e', '--server', 'sessions', '--user', 'eve');
  await until('the new identity', async () => textOf(await call('eve', 'sessions', 'whoami')) === 'bob');
});

test('the list of all tools has those of every server that answers, and says which one does not', async () => {
  const listed = await modern(`${deployment.origin}/g/eng/mcp`, tokens['ada'] ?? '', 'tools/list');
  const tools = listed.body.result?.['tools'];
  const names = Array.isArray(tools) ? tools.map((tool: { name: string }) => tool.name) : [];
  expect(names).toEqual(expect.arrayContaining(['sessions__whoami', 'json__echo', 'stateless__slow', 'modern__whoami']));
  expect(names).not.toContain('stateless__whoami');
  expect(names.some((name) => name.startsWith('forbidden') || name.startsWith('gone'))).toBe(false);
  const record = await until('its record', async () =>
    (await deployment.records()).findLast(({ method }) => method === 'tools/list'),
  );
  expect(record['hidden']).toEqual(expect.arrayContaining(['forbidden__*', 'gone__*']));
  expect(codeOf(await call('ada', 'forbidden', 'echo'))).toBe('EGRESS_FORBIDDEN');
  expect(await recordOf('echo')).toMatchObject({ decision: 'refused' });
  expect(codeOf(await call('ada', 'gone', 'echo'))).toBe('UPSTREAM_UNREACHABLE');
});

test('what a server says and asks in the middle of a call reaches the host of that call', async () => {
  proves('remote.beside-the-answer', {
    file: 'gateway/upstream/remote-beside.ts',
    find: '    own.notified(body, message);\n  };',
    replace: '  };',
  });
  for (const [server, path] of [
    ['sessions', '/g/eng/mcp'],
    ['stateless', '/g/eng/s/stateless/mcp'],
    ['modern', '/g/eng/s/modern/mcp'],
  ] as const) {
    const prefix = path === '/g/eng/mcp' ? `${server}__` : '';
    const client = new Client({ name: 'old-host', version: '1' }, { capabilities: { elicitation: {} } });
    const [asked, logged, progress]: [string[], unknown[], number[]] = [[], [], []];
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params.message);
      return { action: 'accept', content: { answer: 'blue' } };
    });
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logged.push(params.data));
    const headers = { authorization: `Bearer ${tokens['ada']}` };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${deployment.origin}${path}`), { requestInit: { headers } }));
    await client.setLoggingLevel('debug');
    const onprogress = ({ progress: done }: { progress: number }) => void progress.push(done);
    await client.callTool({ name: `${prefix}steps`, arguments: { count: 3, ms: 20 } }, undefined, { onprogress });
    expect(progress).toEqual([1, 2, 3]);
    await client.callTool({ name: `${prefix}says`, arguments: { text: `from ${server}` } });
    await until(`the log message from ${server}`, async () => logged.includes(`from ${server}`));
    // A server without a session has nobody to take the answer to its question; a modern one asks in its result.
    if (server === 'sessions') {
      const answered = await client.callTool({ name: `${prefix}asks`, arguments: { text: 'Which color?' } });
      expect(answered).toMatchObject({ content: [{ text: 'accept blue' }] });
      expect(asked).toEqual([expect.stringContaining('Which color?')]);
      expect(asked[0]).toContain('sessions');
    }
    await client.close();
  }
});

test('what a server says on a stream of its own reaches the conversation', async () => {
  proves('remote.news-followed', {
    file: 'gateway/upstream/remote-session.ts',
    find: 'if (allowed.audience?.conversation) this.#follow();',
    replace: '',
  });
  const client = new Client({ name: 'old-host', version: '1' }, { capabilities: { elicitation: {} } });
  let changes = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++);
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { answer: 'green' } }));
  const headers = { authorization: `Bearer ${tokens['bob']}` };
  const url = new URL(`${deployment.origin}/g/eng/s/sessions/mcp`);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  await client.listTools();
  // Both come on the stream that the gateway opened at the server, which may still be on its way: the server drops what nobody listens for.
  await until('news of the tools', async () => {
    await client.callTool({ name: 'grows', arguments: {} });
    return changes > 0;
  });
  const answered = await client.callTool({ name: 'asks-aside', arguments: { text: 'Which color?' } });
  expect(answered).toMatchObject({ content: [{ text: 'accept green' }] });
  await client.close();
});

test('of remote servers and one on a workstation, one that dies takes nobody with it and is named', async () => {
  const url = `${deployment.origin}/g/eng/mcp`;
  const echo = (server: string) =>
    modern(url, tokens['ada'] ?? '', 'tools/call', { name: `${server}__echo`, arguments: { text: `by ${server}` } });
  await until('the local server', async () => textOf(await echo('local')) === 'by local');
  for (const server of ['sessions', 'json', 'mortal', 'local']) expect(textOf(await echo(server))).toBe(`by ${server}`);
  const listing = async () => {
    const tools = (await modern(url, tokens['ada'] ?? '', 'tools/list')).body.result?.['tools'];
    return new Set(Array.isArray(tools) ? tools.map(({ name }: { name: string }) => name.split('__')[0]) : []);
  };
  expect(await listing()).toEqual(new Set(['sessions', 'json', 'stateless', 'modern', 'mortal', 'local']));
  const others = ['sessions', 'json', 'local'];
  const slowestMs = async () => {
    const times: number[] = [];
    for (let round = 0; round < 10; round++)
      for (const server of others) {
        const began = performance.now();
        expect(textOf(await echo(server))).toBe(`by ${server}`);
        times.push(performance.now() - began);
      }
    return Math.max(...times);
  };
  const usualMs = await slowestMs();
  await servers['mortal']?.close();
  const [dead, slowMs] = await Promise.all([echo('mortal'), slowestMs()]);
  // Far below what anybody waits for a server; far above what a busy machine takes.
  expect(slowMs).toBeLessThan(2 * usualMs + 1000);
  expect(['UPSTREAM_UNREACHABLE', 'UPSTREAM_LOST']).toContain(codeOf(dead));
  expect(dead.body.error?.message).toContain('"mortal"');
  expect([...(await listing())]).toEqual(expect.arrayContaining(['sessions', 'json', 'stateless', 'modern', 'local']));
  const alerts = async () =>
    z.array(z.object({ key: z.string() })).parse(JSON.parse(await deployment.admin('alert', 'list', '--json')));
  await until('its alert', async () => (await alerts()).some(({ key }) => key === 'server:mortal'));
});

test('a list survives that the server forgot its session, a call says so and the next one works', async () => {
  const url = `${deployment.origin}/g/eng/s/sessions/mcp`;
  expect(textOf(await call('ada', 'sessions', 'whoami'))).toBe('ada');
  servers['sessions']?.forget();
  const listed = await modern(url, tokens['ada'] ?? '', 'tools/list');
  expect(listed.body.result?.['tools']).toHaveLength(9);
  servers['sessions']?.forget();
  const before = servers['sessions']?.ran.length ?? 0;
  expect(codeOf(await call('ada', 'sessions', 'whoami'))).toBe('UPSTREAM_SESSION_LOST');
  expect(servers['sessions']?.ran.length).toBe(before);
  expect(textOf(await call('ada', 'sessions', 'whoami'))).toBe('ada');
});

describe.each(['stateless', 'modern'])('on the server "%s"', (server) => {
  test('progress keeps a call open that takes longer than its time, silence does not', async () => {
    const steps = { name: 'steps', arguments: { count: 8, ms: 400 }, _meta: { progressToken: 'p' } };
    const url = `${deployment.origin}/g/eng/s/${server}/mcp`;
    const answered = await modern(url, tokens['ada'] ?? '', 'tools/call', steps);
    expect(textOf(answered)).toBe('done');
    expect(codeOf(await call('ada', server, 'slow', { ms: 10_000 }))).toBe('SERVER_TIMEOUT');
  });

  test('an answer that is too large fails its own call and no other', async () => {
    const [large, other] = await Promise.all([
      call('ada', server, 'huge', { bytes: 9_000_000 }),
      call('ada', server, 'echo', { text: 'small' }),
    ]);
    expect(codeOf(large)).toBe('ANSWER_TOO_LARGE');
    expect(textOf(other)).toBe('small');
    expect(textOf(await call('ada', server, 'huge', { bytes: 1_000_000 }))).toHaveLength(1_000_000);
  });
});

test('what a host gives up is cancelled at the far end, in the words of its era', async () => {
  for (const server of ['sessions', 'modern'] as const) {
    const before = servers[server]?.cancelled.length ?? 0;
    const controller = new AbortController();
    const ran = servers[server]?.ran.length ?? 0;
    const calling = call('ada', server, 'slow', { ms: 1900 }, controller.signal).catch(() => 'gone');
    await until('the call to run', async () => (servers[server]?.ran.length ?? 0) > ran);
    controller.abort();
    await until('the cancellation', async () => (servers[server]?.cancelled.length ?? 0) > before);
    expect(await calling).toBe('gone');
  }
});

test('ending the host’s session ends the session at the server', async () => {
  const client = new Client({ name: 'old-host', version: '1' });
  const url = new URL(`${deployment.origin}/g/eng/s/sessions/mcp`);
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: { authorization: `Bearer ${tokens['bob']}` } },
  });
  await client.connect(transport);
  const before = servers['sessions']?.sessions() ?? 0;
  expect(await client.callTool({ name: 'whoami', arguments: {} })).toMatchObject({ content: [{ text: 'bob' }] });
  expect(servers['sessions']?.sessions()).toBe(before + 1);
  await transport.terminateSession();
  await until('the end of the session', async () => servers['sessions']?.sessions() === before);
  await client.close();
});

test('an identity that is set anew is the one that the next calls bear', async () => {
  await identity('tok-that-expired-0000', '--server', 'modern', '--shared');
  await until('a stranger', async () => textOf(await call('ada', 'modern', 'whoami')) === 'a stranger');
  await identity('tok-of-all-77ab', '--server', 'modern', '--shared');
});

test('no value of an identity is anywhere to be seen', async () => {
  proves('vault.no-value-shown', {
    file: 'gateway/command/identity.ts',
    find: 'print(flags.json ? JSON.stringify(all) : identityTable(all));',
    replace: 'print(flags.json ? JSON.stringify(all) : `tok-of-ada-5c1f`);',
  });
  const seen: string[] = [
    deployment.gateway().stderr(),
    await deployment.admin('identity', 'list'),
    await deployment.admin('identity', 'list', '--json'),
  ];
  seen.push(JSON.stringify(await deployment.records(1000)));
  seen.push(await identity('tok-of-ada-5c1f', '--server', 'sessions', '--user', 'ada'));
  for (const file of readdirSync(deployment.dataDir, { recursive: true, withFileTypes: true }))
    if (file.isFile()) seen.push(readFileSync(join(file.parentPath, file.name), 'latin1'));
  for (const secret of Object.keys(secrets)) expect(seen.some((text) => text.includes(secret))).toBe(false);
});
