// Attacks on a whole gateway server, from outside and by servers it calls: each is refused in its own time, costs no memory, and nobody else notices.
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RemoteServer, serveOld } from '../fake/remote/old.ts';
import { serveNew } from '../fake/remote/new.ts';
import { proves } from '../requirement.ts';
import { deploy, type Deployment } from './deployment.ts';
import { codeOf, modern, modernMeta, post } from './mcp.ts';

let deployment: Deployment;
let token: string;
const servers = new Map<string, RemoteServer>();
let slowHead: Promise<number>;

beforeAll(async () => {
  servers.set('old', await serveOld());
  servers.set('new', await serveNew());
  const names = ['old', 'new'];
  deployment = await deploy({
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['all'] } },
      teams: { all: { gateways: ['eng'] } },
      servers: Object.fromEntries(
        names.map((name) => [name, { kind: 'remote', url: servers.get(name)?.url, allowPrivate: ['127.0.0.1'] }]),
      ),
      gateways: { eng: { assignments: Object.fromEntries(names.map((name) => [name, { tools: 'all' }])) } },
    },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  slowHead = closedAfter('POST /mcp HTTP/1.1\r\n', 'X-A: 1\r\n');
  for (const name of names) await expectAlive(name);
}, 120_000);
afterAll(async () => {
  await deployment?.close();
  await Promise.all([...servers.values()].map((server) => server.close()));
});

const url = (server: string) => `${deployment.origin}/g/eng/s/${server}/mcp`;
const echo = (server: string, args: object = { text: 'alive' }) =>
  modern(url(server), token, 'tools/call', { name: 'echo', arguments: args });
/** After whatever happened, an ordinary call still works. */
const expectAlive = async (server = 'old') =>
  expect((await echo(server)).body.result).toMatchObject({ content: [{ text: 'alive' }] });

/** The most memory that the gateway server ever had, in MB. */
async function peakMb(): Promise<number> {
  const status = await readFile(`/proc/${deployment.gateway().pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** How long the far end keeps a connection on which a piece comes every 200 ms, in ms. */
function closedAfter(begin: string, piece: string): Promise<number> {
  const began = performance.now();
  const socket = connect({ host: '127.0.0.1', port: deployment.port });
  socket.on('error', () => undefined).resume();
  socket.write(begin);
  const timer = setInterval(() => socket.write(piece), 200);
  return new Promise((resolve) =>
    socket.once('close', () => {
      clearInterval(timer);
      resolve(performance.now() - began);
    }),
  );
}

/** Streams up to 1 GB behind this head; what came back, and how much was taken before the far end closed. */
function flood(head: readonly string[], wrap: (chunk: Buffer) => Buffer): Promise<{ text: string; sentMb: number }> {
  const socket = connect({ host: '127.0.0.1', port: deployment.port });
  const chunk = wrap(Buffer.alloc(1024 * 1024, 'x'));
  let text = '';
  let sent = 0;
  socket.on('data', (data) => (text += data.toString('latin1')));
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const more = () => {
    while (sent < 1024 && !socket.destroyed) {
      sent++;
      if (!socket.write(chunk)) return;
    }
    socket.end();
  };
  socket.on('drain', more);
  more();
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.once('close', () => resolve({ text, sentMb: sent }));
  });
}

describe('from a host', () => {
  const head = (...lines: string[]) => [
    'POST /g/eng/s/old/mcp HTTP/1.1',
    `Host: 127.0.0.1:${deployment.port}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    ...lines,
  ];

  test('a body of 1 GB is refused early, whether or not it says how long it is, and none of it is kept', async () => {
    proves('edge.large-body', {
      file: 'gateway/http/body.ts',
      find: 'if (!isRefused && size <= limitBytes) {',
      replace: 'if (size <= limitBytes * 1000) {',
    });
    const before = await peakMb();
    const chunked = (chunk: Buffer) =>
      Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]);
    for (const [lines, wrap] of [
      [[`Content-Length: ${1024 ** 3}`], (chunk: Buffer) => chunk],
      [['Transfer-Encoding: chunked'], chunked],
    ] as const) {
      const { text, sentMb } = await flood(head(...lines), wrap);
      // Who hangs up while it is still being sent to may reset the connection, and its answer with it.
      expect(text === '' || text.startsWith('HTTP/1.1 413')).toBe(true);
      expect(sentMb).toBeLessThan(256);
    }
    expect((await peakMb()) - before).toBeLessThan(150);
    await expectAlive();
  });

  test('without a token, or to where nothing is, no body is read on', async () => {
    proves('edge.refused-unread', {
      file: 'gateway/http/server.ts',
      find: 'request.complete || request.socket.destroySoon()',
      replace: 'undefined',
    });
    for (const [path, status] of [
      ['/g/eng/s/old/mcp', 401],
      ['/nothing', 404],
    ] as const) {
      const lines = [`POST ${path} HTTP/1.1`, `Host: 127.0.0.1:${deployment.port}`, `Content-Length: ${1024 ** 3}`];
      const { text, sentMb } = await flood(lines, (chunk) => chunk);
      expect(text === '' || text.startsWith(`HTTP/1.1 ${status}`)).toBe(true);
      expect(sentMb).toBeLessThan(256);
    }
  });

  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const deepObject = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const meta = JSON.stringify(modernMeta);
  test.each<[string, (value: string) => string]>([
    [
      'arguments',
      (value) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":${value},"_meta":${meta}}}`,
    ],
    [
      '_meta',
      (value) =>
        `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{},"_meta":{"x":${value},${meta.slice(1)}}}`,
    ],
    ['the envelope', (value) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","x":${value}}`],
    ['its id', (value) => `{"jsonrpc":"2.0","id":${value},"method":"tools/call"}`],
    ['nothing else', (value) => value],
    [
      'capabilities',
      (value) =>
        `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"x":${value}}}}`,
    ],
  ])('JSON a million levels deep in %s is refused, and so is a tenth of a percent of that', async (_, around) => {
    proves('edge.nested', {
      file: 'gateway/mcp/jsonrpc.ts',
      find: 'if (isDeeperThan(levelsAtMost, body))',
      replace: 'if (isDeeperThan(levelsAtMost * 1e6, body))',
    });
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' };
    const sentHeaders = around('1').includes('initialize') ? {} : headers;
    for (const value of [deep(1_000_000), deepObject(1_000_000), deep(1000)]) {
      const refused = await post(url('new'), token, around(value), sentHeaders);
      expect([refused.status, codeOf(refused)]).toEqual([400, 'INVALID_REQUEST']);
    }
    await expectAlive('new');
  });

  test('JSON as deep as anybody means goes through, to servers of both eras', async () => {
    const value: unknown = JSON.parse(deepObject(400));
    for (const server of ['old', 'new'])
      expect((await echo(server, { text: 'alive', value })).body.result).toMatchObject({ content: [{ text: 'alive' }] });
  });

  test('a body that is compressed is not decompressed', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
    const response = await fetch(url('old'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', authorization: `Bearer ${token}` },
      body: bomb,
    });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('MALFORMED')]);
  });

  test('a name that would end a header line ends none', async () => {
    const name = 'echo\r\nX-Evil: 1';
    const encoded = `=?base64?${Buffer.from(name).toString('base64')}?=`;
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {}, _meta: modernMeta } };
    const standard = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' };
    // The name is the server's to judge; that it came whole, in one header, is ours.
    expect((await post(url('new'), token, body, { ...standard, 'mcp-name': encoded })).body.error).toBeDefined();
    for (const wrong of [
      'echo',
      encoded.replace('=?base64?', '=?BASE64?'),
      `${encoded} `.replace('?= ', '=?= '),
      '=?base64?ZWNobw?=',
    ])
      expect((await post(url('new'), token, body, { ...standard, 'mcp-name': wrong })).body.error?.code).toBe(-32020);
    await expectAlive('new');
  });

  test('a head that never ends is cut in its time', { timeout: 60_000 }, async () => {
    const ms = await slowHead;
    expect(ms).toBeGreaterThan(10_000);
    expect(ms).toBeLessThan(45_000);
  });
});
