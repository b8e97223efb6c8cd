// A loopback front before the gateway server that gives the suites' clients what they can't bring: they send no token, and have no option for one.
// It adds the Authorization header to requests for an MCP endpoint that carry none, and nothing else: method, address, every other header (Host and
// Origin too) and both bodies pass as they are, streams as they come, upgrades of the bridge's tunnel as bytes.
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Front {
  readonly origin: string;
  /** From now on requests carry it. */
  give(token: string): void;
  close(): Promise<void>;
}

export async function openFront(target: { readonly port: number }): Promise<Front> {
  let token: string | undefined;
  const sockets = new Set<Socket | Duplex>();

  function forward(request: IncomingMessage, response: ServerResponse): void {
    const headers = [...request.rawHeaders];
    const isMcp = request.url?.startsWith('/g/') ?? false;
    if (isMcp && token !== undefined && request.headers.authorization === undefined)
      headers.push('Authorization', `Bearer ${token}`);
    const { method, url: path } = request;
    const onward = httpRequest({ host: '127.0.0.1', port: target.port, method, path, headers, setHost: false });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      response.flushHeaders();
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  const server = createServer(forward);
  server.on('connection', (socket) => keep(socket));
  server.on('upgrade', (request, near, head) => {
    const lines = pairs(request.rawHeaders).map(([key, value]) => `${key}: ${value}\r\n`);
    const far = connect(target.port, '127.0.0.1');
    keep(far);
    far.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('')}\r\n`);
    far.write(head);
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no address');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    give(given) {
      token = given;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function pairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((key, at) => (at % 2 === 0 ? [[key, raw[at + 1] ?? ''] satisfies [string, string]] : []));
}
