// Messages written as one buffer, between a server and a client of ws.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { send, type Line } from '../../../gateway/tunnel/short-message.ts';

async function connected(): Promise<{ line: Line; client: WebSocket }> {
  const http = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void http.close());
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  const lines = Promise.withResolvers<Line>();
  sockets.on('connection', (socket, { socket: stream }) => lines.resolve({ socket, stream }));
  await once(http, 'listening');
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = new WebSocket(`ws://127.0.0.1:${address.port}`);
  onTestFinished(() => client.terminate());
  const [line] = await Promise.all([lines.promise, once(client, 'open')]);
  return { line, client };
}

test('messages of every length arrive whole and in their order', async () => {
  const { line, client } = await connected();
  const sent = [1, 9, 125, 126, 127, 65_536, 4095, 4096, 4097, 255, 70_000, 256].map((length, i) => Buffer.alloc(length, i));
  const heard: Buffer[] = [];
  const all = new Promise<void>((resolve, reject) => {
    client.on('error', reject);
    client.on('message', (data, isBinary) => {
      if (!isBinary || !(data instanceof Buffer)) return reject(new Error('not a binary message'));
      heard.push(data);
      if (heard.length === sent.length) resolve();
    });
  });
  for (const message of sent) send(line, message);
  await all;
  expect(heard.map(({ length }) => length)).toEqual(sent.map(({ length }) => length));
  expect(Buffer.concat(heard).equals(Buffer.concat(sent))).toBe(true);
});

test('whoever sends hears when it was written, and nothing is sent after the close', async () => {
  const { line, client } = await connected();
  await new Promise<void>((resolve) => send(line, Buffer.from('a'), resolve));
  line.socket.close(4000);
  const closed = once(client, 'close');
  await new Promise<void>((resolve) => send(line, Buffer.from('b'), resolve));
  expect((await closed)[0]).toBe(4000);
});
