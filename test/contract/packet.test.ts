// Packets laid out by us, between a server and a client of ws: each side sends to the other's own reader, in memory that is used again.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createMasking } from '../../bridge/tunnel/mask.ts';
import { Packets, type Line } from '#contract/packet.ts';
import { proves } from '../requirement.ts';

interface End {
  readonly line: Line;
  readonly socket: WebSocket;
  readonly packets: Packets;
}

async function connected(): Promise<{ server: End; client: End }> {
  const http = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void http.close());
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  const accepted = Promise.withResolvers<End>();
  sockets.on('connection', (socket, { socket: stream }) =>
    accepted.resolve({ line: { socket, stream }, socket, packets: new Packets() }),
  );
  await once(http, 'listening');
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const socket = new WebSocket(`ws://127.0.0.1:${address.port}`, { perMessageDeflate: false });
  onTestFinished(() => socket.terminate());
  const upgraded = Promise.withResolvers<Line['stream']>();
  socket.on('upgrade', (response) => upgraded.resolve(response.socket));
  const [server, stream] = await Promise.all([accepted.promise, upgraded.promise, once(socket, 'open')]);
  return { server, client: { line: { socket, stream }, socket, packets: new Packets(createMasking()) } };
}

/** Rejects where something else comes than binary messages. */
function heardBy({ socket }: End, count: number): Promise<Buffer[]> {
  const heard: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed')));
    socket.on('message', (data, isBinary) => {
      if (!isBinary || !(data instanceof Buffer)) return reject(new Error('not a binary message'));
      heard.push(data);
      if (heard.length === count) resolve(heard);
    });
  });
}

function send({ line, packets }: End, payload: Buffer, onWritten?: () => void): void {
  const packet = packets.room(payload.length);
  payload.copy(packet);
  packets.send(line, packet, onWritten);
}

const marked = (length: number, mark: number): Buffer => Buffer.alloc(length, Buffer.from([mark, 7, length % 251, 0, mark + 1]));
const lengths = [1, 9, 125, 126, 127, 47, 49, 255, 3999, 4000, 4001, 65_535, 65_536, 70_001, 256 * 1024, 327_690, 1_048_585, 256];

test.each(['server', 'client'] as const)('packets of every length arrive whole and in their order from a %s', async (side) => {
  const ends = await connected();
  const all = heardBy(side === 'server' ? ends.client : ends.server, 2 * lengths.length);
  const sent = [...lengths, ...lengths].map((length, i) => marked(length, i));
  for (const payload of sent) send(ends[side], payload);
  const heard = await all;
  expect(heard.map(({ length }) => length)).toEqual(sent.map(({ length }) => length));
  expect(Buffer.concat(heard).equals(Buffer.concat(sent))).toBe(true);
});

test.each(['server', 'client'] as const)('what a %s sent stays as it was until a peer that reads late has it', async (side) => {
  proves('tunnel.sent-as-it-was', {
    file: 'contract/packet.ts',
    find: 'this.#seal(memory, start, packet);',
    replace: 'this.#seal(memory, start, packet); this.#keep(memory);',
  });
  const ends = await connected();
  const peer = side === 'server' ? ends.client : ends.server;
  const sent = Array.from({ length: 80 }, (_, i) => marked(300_000 + i, i));
  const all = heardBy(peer, sent.length);
  peer.socket.pause();
  for (const payload of sent) send(ends[side], payload);
  peer.socket.resume();
  const heard = await all;
  expect(Buffer.concat(heard).equals(Buffer.concat(sent))).toBe(true);
});

test('memory is used again once it was written, and small packets have their own', async () => {
  const { server, client } = await connected();
  const all = heardBy(client, 4);
  const written = (length: number): Promise<ArrayBufferLike> => {
    const packet = server.packets.room(length);
    const { buffer } = packet;
    return new Promise((resolve) => server.packets.send(server.line, packet, () => resolve(buffer)));
  };
  const first = await written(70_000);
  expect(await written(300_000)).toBe(first);
  expect(await written(100)).not.toBe(first);
  expect(await written(5000)).toBe(first);
  await all;
});

test('whoever sends after the close hears of it, and nothing is sent', async () => {
  const { server, client } = await connected();
  server.socket.close(4000);
  const closed = once(client.socket, 'close');
  await new Promise<void>((resolve) => send(server, marked(70_000, 1), resolve));
  expect((await closed)[0]).toBe(4000);
});

test('a packet that lies elsewhere is not sent, and none is sent twice', async () => {
  const { server } = await connected();
  const packet = server.packets.room(70_000);
  expect(() => server.packets.send(server.line, Buffer.alloc(70_000))).toThrow('other memory');
  server.packets.send(server.line, packet);
  expect(() => server.packets.send(server.line, packet)).toThrow('other memory');
});

test('each message is masked by a key of its own', () => {
  const { newKey } = createMasking();
  const keys = Array.from({ length: 5000 }, () => newKey().readUInt32BE());
  // Of so many, two alike are one in 344.
  expect(new Set(keys).size).toBeGreaterThan(4990);
});
