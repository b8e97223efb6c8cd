// Remote servers that answer as no good server would, and those that answer as only some do: each scripted, over real connections.
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { AllowedCall, AllowedListing } from '../../../gateway/call.ts';
import { features } from '../../../gateway/mcp/feature.ts';
import type { Trace } from '../../../gateway/upstream/upstream.ts';
import { type Heard, listen, type Seen } from '../../fake/remote/listen.ts';
import { proves } from '../../requirement.ts';
import { allowed, asJson, call, said, upstreamFor } from './remote-fixture.ts';

/** A server of 2025-11-25 that does what every one does, and the test's own for tools/call. */
function legacy(onCall: (id: number, response: ServerResponse, seen: Seen) => void, version = '2025-11-25'): Promise<Heard> {
  return listen((seen, response) => {
    const { id, method } = said(seen);
    if (seen.method === 'DELETE') return response.writeHead(405).end();
    if (method === 'initialize')
      return asJson(
        response,
        { id, result: { protocolVersion: version, capabilities: {}, serverInfo: { name: 'a', version: '1' } } },
        200,
        {
          'mcp-session-id': 's-1',
        },
      );
    if (method === 'tools/call' || seen.method === 'GET') return onCall(id ?? 0, response, seen);
    if (id === undefined) return response.writeHead(202).end();
    return asJson(response, { id, error: { code: -32601, message: 'no' } }, 400);
  });
}
const calls = (server: Heard) => server.seen.filter((seen) => said(seen).method === 'tools/call');

test('a legacy server gets one session, its version and what the host wrote, and nothing of the host’s own', async () => {
  const server = await legacy((id, response) => asJson(response, { id, result: { content: [] } }));
  const upstream = upstreamFor();
  const auth = { identity: 'own', header: 'Authorization', isBearer: true, scheme: 'header' } as const;
  for (let i = 0; i < 3; i++) await call(upstream, allowed(server, { auth }));
  expect(server.seen.map((seen) => said(seen).method)).toEqual([
    'server/discover',
    'initialize',
    'notifications/initialized',
    'tools/call',
    'tools/call',
    'tools/call',
  ]);
  const last = server.seen.at(-1);
  expect(last?.headers).toMatchObject({
    'mcp-session-id': 's-1',
    'mcp-protocol-version': '2025-11-25',
    authorization: 'Bearer precious',
    accept: 'application/json, text/event-stream',
  });
  expect(last?.body).toContain('"_meta":{"traceparent":"00-a-b-01"}');
  expect(server.seen.every(({ headers }) => headers.authorization === 'Bearer precious')).toBe(true);
});

test.each(['2025-06-18', '2025-03-26', '2024-11-05'])('a server that agrees on %s is spoken to so', async (version) => {
  const server = await legacy((id, response) => asJson(response, { id, result: {} }), version);
  await call(upstreamFor(), allowed(server));
  expect(server.seen.at(-1)?.headers['mcp-protocol-version']).toBe(version);
});

test('a server that speaks no revision that is known is named with what it speaks', async () => {
  const server = await legacy(() => undefined, '2019-01-01');
  await expect(call(upstreamFor(), allowed(server))).rejects.toMatchObject({
    code: 'UPSTREAM_VERSION',
    fields: { server: 'tracker', versions: '2019-01-01' },
  });
  const later = await listen((seen, response) =>
    asJson(response, { id: said(seen).id, error: { code: -32022, message: 'no', data: { supported: ['2027-01-01'] } } }, 400),
  );
  await expect(call(upstreamFor(), allowed(later))).rejects.toMatchObject({
    code: 'UPSTREAM_VERSION',
    fields: { versions: '2027-01-01' },
  });
});

test('a server that refuses the revision that it serves is asked for it once more, and its lists and the host’s abilities are not lost', async () => {
  proves('remote.asked-again', {
    file: 'gateway/upstream/remote-session.ts',
    find: "if (era === 'modern' && isRefusedFor(reply, versionUnsupported)) {",
    replace: 'if (era === undefined) {',
  });
  let refused = 0;
  const server = await listen((seen, response) => {
    const { id, method } = said(seen);
    const data = { supported: ['2026-07-28'], requested: '2026-07-28' };
    if (refused++ === 0) return asJson(response, { id, error: { code: -32022, message: 'no', data } }, 400);
    if (method === 'server/discover')
      return asJson(response, {
        id,
        result: { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, instructions: 'Hello' },
      });
    asJson(response, { id, result: { resultType: 'complete', tools: [{ name: 'echo', inputSchema: { type: 'object' } }] } });
  });
  const upstream = upstreamFor();
  const abilities = { roots: true, sampling: false, samplingTools: false, form: false, url: false, declared: '{"roots":{}}' };
  const listing = { ...allowed(server), audience: { abilities, tell: () => undefined } } as unknown as AllowedListing;
  expect(await upstream.list(listing, features.tools, {}, new AbortController().signal)).toMatchObject([{ name: 'echo' }]);
  expect(upstream.about(listing)?.instructions).toBe('Hello');
  expect(server.seen.map(said).map(({ method }) => method)).toEqual(['server/discover', 'server/discover', 'tools/list']);
  for (const seen of server.seen) expect(seen.body).toContain('"io.modelcontextprotocol/clientCapabilities":{"roots":{}}');
});

test('a modern server gets the headers that mirror the body, and no session', async () => {
  const server = await listen((seen, response) => {
    const { id, method } = said(seen);
    asJson(response, {
      id,
      result: method === 'server/discover' ? { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } } : { content: [] },
    });
  });
  const upstream = upstreamFor();
  await call(upstream, allowed(server));
  await call(upstream, { ...allowed(server), item: { kind: 'tools', name: 'für alle' } } as AllowedCall);
  const [, first, second] = server.seen;
  expect(first?.headers).toMatchObject({ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' });
  expect(first?.headers['mcp-session-id']).toBeUndefined();
  expect(first?.body).toContain('"traceparent":"00-a-b-01"');
  expect(second?.headers['mcp-name']).toBe(`=?base64?${Buffer.from('für alle').toString('base64')}?=`);
  expect(server.seen).toHaveLength(3);
});

test('a modern server gets the parameters in headers that its tool wants there, and is asked what those are where it says so', async () => {
  proves('remote.params-mirrored', {
    file: 'gateway/upstream/remote.ts',
    find: 'return mirrored.headersFor(placeOf(allowed, remote), allowed.item.name,',
    replace: "return mirrored.headersFor('', allowed.item.name,",
  });
  const region = { type: 'string', 'x-mcp-header': 'Region' };
  const inputSchema = {
    type: 'object',
    properties: { region, rows: { type: 'integer', 'x-mcp-header': 'Rows' }, query: { type: 'string' } },
  };
  const odd = { type: 'object', properties: { list: { type: 'array', items: region } } };
  const server = await listen((seen, response) => {
    const { id, method } = said(seen);
    if (method === 'server/discover')
      return asJson(response, { id, result: { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } } });
    if (method === 'tools/list')
      return asJson(response, {
        id,
        result: {
          tools: [
            { name: 'echo', inputSchema },
            { name: 'odd', inputSchema: odd },
          ],
        },
      });
    const { 'mcp-param-region': shown, 'mcp-param-rows': rows } = seen.headers;
    if (shown === '=?base64?WsO8cmljaA==?=' && rows === '7') return asJson(response, { id, result: { content: [] } });
    asJson(response, { id, error: { code: -32020, message: 'Header mismatch' } }, 400);
  });
  const upstream = upstreamFor();
  const params = { name: 'echo', arguments: { region: 'Zürich', rows: 7, query: 'secret' } };
  const of = allowed(server, { body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params } });
  for (let i = 0; i < 2; i++) expect((await call(upstream, of)).message.result).toBeDefined();
  expect(server.seen.map((seen) => said(seen).method)).toEqual([
    'server/discover',
    'tools/call',
    'tools/list',
    'tools/call',
    'tools/call',
  ]);
  const listed = await upstream.list(of, features.tools, {}, new AbortController().signal);
  expect(listed.map(({ name }) => name)).toEqual(['echo']);
  // Where nothing better is known it is the server's answer.
  const wrong = allowed(server, {
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: {} } },
  });
  expect((await call(upstream, wrong)).message.value).toMatchObject({ code: -32020 });
});

test.each([401, 403])('a server that answers %d has refused the identity, and which one is said', async (status) => {
  const server = await listen((_, response) => response.writeHead(status, { 'www-authenticate': 'Bearer' }).end('no'));
  const auth = { identity: 'own', header: 'X-Api-Key', isBearer: false, scheme: 'header' } as const;
  const trace: Trace = {};
  const answered = call(upstreamFor(), allowed(server, { auth }), trace);
  await expect(answered).rejects.toMatchObject({ code: 'IDENTITY_REFUSED', fields: { server: 'tracker', status } });
  await expect(answered).rejects.toThrow(/identity of "ada".*--user ada/);
  await expect(answered).rejects.not.toThrow(/precious/);
  expect(server.seen).toHaveLength(1);
  expect(server.seen[0]?.headers['x-api-key']).toBe('precious');
  expect(trace).toMatchObject({ identity: { kind: 'own', id: 'one' } });
});

test('a call whose connection ends in the middle is sent once, and may have run', async () => {
  proves('remote.sent-once', {
    file: 'gateway/upstream/remote-request.ts',
    find: 'if (!asked.isResumable || lastId === undefined || !isUseful || ++tries > resumeAtMost) return fail(fault);',
    replace: 'if (!isUseful || ++tries > resumeAtMost) return fail(fault);',
  });
  const server = await legacy((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': begun\n\n');
    response.socket?.destroy();
  });
  const trace: Trace = {};
  await expect(call(upstreamFor(), allowed(server), trace)).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
  expect(calls(server)).toHaveLength(1);
  expect(trace.forwardedAt).toBeDefined();
});

test.each([500, 502, 503])('a call that is answered with %d is sent once', async (status) => {
  const server = await legacy((_, response) => response.writeHead(status).end('oops'));
  await expect(call(upstreamFor(), allowed(server))).rejects.toMatchObject({ code: 'UPSTREAM_FAILED', fields: { status } });
  expect(calls(server)).toHaveLength(1);
});

test('a stream that broke off is asked for again from where it was, and the call is not', async () => {
  proves('remote.stream-goes-on', {
    file: 'gateway/upstream/remote-request.ts',
    find: "'last-event-id': resumeFrom }",
    replace: "'last-event-id': 'e-0' }",
  });
  let asked = 0;
  const server = await legacy((id, response, { method, headers }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (method === 'POST')
      return response.end('id: e-1\nretry: 10\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n');
    asked++;
    if (headers['last-event-id'] !== 'e-1') return response.end();
    if (asked === 1) return response.end('retry: 10\n\n');
    response.end(`id: e-2\ndata: {"jsonrpc":"2.0","id":${said(calls(server)[0] as Seen).id ?? id},"result":{"content":[]}}\n\n`);
  });
  const answer = await call(upstreamFor(), allowed(server));
  expect(answer.message.result).toBeDefined();
  expect(calls(server)).toHaveLength(1);
  expect(asked).toBe(2);
  expect(server.seen.at(-1)).toMatchObject({ method: 'GET', headers: { 'last-event-id': 'e-1', 'mcp-session-id': 's-1' } });
});

test('a stream that can not be gone on with has an end', async () => {
  const server = await legacy((_, response, { method }) => {
    if (method === 'GET') return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end('id: e-1\nretry: 1\ndata:\n\n');
  });
  await expect(call(upstreamFor(), allowed(server))).rejects.toMatchObject({ code: 'UPSTREAM_LOST' });
  expect(calls(server)).toHaveLength(1);
});

test('a server’s ping on the stream is answered, everything else it asks is refused, and neither holds up the call', async () => {
  const ask = (id: number, method: string) => `data: ${JSON.stringify({ jsonrpc: '2.0', id, method })}\n\n`;
  const server = await legacy((id, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(ask(1, 'ping') + ask(2, 'sampling/createMessage'));
    const timer = setInterval(() => {
      if (server.seen.filter(({ body }) => body.includes('"result":{}') || body.includes('-32601')).length < 2) return;
      clearInterval(timer);
      response.end(`data: {"jsonrpc":"2.0","id":${id},"result":{"content":[]}}\n\n`);
    }, 5);
  });
  await call(upstreamFor(), allowed(server));
  const answers = server.seen.map(said).filter(({ method, id }) => method === undefined && id !== undefined);
  // Each goes by itself.
  expect(answers.toSorted((a, b) => Number(a.id) - Number(b.id))).toEqual([
    { jsonrpc: '2.0', id: 1, result: {} },
    {
      jsonrpc: '2.0',
      id: 2,
      error: expect.objectContaining({ code: -32601, message: expect.stringContaining('sampling/createMessage') }),
    },
  ]);
});

const odd: readonly (readonly [string, (id: number, response: ServerResponse) => void, string])[] = [
  ['HTML', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'), 'SERVER_GARBAGE'],
  [
    'half a JSON text',
    (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc'),
    'SERVER_GARBAGE',
  ],
  ['an answer to another request', (_, response) => void asJson(response, { id: 4711, result: {} }), 'SERVER_GARBAGE'],
  ['nothing at all', (_, response) => response.writeHead(202).end(), 'UPSTREAM_FAILED'],
  [
    'a key twice',
    (id, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(`{"jsonrpc":"2.0","id":${id},"result":{},"Result":{}}`),
    'SERVER_GARBAGE',
  ],
  [
    'an answer that is nested too deep',
    (id, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(`{"jsonrpc":"2.0","id":${id},"result":${'['.repeat(30_000)}${']'.repeat(30_000)}}`),
    'SERVER_GARBAGE',
  ],
  [
    'a compressed answer',
    (id, response) => void asJson(response, { id, result: {} }, 200, { 'content-encoding': 'gzip' }),
    'SERVER_GARBAGE',
  ],
  [
    'an answer that is too large',
    (id, response) => void asJson(response, { id, result: { text: 'x'.repeat(70_000) } }),
    'ANSWER_TOO_LARGE',
  ],
  [
    'an event that is too large',
    (id, response) =>
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(`data: {"jsonrpc":"2.0","id":${id},"result":{"text":"${'x'.repeat(70_000)}"}}\n\n`),
    'ANSWER_TOO_LARGE',
  ],
  ['too many requests', (_, response) => response.writeHead(429).end(), 'UPSTREAM_BUSY'],
  [
    'a redirect to another origin',
    (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end(),
    'EGRESS_FORBIDDEN',
  ],
];
test.each(odd)('%s fails its call, and the next one works', async (_, answer, code) => {
  let isFirst = true;
  const server = await legacy((id, response) => {
    if (!isFirst) return asJson(response, { id, result: {} });
    isFirst = false;
    answer(id, response);
  });
  const upstream = upstreamFor();
  await expect(call(upstream, allowed(server))).rejects.toMatchObject({ code });
  await call(upstream, allowed(server));
  expect(calls(server)).toHaveLength(2);
});

test.each([
  ['seconds', '7', { seconds: 7, when: 'in 7 s' }],
  ['a date', () => new Date(Date.now() + 90_000).toUTCString(), { seconds: expect.toSatisfy((s) => s > 80 && s <= 90) }],
  ['a date that is over', 'Wed, 21 Oct 2015 07:28:00 GMT', { seconds: 1 }],
  ['no time at all', '0', { seconds: 1 }],
  ['more than a day', '999999', { seconds: 86_400 }],
  ['a year that far off', 'Wed, 21 Oct 2999 07:28:00 GMT', { seconds: 86_400 }],
  ['a word', 'soon', { when: 'in a moment' }],
  ['a number that is none', '-5', { when: 'in a moment' }],
  ['more digits than a wait has', '1'.repeat(400), { when: 'in a moment' }],
])('a server that asks to wait is believed for a day at most: %s', async (_, given, fields) => {
  const retryAfter = typeof given === 'string' ? given : given();
  const server = await legacy((_, response) => response.writeHead(429, { 'retry-after': retryAfter }).end());
  await expect(call(upstreamFor(), allowed(server))).rejects.toMatchObject({ code: 'UPSTREAM_BUSY', fields });
});

test('an error that the server answers with is its answer, whatever the status', async () => {
  const server = await legacy((id, response) => asJson(response, { id, error: { code: -32602, message: 'no such tool' } }, 400));
  expect((await call(upstreamFor(), allowed(server))).message.value).toMatchObject({ code: -32602 });
});

test.each([
  ['a result that is null', { result: null }, '"result" of its answer is not an object'],
  ['a result that is a list', { result: [{}] }, '"result" of its answer is not an object'],
  ['an error that is a text', { error: 'boom' }, '"error" of its answer is not an object'],
])('%s is no answer, and no host gets it', async (_, answer, reason) => {
  const server = await legacy((id, response) => asJson(response, { id, ...answer }));
  await expect(call(upstreamFor(), allowed(server))).rejects.toMatchObject({ code: 'SERVER_GARBAGE', fields: { reason } });
});

test.each([
  ['{"jsonrpc":"2.0","id":', 'it is not JSON in UTF-8'],
  ['[]', 'it is a batch'],
])('what is wrong with an answer is said of the answer: %s', async (text, reason) => {
  const server = await legacy((__, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(text));
  await expect(call(upstreamFor(), allowed(server))).rejects.toMatchObject({ code: 'SERVER_GARBAGE', fields: { reason } });
});

test('a server that never answers costs a call its own time only', async () => {
  const server = await legacy((id, response) => id % 2 === 0 || asJson(response, { id, result: {} }));
  const upstream = upstreamFor();
  const outcomes = await Promise.allSettled([0, 1, 2, 3].map(() => call(upstream, allowed(server, { timeoutMs: 2500 }))));
  const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason.code) : 'answered'));
  expect(codes.toSorted()).toEqual(['SERVER_TIMEOUT', 'SERVER_TIMEOUT', 'answered', 'answered']);
  const told = () => server.seen.filter((seen) => said(seen).method === 'notifications/cancelled');
  await expect.poll(told).toHaveLength(2);
});
