// The front before the gateway adds a token and nothing else, so that what a suite sees through it is what the gateway says.
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { type Front, openFront } from './front.ts';

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const closer of closers.splice(0).toReversed()) await closer();
});

async function before(serve: (request: IncomingMessage, response: ServerResponse) => void): Promise<Front> {
  const server = createServer(serve);
  server.on('upgrade', (asked, socket) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${asked.headers.upgrade}\r\nConnection: Upgrade\r\n\r\n`);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const front = await openFront({ port: typeof address === 'object' ? (address?.port ?? 0) : 0 });
  front.give('token-of-ada');
  closers.push(() => void server.close(), front.close);
  return front;
}

/** What arrives behind the front: method, address, headers as they came, body. */
const echo = async (asked: IncomingMessage, response: ServerResponse) => {
  response.writeHead(202, ['X-Kept', 'as Is']);
  response.end(JSON.stringify([asked.method, asked.url, asked.rawHeaders, await text(asked)]));
};

test('it adds the token, and passes method, address, headers with their case, Host, Origin and body', async () => {
  const front = await before(echo);
  const headers = ['Host', 'evil.example.com', 'Origin', 'http://evil.example.com', 'MCP-METHOD', 'ping', 'Content-Length', '4'];
  const asked = request(`${front.origin}/g/eng/mcp?x=1`, { method: 'POST', headers, setHost: false });
  asked.end('body');
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(202);
  expect(answer.rawHeaders).toEqual(expect.arrayContaining(['X-Kept', 'as Is']));
  const [method, url, raw, body]: [string, string, string[], string] = JSON.parse(await text(answer));
  expect([method, url, body]).toEqual(['POST', '/g/eng/mcp?x=1', 'body']);
  expect(raw.filter((_, at) => raw[at - (at % 2)]?.toLowerCase() !== 'connection')).toEqual([
    ...headers,
    'Authorization',
    'Bearer token-of-ada',
  ]);
});

test('a token that is there stays, and what is no MCP endpoint gets none', async () => {
  const front = await before(echo);
  const own = await (await fetch(`${front.origin}/g/eng/mcp`, { headers: { authorization: 'Bearer mine' } })).text();
  expect(own).toContain('Bearer mine');
  expect(own).not.toContain('token-of-ada');
  expect(await (await fetch(`${front.origin}/enroll`)).text()).not.toContain('token-of-ada');
});

test('a stream passes as it comes, and its reader going away ends it', async () => {
  const gone = new Promise<void>((resolve) => {
    void before((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      response.on('close', resolve);
    }).then(async (front) => {
      const leaving = new AbortController();
      const reader = (await fetch(`${front.origin}/g/eng/mcp`, { signal: leaving.signal })).body?.getReader();
      expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: 1\n\n');
      leaving.abort();
    });
  });
  await gone;
});

test('an upgraded connection passes bytes both ways', async () => {
  const front = await before(() => undefined);
  const socket = connect(Number(new URL(front.origin).port), '127.0.0.1');
  socket.write('GET /tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  let seen = '';
  for await (const chunk of socket) {
    seen += String(chunk);
    if (seen.endsWith('\r\n\r\n')) socket.write('there and back');
    if (seen.endsWith('there and back')) break;
  }
  expect(seen).toMatch(/^HTTP\/1.1 101 /);
});
