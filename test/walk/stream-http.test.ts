// Streams over HTTP, message by message: when an answer becomes one, what of it a host that lost it gets back, who may listen, and what a batch comes to.
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { codeOf, eventsOf, modern, modernMeta, post } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

let deployment: Deployment;
let ada: string;
let grace: string;

beforeAll(async () => {
  deployment = await deploy({
    policy: walkPolicy({ talking: { tools: 'all' }, brief: { tools: 'all', timeoutSeconds: 2 } }),
  });
  const talking = nodeServer(join(root, 'test/fake/local-server/talking.ts'));
  const profile = { LocalServers: { talking, brief: { ...talking, env: { BRIEF: '1' } } } };
  await Promise.all(['ada', 'grace'].map((user) => deployment.workstation({ user, profile })));
  ada = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  grace = await deployment.hostToken({ user: 'grace', gateway: 'eng' });
  for (const token of [ada, grace])
    await until('the server to be offered', async () => (await modern(url(), token, 'tools/list')).body.result !== undefined);
});
afterAll(() => deployment.close());

const url = (server = 'talking') => `${deployment.origin}/g/eng/s/${server}/mcp`;
const able = { elicitation: {}, sampling: {}, roots: {} };
const accept = 'application/json, text/event-stream';

/** A legacy session: its id. */
async function open(token: string, protocolVersion = '2025-11-25', capabilities: object = able): Promise<string> {
  const params = { protocolVersion, capabilities, clientInfo: { name: 'raw', version: '1' } };
  const opened = await post(url(), token, { jsonrpc: '2.0', id: 'init', method: 'initialize', params });
  const session = opened.headers.get('mcp-session-id') ?? '';
  await post(url(), token, { jsonrpc: '2.0', method: 'notifications/initialized' }, { 'mcp-session-id': session });
  return session;
}
const callOf = (id: number, name: string, args: object = {}, _meta: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, _meta },
});
const headersOf = (token: string, session: string) => ({
  authorization: `Bearer ${token}`,
  'mcp-session-id': session,
  accept,
  'content-type': 'application/json',
});
/** Begins a call; the stream is read by hand. */
function begin(token: string, session: string, body: object, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(url(), { method: 'POST', headers: headersOf(token, session), body: JSON.stringify(body), signal });
}
function listen(token: string, session: string, more: Record<string, string> = {}): Promise<Response> {
  return fetch(url(), { headers: { ...headersOf(token, session), ...more } });
}
/** Reads a stream on until what came now holds something, and to the end of that event. */
function reading(response: Response): (what: string) => Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  return async (what) => {
    let text = '';
    while (reader && !(text.includes(what) && text.endsWith('\n\n'))) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
    return text;
  };
}
const readUntil = (response: Response, what: string) => reading(response)(what);
const lastId = (text: string) => /^id: (.+)$/gm.exec(text.slice(text.lastIndexOf('id: ')))?.[1] ?? '';

describe('an answer', () => {
  test('is plain JSON where nothing came before it, or the host accepts no stream', async () => {
    const session = await open(ada);
    const silent = await post(url(), ada, callOf(1, 'heard'), { 'mcp-session-id': session });
    expect(silent.headers.get('content-type')).toBe('application/json');
    const progress = callOf(2, 'progress', { count: 3 }, { progressToken: 'p' });
    const plain = await post(url(), ada, progress, { 'mcp-session-id': session, accept: 'application/json' });
    expect([plain.headers.get('content-type'), plain.body.result]).toMatchObject([
      'application/json',
      { content: [{ type: 'text' }] },
    ]);
  });

  test('is a stream of numbered events where something did', async () => {
    const session = await open(ada);
    const response = await begin(ada, session, callOf(1, 'progress', { count: 2 }, { progressToken: 'p' }));
    expect([response.headers.get('content-type'), response.headers.get('x-accel-buffering')]).toEqual([
      'text/event-stream',
      'no',
    ]);
    const text = await response.text();
    expect(eventsOf(text)).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } },
      { method: 'notifications/progress', params: { progressToken: 'p', progress: 2 } },
      { id: 1, result: { content: [{ type: 'text' }] } },
    ]);
    expect([...text.matchAll(/^id: (\d+)-(\d+)$/gm)].map(([, , seq]) => Number(seq))).toEqual([1, 2, 3]);
  });
});

describe('a lost stream', () => {
  test('of a legacy host goes on where it broke off, and the call had gone on meanwhile', async () => {
    proves('protocol.resume', {
      file: 'gateway/http/exchange.ts',
      find: '!(this.session && this.#stream)',
      replace: 'true',
    });
    const session = await open(ada);
    const leave = new AbortController();
    const response = await begin(ada, session, callOf(1, 'wait', {}, { progressToken: 7 }), leave.signal);
    const seen = await readUntil(response, 'notifications/progress');
    leave.abort();
    expect(await post(url(), ada, callOf(2, 'release'), { 'mcp-session-id': session })).toMatchObject({ body: { result: {} } });
    const rest = await listen(ada, session, { 'last-event-id': lastId(seen) });
    expect(eventsOf(await rest.text())).toMatchObject([{ id: 1, result: { content: [{ text: '"released"' }] } }]);
    const again = await listen(ada, session, { 'last-event-id': lastId(seen).replace(/\d+$/, '999') });
    expect(again.status).toBe(204);
  });

  test('of an SDK v1 host is found again by itself', async ({ onTestFinished }) => {
    const cut = new AbortController();
    const client = new Client({ name: 'old-host', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(url()), {
      requestInit: { headers: { authorization: `Bearer ${ada}` } },
      reconnectionOptions: {
        initialReconnectionDelay: 50,
        maxReconnectionDelay: 100,
        reconnectionDelayGrowFactor: 1,
        maxRetries: 50,
      },
      // Its connection breaks when we say so.
      fetch: (input, init) =>
        fetch(input, {
          ...init,
          ...(String(init?.body).includes('"wait"') && {
            signal: AbortSignal.any([cut.signal, ...(init?.signal ? [init.signal] : [])]),
          }),
        }),
    });
    await client.connect(transport as Parameters<Client['connect']>[0]);
    onTestFinished(() => client.close());
    const hasBegun = Promise.withResolvers<void>();
    const waiting = client.callTool({ name: 'wait', arguments: {} }, undefined, { onprogress: () => hasBegun.resolve() });
    await hasBegun.promise;
    cut.abort();
    await client.callTool({ name: 'release', arguments: {} });
    expect(await waiting).toMatchObject({ content: [{ text: '"released"' }] });
  });

  test('of a modern host ends the call at the server', async () => {
    proves('protocol.modern-lost', {
      file: 'gateway/http/exchange.ts',
      find: 'this.closed.abort();',
      replace: '{}',
    });
    const body = callOf(1, 'wait', {}, { ...modernMeta, progressToken: 1 });
    const leave = new AbortController();
    const headers = {
      ...headersOf(grace, ''),
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'wait',
    };
    const response = await fetch(url(), { method: 'POST', headers, body: JSON.stringify(body), signal: leave.signal });
    await readUntil(response, 'notifications/progress');
    leave.abort();
    await until('the server to hear', async () => {
      const heard = await modern(url(), grace, 'tools/call', { name: 'heard', arguments: {} });
      return JSON.stringify(heard.body.result).includes('notifications/cancelled');
    });
  });
});

describe('the stream of a session', () => {
  test('carries what belongs to no call, also what came before anybody listened', async () => {
    const session = await open(ada);
    const changed = callOf(1, 'notify', { method: 'notifications/tools/list_changed' });
    await post(url(), ada, changed, { 'mcp-session-id': session });
    const text = await readUntil(await listen(ada, session), 'list_changed');
    expect(eventsOf(text)).toEqual([{ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }]);
    // A second reader takes over from the first, and begins where that one was.
    const second = await listen(ada, session);
    await post(url(), ada, { ...changed, id: 2 }, { 'mcp-session-id': session });
    expect(eventsOf(await readUntil(second, 'list_changed'))).toHaveLength(1);
  });

  test("is closed to everybody else, and nobody's answer counts but its host's", async () => {
    proves('protocol.stream-owner', {
      file: 'gateway/mcp/questions.ts',
      find: "typeof id === 'number' ? this.#open.get(id) : undefined;",
      replace: '[...this.#open.values()][0];',
    });
    const [mine, other, hers] = [await open(ada), await open(ada), await open(grace)];
    expect((await listen(grace, mine)).status).toBe(404);
    expect((await listen(ada, 'x'.repeat(32))).status).toBe(404);
    expect((await listen(ada, '')).status).toBe(404);
    const leave = new AbortController();
    const asked = await begin(ada, mine, callOf(1, 'ask', { method: 'roots/list' }), leave.signal);
    const read = reading(asked);
    const question = await read('roots/list');
    const [{ id }] = eventsOf(question) as [{ id: number }];
    const forged = { jsonrpc: '2.0', id, result: { roots: [{ uri: 'file:///forged' }] } };
    const stolen = await post(url(), grace, forged, { 'mcp-session-id': mine });
    expect(codeOf(stolen)).toBe('SESSION_UNKNOWN');
    for (const [token, session] of [
      [ada, other],
      [grace, hers],
    ] as const)
      expect((await post(url(), token, forged, { 'mcp-session-id': session })).status).toBe(202);
    for (const wrong of [id + 1, String(id), -1])
      expect((await post(url(), ada, { ...forged, id: wrong }, { 'mcp-session-id': mine })).status).toBe(202);
    const own = { jsonrpc: '2.0', id, result: { roots: [{ uri: 'file:///own' }] } };
    await post(url(), ada, own, { 'mcp-session-id': mine });
    const answer = await read('"result"');
    expect(answer).toContain('file:///own');
    expect(answer).not.toContain('forged');
  });

  test('is refused where it was not asked for rightly', async () => {
    expect((await fetch(url(), { headers: { accept: 'text/event-stream' } })).status).toBe(401);
    expect((await listen(ada, await open(ada), { accept: 'application/json' })).status).toBe(406);
    expect((await listen(ada, await open(ada), { 'mcp-protocol-version': '2026-07-28' })).status).toBe(405);
    for (const id of ['nonsense', '9-1', '0-0-0'])
      expect((await listen(ada, await open(ada), { 'last-event-id': id })).status).toBe(400);
  });
});

test('a host that never reads holds up nothing: its call ends, and the gateway server goes on', { timeout: 60_000 }, async () => {
  const session = await open(ada);
  const body = JSON.stringify(callOf(1, 'progress', { count: 30_000 }, { progressToken: 'x'.repeat(200) }));
  const socket = connect(deployment.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.pause();
  const head = Object.entries({ ...headersOf(ada, session), host: new URL(url()).host, 'content-length': String(body.length) });
  socket.write(
    `POST ${new URL(url()).pathname} HTTP/1.1\r\n${head.map(([key, value]) => `${key}: ${value}\r\n`).join('')}\r\n${body}`,
  );
  await until(
    'the call to be over',
    async () =>
      (await deployment.records(20)).some(({ method, requestBytes }) => method === 'tools/call' && requestBytes === body.length),
    45_000,
  );
  socket.destroy();
  expect((await post(url(), ada, callOf(2, 'heard'), { 'mcp-session-id': session })).body.result).toBeDefined();
});

test('the stream of 2024-11-05 is of no use to anybody else, and ends with its connection', async () => {
  proves('protocol.old-stream-owner', {
    file: 'gateway/http/old-stream.ts',
    find: 'if (stream?.owner !== ownerOf(caller, target))',
    replace: 'if (!stream)',
  });
  const leave = new AbortController();
  const old = url().replace(/mcp$/, 'sse');
  const response = await fetch(old, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${ada}` },
    signal: leave.signal,
  });
  const read = reading(response);
  const where = /data: (.+)/.exec(await read('endpoint'))?.[1] ?? '';
  const endpoint = new URL(where, old).href;
  const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
  const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params };
  expect(codeOf(await post(endpoint, grace, initialize))).toBe('SESSION_UNKNOWN');
  expect(codeOf(await post(old, ada, initialize))).toBe('SESSION_REQUIRED');
  expect((await post(endpoint, undefined, initialize)).status).toBe(401);
  expect((await post(endpoint, ada, initialize)).status).toBe(202);
  expect(eventsOf(await read('"result"'))).toMatchObject([{ id: 1, result: { protocolVersion: '2024-11-05' } }]);
  leave.abort();
  await until('the session to be over', async () => codeOf(await post(endpoint, ada, initialize)) === 'SESSION_UNKNOWN');
});

describe('a batch', () => {
  test('of a 2025-03-26 host is answered as one array, each call with its own record', async () => {
    proves('protocol.batch', {
      file: 'gateway/http/mcp.ts',
      find: 'session?.version === batchVersion',
      replace: 'session?.version === undefined',
    });
    const session = await open(ada, '2025-03-26');
    const batch = [
      callOf(1, 'heard'),
      { jsonrpc: '2.0', method: 'notifications/roots/list_changed' },
      { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'nobody-provisioned' } },
      callOf(3, 'progress', { count: 1 }),
      { jsonrpc: '2.0', id: 4, method: 'initialize', params: {} },
      { jsonrpc: '2.0', id: 5, method: 'ping', params: 1 },
    ];
    const response = await begin(ada, session, batch);
    expect(await response.json()).toMatchObject([
      { id: 1, result: {} },
      { id: 2 },
      { id: 3, result: {} },
      { id: 4, error: { code: -32600 } },
      { id: 5, error: { code: -32600 } },
    ]);
    const records = await deployment.records(10);
    expect(records.filter(({ method }) => method === 'tools/call').length).toBeGreaterThanOrEqual(3);
    expect((await begin(ada, session, [{ jsonrpc: '2.0', method: 'notifications/initialized' }])).status).toBe(202);
    for (const refused of [[], Array.from({ length: 51 }, (_, id) => callOf(id, 'heard'))])
      expect((await begin(ada, session, refused)).status).toBe(400);
  });

  test('streams where a call of it does, and ends with all answers', async () => {
    const session = await open(ada, '2025-03-26');
    const batch = [callOf(1, 'progress', { count: 2 }, { progressToken: 'a' }), callOf(2, 'heard')];
    const events = eventsOf(await (await begin(ada, session, batch)).text());
    expect(events.filter((event) => JSON.stringify(event).includes('notifications/progress'))).toHaveLength(2);
    expect(events.slice(-2)).toMatchObject([{ id: 1 }, { id: 2 }]);
  });

  test('of any other revision is refused', async () => {
    const session = await open(ada);
    expect((await begin(ada, session, [callOf(1, 'heard')])).status).toBe(400);
  });
});

test('a question that its server takes back is taken back at the host', async ({ onTestFinished }) => {
  const client = new Client({ name: 'old-host', version: '1' }, { capabilities: { elicitation: {} } });
  const [asked, cancelled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  client.setRequestHandler(ElicitRequestSchema, (_, { signal }) => {
    signal.addEventListener('abort', () => cancelled.resolve());
    asked.resolve();
    return new Promise(() => undefined);
  });
  const requestInit = { headers: { authorization: `Bearer ${ada}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url()), { requestInit }) as Parameters<Client['connect']>[0]);
  onTestFinished(() => client.close());
  const params = { message: 'Well?', requestedSchema: { type: 'object', properties: {} } };
  const asking = client.callTool({ name: 'ask', arguments: { method: 'elicitation/create', params, id: 'taken-back' } });
  asking.catch(() => undefined);
  // Two calls of one host may overtake each other: nothing can be taken back before it was asked.
  await asked.promise;
  await client.callTool({
    name: 'notify',
    arguments: { method: 'notifications/cancelled', params: { requestId: 'taken-back' } },
  });
  await cancelled.promise;
});

test("a call's time stands still while its host thinks", async ({ onTestFinished }) => {
  proves('protocol.person-has-time', {
    file: 'gateway/upstream/pending.ts',
    find: 'this.#pauses++;\n    this.#dueAt = Infinity;',
    replace: 'this.#pauses++;',
  });
  const client = new Client({ name: 'old-host', version: '1' }, { capabilities: { elicitation: {} } });
  // Longer than the server has for a call.
  client.setRequestHandler(ElicitRequestSchema, () => setTimeout(3000, { action: 'decline' as const }));
  const requestInit = { headers: { authorization: `Bearer ${ada}` } };
  const transport = new StreamableHTTPClientTransport(new URL(url('brief')), { requestInit });
  await client.connect(transport as Parameters<Client['connect']>[0]);
  onTestFinished(() => client.close());
  // Its start counts as well, and is not what this is about.
  await until('the server to have started', () => client.callTool({ name: 'heard', arguments: {} }).catch(() => false as const));
  const params = { message: 'Well?', requestedSchema: { type: 'object', properties: {} } };
  const answered = await client.callTool({ name: 'ask', arguments: { method: 'elicitation/create', params } });
  expect(JSON.stringify(answered)).toContain('decline');
});
