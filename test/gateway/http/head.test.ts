// Heads that come again and again on one connection: what Node makes of each of them, and nothing that was found out of another one.
import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { type HeadCheck, headOf } from '../../../gateway/http/head.ts';
import { incomingOf } from '../../../gateway/http/incoming.ts';
import { openDoor } from './door.ts';

type Pair = readonly [name: string, value: string];

/** A connection to a server that answers each request with what `look` finds. */
async function looking<T>(look: (request: IncomingMessage) => T) {
  const found: T[] = [];
  const server = createServer({ IncomingMessage: incomingOf(IncomingMessage), keepAliveTimeout: 0 }, (request, response) => {
    found.push(look(request));
    request.resume();
    response.end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const open = async (): Promise<Socket> => {
    const socket = connect(address.port, '127.0.0.1').resume();
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  return { found, open };
}
const head = (pairs: readonly Pair[]): string =>
  `POST / HTTP/1.1\r\nHost: x\r\n${pairs.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;

const names = [
  'Authorization',
  'authorization',
  'Cookie',
  'mcp-name',
  'Mcp-Method',
  'X-A',
  'x-a',
  'Accept',
  'Set-Cookie',
  'Content-Type',
];
const pair = fc.tuple(fc.constantFrom(...names), fc.constantFrom('1', '2', 'a, b', '', 'é'));
const heads = fc.array(fc.array(pair, { maxLength: 5 }), { minLength: 1, maxLength: 4 });

test('headers are what Node makes of them, whatever came before on their connection', async () => {
  const { found, open } = await looking((request) => ({
    ours: { ...request.headers },
    nodes: { ...Reflect.get(IncomingMessage.prototype, 'headers', request) },
  }));
  await fc.assert(
    fc.asyncProperty(heads, fc.array(fc.nat(3), { minLength: 2, maxLength: 12 }), async (said, order) => {
      found.length = 0;
      const socket = await open();
      socket.write(order.map((index) => head(said[index % said.length] ?? [])).join(''), 'latin1');
      await expect.poll(() => found.length, { interval: 1 }).toBe(order.length);
      socket.destroy();
      for (const { ours, nodes } of found) expect(ours).toEqual(nodes);
    }),
    { numRuns: 150 },
  );
});

test('what stands there twice is what Node makes of both', async () => {
  const { found, open } = await looking((request) => request.headers['mcp-name']);
  const socket = await open();
  const twice = (value: string): string =>
    head([
      ['Mcp-Name', '0'],
      ['Mcp-Name', value],
    ]);
  socket.write(twice('1') + twice('2'));
  await expect.poll(() => found).toEqual(['0, 1', '0, 2']);
});

test('what a head was found to be counts for another one only where no value that is read differs', async () => {
  const checked: string[] = [];
  const check: HeadCheck = ({ headers }) => void checked.push(`${headers.authorization} ${headers.accept}`);
  const { found, open } = await looking((request) => {
    const of = headOf(request);
    of.check(request, check);
    const before = of.digest;
    of.digest = request.headers.authorization;
    return [before, request.headers['mcp-name']];
  });
  const socket = await open();
  const say = (token: string, name: string, accept = 'a'): string =>
    head([
      ['Authorization', token],
      ['Accept', accept],
      ['Mcp-Name', name],
    ]);
  socket.write([say('one', '1'), say('one', '2'), say('two', '2'), say('two', '3', 'b'), say('on', '3', 'b')].join(''));
  await expect.poll(() => found).toHaveLength(5);
  expect(checked).toEqual(['one a', 'two a', 'two b', 'on b']);
  expect(found).toEqual([
    [undefined, '1'],
    ['one', '2'],
    [undefined, '2'],
    [undefined, '3'],
    [undefined, '3'],
  ]);
  const other = await open();
  other.write(say('on', '3', 'b'));
  await expect.poll(() => found.at(5)).toEqual([undefined, '3']);
});

test('what is written into the headers of one request stands in no other one', async () => {
  const { found, open } = await looking((request) => {
    const { headers } = request;
    expect(() => (headers['x-a'] = 'written')).toThrow(TypeError);
    const before = headers['x-a'];
    request.headers = { ...headers, 'x-a': 'own' };
    return [before, request.headers['x-a'], headOf(request).headersOf(request.rawHeaders)?.['x-a']];
  });
  const socket = await open();
  socket.write(head([['X-A', 'said']]).repeat(2));
  await expect
    .poll(() => found)
    .toEqual([
      ['said', 'own', 'own'],
      ['said', 'own', 'own'],
    ]);
});

test('a check that threw is done again', async () => {
  let isThrowing = true;
  const { found, open } = await looking((request) => {
    try {
      headOf(request).check(request, () => {
        if (isThrowing) throw new Error('no');
      });
      return 'passed';
    } catch {
      return 'refused';
    }
  });
  const socket = await open();
  socket.write(head([]) + head([]));
  await expect.poll(() => found).toEqual(['refused', 'refused']);
  isThrowing = false;
  socket.write(head([]));
  await expect.poll(() => found.at(2)).toBe('passed');
});

test.each([
  ['another origin', 'Origin: https://evil.example.org', 403],
  ['another host', 'Host: evil.example.org', 421],
  ['a host twice', 'Host: mcp.example.org', 400],
])('%s is refused also where the request before on its connection was right', async (_what, line, status) => {
  const { port } = await openDoor();
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  const right = 'POST /mcp HTTP/1.1\r\nHost: mcp.example.org\r\n';
  const wrong = line.startsWith('Host: evil') ? `POST /mcp HTTP/1.1\r\n${line}\r\n` : `${right}${line}\r\n`;
  socket.write(`${right}\r\n${right}\r\n${wrong}Connection: close\r\n\r\n`);
  await once(socket, 'close');
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => Number(code));
  expect(statuses).toEqual([200, 200, status]);
});
