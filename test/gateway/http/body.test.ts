// A request's body from a socket that says what a test makes it say: whole, or not at all. From Node's own requests, and from those of our server.
import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { asFault } from '#contract/error.ts';
import { readBody } from '../../../gateway/http/body.ts';
import { incomingOf } from '../../../gateway/http/incoming.ts';

const limitBytes = 1000;
const post = (header: string, body: string): string => `POST / HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n${body}`;

describe.each([
  ["Node's", IncomingMessage],
  ['ours', incomingOf(IncomingMessage)],
])('of a request of %s', (_whose, kind) => {
  /** What becomes of each request, in the order in which they were read, and a socket to a server that reads them so. */
  async function reading(read: (request: IncomingMessage) => Promise<Buffer> = (request) => readBody(request, limitBytes)) {
    const heard: string[] = [];
    const server = createServer({ IncomingMessage: kind }, (request, response) => {
      read(request).then(
        (body) => {
          heard.push(body.toString());
          response.end();
        },
        (error: unknown) => {
          heard.push(asFault(error, '').code);
          response.destroy();
        },
      );
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const socket: Socket = connect(address.port, '127.0.0.1').resume();
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return { heard, socket };
  }

  test('is whole once all of its bytes are there, also where others follow at once', async () => {
    const { heard, socket } = await reading();
    socket.write(post('Content-Length: 5', 'he'));
    socket.write(`llo${post('Content-Length: 0', '')}${post('Transfer-Encoding: chunked', '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')}`);
    socket.write(`${post('Content-Length: 3', 'abc')}${post(`Content-Length: ${limitBytes}`, 'x'.repeat(limitBytes))}`);
    socket.write(post(`Content-Length: ${limitBytes + 1}`, 'x'.repeat(limitBytes + 1)));
    await expect.poll(() => heard).toHaveLength(6);
    expect(heard.toSorted()).toEqual(['', 'MESSAGE_TOO_LARGE', 'abc', 'abcde', 'hello', 'x'.repeat(limitBytes)]);
  });

  test('is whole where it comes a byte at a time, one request after the other', async () => {
    const { heard, socket } = await reading();
    socket.setNoDelay();
    for (const byte of post('Content-Length: 5', 'hello') + post('Content-Length: 2', 'ab')) {
      socket.write(byte);
      await turn();
    }
    await expect.poll(() => heard).toEqual(['hello', 'ab']);
  });

  test('is whole where nobody read it before it was there', async () => {
    const { heard, socket } = await reading(async (request) => {
      await expect.poll(() => request.complete).toBe(true);
      return readBody(request, limitBytes);
    });
    socket.write(post('Content-Length: 5', 'hello'));
    await expect.poll(() => heard).toEqual(['hello']);
  });

  test.each(['Content-Length: 5', 'Transfer-Encoding: chunked'])(
    'is none where its sender goes away in the middle: %s',
    async (header) => {
      const { heard, socket } = await reading();
      socket.write(post(header, header.startsWith('C') ? 'hell' : '5\r\nhello\r\n'));
      socket.end();
      await expect.poll(() => heard).toEqual(['CANCELLED']);
    },
  );

  test('is none where its sender was gone before anybody read it', async () => {
    const { heard, socket } = await reading(async (request) => {
      const gone = new Promise((resolve) => request.once('close', resolve));
      socket.resetAndDestroy();
      await gone;
      return readBody(request, limitBytes);
    });
    socket.write(post('Content-Length: 5', 'he'));
    await expect.poll(() => heard).toEqual(['CANCELLED']);
  });
});
