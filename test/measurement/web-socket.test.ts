// The bench's own end of a WebSocket, against the library that the product uses.
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { MessageReader, ownMessage } from '../bench/idle/web-socket.ts';

const key = 'ZHJhd2JyaWRnZS1iZW5jaA==';
const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`;

test('messages of every length arrive whole at a real server and come back whole, however the bytes are cut', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  await once(server, 'listening');
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  try {
    const sent = [1, 125, 126, 127, 5000, 60_000].map((length) => Buffer.alloc(length, length % 251));
    const back: Buffer[] = [];
    const all = Promise.withResolvers<void>();
    const reader = new MessageReader(key, (message) => {
      back.push(Buffer.from(message));
      if (back.length === sent.length) all.resolve();
    });
    reader.onUpgraded = () => sent.forEach((message) => socket.write(ownMessage(message)));
    socket.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += 1009) reader.read(bytes.subarray(at, at + 1009));
    });
    socket.write(request);
    await all.promise;
    expect(back).toEqual(sent);
  } finally {
    socket.destroy();
    server.close();
  }
});

test('an answer that takes no upgrade is refused, and so is what is no whole binary message', () => {
  const ignore = (): void => undefined;
  expect(() => new MessageReader(key, ignore).read(Buffer.from('HTTP/1.1 503 Busy\r\n\r\n'))).toThrow('refused');
  const accept = hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64');
  const head = (of: string) => Buffer.from(`HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${of}\r\n\r\n`);
  expect(() => new MessageReader(key, ignore).read(head(accept.replace(/./, '*')))).toThrow('refused');
  const text = Buffer.concat([head(accept), Buffer.from([0x81, 1, 65])]);
  expect(() => new MessageReader(key, ignore).read(text)).toThrow('not a whole binary message');
});
