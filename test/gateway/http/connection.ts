// A response that somebody waits for over a real socket, for tests of what is written to it.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Connection {
  readonly response: ServerResponse;
  /** The far end; while it is paused nothing is read. */
  readonly socket: Socket;
  /** What was read so far. */
  readonly text: () => string;
}

export async function openConnection(): Promise<Connection> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const asked = once(server, 'request');
  const socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
  let text = '';
  socket.on('error', () => undefined).on('data', (chunk) => (text += chunk.toString()));
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  onTestFinished(() => {
    socket.destroy();
    server.close();
    server.closeAllConnections();
  });
  const [, response] = (await asked) as [unknown, ServerResponse];
  return { response, socket, text: () => text };
}
