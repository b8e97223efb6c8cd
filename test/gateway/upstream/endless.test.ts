// Servers that never end: each call ends in its own time or at its limit, the connection with it, and the next call works.
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { listen, type Seen } from '../../fake/remote/listen.ts';
import { proves } from '../../requirement.ts';
import { allowed, asJson, call, said, upstreamFor } from './remote-fixture.ts';

/** Made beforehand: it takes longer than a call may. */
const bomb = gzipSync(Buffer.alloc(16 * 1024 * 1024, ' '));

type Flood = (response: ServerResponse, id: number) => void;

/** A modern server whose tools/call is the test's own; whether the connection of each was ended. */
async function endless(flood: Flood) {
  const closed: boolean[] = [];
  let sentBytes = 0;
  let isFirst = true;
  const server = await listen((seen: Seen, response) => {
    const { id = 0, method } = said(seen);
    if (method === 'server/discover')
      return asJson(response, { id, result: { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } } });
    if (!isFirst) return asJson(response, { id, result: { content: [] } });
    isFirst = false;
    const { socket } = response;
    response.on('close', () => {
      closed.push(!response.writableFinished);
      sentBytes = socket?.bytesWritten ?? 0;
    });
    flood(response, id);
  });
  return { server, closed, sentBytes: () => sentBytes };
}
/** Writes as fast as it is read. */
function pour(response: ServerResponse, piece: string | Buffer): void {
  const more = () => {
    while (!response.destroyed && response.write(piece));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}
const asStream = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });
const progress = (id: number) =>
  `data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${id},"progress":1}}\n\n`;

const floods: readonly (readonly [string, Flood, string])[] = [
  [
    'comments',
    (response) => {
      asStream(response);
      const timer = setInterval(() => response.write(': still here\n\n'), 20);
      response.on('close', () => clearInterval(timer));
    },
    'SERVER_TIMEOUT',
  ],
  [
    'log messages',
    (response) => pour(asStream(response), 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n'),
    'ANSWER_TOO_LARGE',
  ],
  ['reports of progress', (response, id) => pour(asStream(response), progress(id)), 'ANSWER_TOO_LARGE'],
  ['one line', (response) => pour(asStream(response), 'data: xxxxxxxxxxxxxxxx'.repeat(100)), 'ANSWER_TOO_LARGE'],
  [
    'an answer in JSON',
    (response) => pour(response.writeHead(200, { 'content-type': 'application/json' }), `{"text":"${'x'.repeat(10_000)}`),
    'ANSWER_TOO_LARGE',
  ],
  [
    'a page',
    (response) => pour(response.writeHead(200, { 'content-type': 'text/html' }), '<p>'.repeat(1000)),
    'ANSWER_TOO_LARGE',
  ],
  [
    'headers that say that the rest will follow',
    (response) => {
      const timer = setInterval(() => response.writeEarlyHints({ link: '</a>; rel=preload' }), 20);
      response.on('close', () => clearInterval(timer));
    },
    'SERVER_TIMEOUT',
  ],
  [
    'a small answer that becomes a large one',
    (response) => response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb),
    'SERVER_GARBAGE',
  ],
];

test.each(floods)('a server that sends %s without an end ends its own call only', async (_, flood, code) => {
  proves('remote.endless', {
    file: 'gateway/upstream/exchange.ts',
    find: 'limitBytes: isEndless ? Number.POSITIVE_INFINITY : limitBytes * streamFactor,',
    replace: 'limitBytes: Number.POSITIVE_INFINITY,',
  });
  const { server, closed, sentBytes } = await endless(flood);
  const upstream = upstreamFor();
  const body = {
    jsonrpc: '2.0',
    id: 'h1',
    method: 'tools/call',
    params: { name: 'echo', _meta: { progressToken: 'mine' } },
  };
  const timeoutMs = code === 'SERVER_TIMEOUT' ? 1000 : 15_000;
  await expect(call(upstream, allowed(server, { timeoutMs, body }))).rejects.toMatchObject({ code });
  await call(upstream, allowed(server));
  if (code === 'SERVER_GARBAGE') return;
  await expect.poll(() => closed, { timeout: 10_000 }).toEqual([true]);
  // What nobody read lay in the buffers between the two.
  expect(sentBytes()).toBeLessThan(32 * 1024 * 1024);
});
