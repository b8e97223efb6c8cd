// Requests that two readers could take for two different ones, as bytes on a socket: each is refused, and nothing behind it is taken for a request.
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { proves } from '../../requirement.ts';
import { openDoor } from './door.ts';

const host = 'Host: mcp.example.org';
const inner = 'POST /g/other/mcp HTTP/1.1\r\nHost: mcp.example.org\r\nContent-Length: 0\r\n\r\n';

/** Everything that comes back on one connection for these bytes, until the far end closes it or says nothing more for a while. */
async function answersTo(port: number, bytes: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  let text = '';
  socket.on('error', () => undefined).on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.setTimeout(3000, () => socket.destroy());
  socket.write(bytes, 'latin1');
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));

const heads: readonly (readonly [string, readonly string[]])[] = [
  ['two lengths', [host, 'Content-Length: 0', `Content-Length: ${inner.length}`]],
  ['two lengths in one', [host, `Content-Length: 0, ${inner.length}`]],
  ['a length and chunks', [host, `Content-Length: ${inner.length}`, 'Transfer-Encoding: chunked']],
  ['chunks and a length', [host, 'Transfer-Encoding: chunked', 'Content-Length: 4']],
  ['chunks that are none', [host, 'Transfer-Encoding: xchunked']],
  ['chunks and something behind', [host, 'Transfer-Encoding: chunked, identity']],
  ['a space before the colon', [host, 'Transfer-Encoding : chunked']],
  ['a length with a sign', [host, 'Content-Length: +4']],
  ['a length below nothing', [host, 'Content-Length: -1']],
  ['a folded line', [host, 'X-A: 1', ' Transfer-Encoding: chunked', 'Content-Length: 0']],
  ['a folded line first', [' X-A: 1', host, 'Content-Length: 0']],
  ['a null byte', [host, 'X-A: a\0b', 'Content-Length: 0']],
  ['a carriage return alone', [host, 'X-A: a\rTransfer-Encoding: chunked', 'Content-Length: 0']],
  ['a line feed alone', [host, 'X-A: a\nTransfer-Encoding: chunked', 'Content-Length: 4']],
  ['no name', [host, ': value', 'Content-Length: 0']],
];

test.each(heads)('with %s is refused, and what follows is no request', async (_, lines) => {
  proves('edge.one-request', {
    file: 'gateway/http/server.ts',
    find: 'insecureHTTPParser: false,',
    replace: 'insecureHTTPParser: true,',
  });
  let arrived = 0;
  const door = await openDoor({
    mcp: (request, response) => {
      request.resume().on('end', () => {
        arrived++;
        response.end('arrived');
      });
    },
  });
  const text = await answersTo(door.port, `POST /g/main/mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n0\r\n\r\n${inner}`);
  expect([statuses(text), arrived]).toEqual([[400], 0]);
});

test.each([
  ['Host', 'mcp.example.org', 'evil.example'],
  ['Authorization', 'Bearer one', 'Bearer two'],
  ['Content-Type', 'application/json', 'text/plain'],
  ['Origin', 'https://mcp.example.org', 'https://evil.example'],
  ['Mcp-Session-Id', 'one', 'two'],
  ['Mcp-Name', 'read', 'delete'],
  ['MCP-Protocol-Version', '2026-07-28', '2025-11-25'],
])('two of %s are one too many, in either order and whatever their case', async (name, first, second) => {
  proves('edge.one-header', {
    file: 'gateway/http/doubled.ts',
    find: 'bits.get(name) ?? bits.get(name.toLowerCase()) ?? 0;',
    replace: 'bits.get(name) ?? 0;',
  });
  const door = await openDoor();
  const others = name === 'Host' ? [] : [host];
  for (const [one, two] of [
    [first, second],
    [second, first],
    [first, first],
  ]) {
    const answer = await door.ask([
      'POST /g/main/mcp HTTP/1.1',
      ...others,
      'Content-Length: 0',
      `${name}: ${one}`,
      `${name.toUpperCase()}: ${two}`,
    ]);
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([400, 'INVALID_REQUEST']);
  }
});

test('a short body that nobody read leaves its connection to the next request, a long one does not', async () => {
  const door = await openDoor({ mcp: (_, response) => void response.end('refused') });
  const next = `GET /healthz HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`;
  const posted = (length: number) => `POST /g/main/mcp HTTP/1.1\r\n${host}\r\nContent-Length: ${length}\r\n\r\n`;
  expect(statuses(await answersTo(door.port, `${posted(100)}${'x'.repeat(100)}${next}`))).toEqual([200, 200]);
  expect(statuses(await answersTo(door.port, `${posted(1e9)}${'x'.repeat(100)}`))).toEqual([200]);
});

test('behind the end of a request the next one begins, and nowhere else', async () => {
  const door = await openDoor();
  const one = `POST /g/main/mcp HTTP/1.1\r\n${host}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`;
  const text = await answersTo(door.port, `${one}GET /healthz HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`);
  expect(statuses(text)).toEqual([200, 200]);
  expect(text).toContain('"gateway":"main"');
  expect(text).not.toContain('"gateway":"other"');
});

/** Sends a piece every so often until the far end closes; the milliseconds until then. */
async function trickle(port: number, begin: string, piece: string, everyMs: number): Promise<{ text: string; ms: number }> {
  const began = performance.now();
  const socket = connect({ host: '127.0.0.1', port });
  let text = '';
  socket.on('error', () => undefined).on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.write(begin);
  const timer = setInterval(() => socket.write(piece), everyMs);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(timer);
  return { text, ms: performance.now() - began };
}
const timeLimits = { headersTimeout: 300, requestTimeout: 900, connectionsCheckingInterval: 50 };

test('a head that comes a line at a time is cut, and others are served meanwhile', async () => {
  proves('edge.slow-head', {
    file: 'gateway/http/server.ts',
    find: 'const options = { ...limits, ...deps.timeLimits };',
    replace: 'const options = { ...limits, ...deps.timeLimits, headersTimeout: 0, requestTimeout: 0 };',
  });
  const door = await openDoor({ timeLimits });
  const slow = Array.from({ length: 20 }, () => trickle(door.port, `POST /g/main/mcp HTTP/1.1\r\n${host}\r\n`, 'X-A: 1\r\n', 20));
  expect((await door.ask(['GET /healthz HTTP/1.1', host])).status).toBe(200);
  for (const { text, ms } of await Promise.all(slow)) {
    expect(text).not.toContain('200 OK');
    expect(ms).toBeGreaterThan(250);
    expect(ms).toBeLessThan(10_000);
  }
});

test('a body that comes a byte at a time is cut, and others are served meanwhile', async () => {
  proves('edge.slow-body', {
    file: 'gateway/http/server.ts',
    find: 'const options = { ...limits, ...deps.timeLimits };',
    replace: 'const options = { ...limits, ...deps.timeLimits, requestTimeout: 0 };',
  });
  const bodies: string[] = [];
  const door = await openDoor({
    timeLimits,
    mcp: (request, response) => {
      request.on('data', () => undefined).on('end', () => response.end('whole'));
      request.on('close', () => bodies.push(request.complete ? 'whole' : 'cut'));
    },
  });
  const begin = `POST /g/main/mcp HTTP/1.1\r\n${host}\r\nContent-Length: 100000\r\n\r\n`;
  const slow = Array.from({ length: 20 }, () => trickle(door.port, begin, 'x', 20));
  expect((await door.ask(['GET /healthz HTTP/1.1', host])).status).toBe(200);
  for (const { ms } of await Promise.all(slow)) expect(ms).toBeGreaterThan(800);
  await expect.poll(() => bodies, { timeout: 10_000 }).toEqual(Array.from({ length: 20 }, () => 'cut'));
});
