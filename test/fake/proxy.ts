// A small HTTP proxy on loopback that knows CONNECT alone: what it was asked for is kept, and it connects from an address of its own.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

export interface FakeProxy {
  readonly url: string;
  /** In the order in which they came. */
  readonly asked: { readonly target: string; readonly headers: IncomingHttpHeaders }[];
  close(): void;
}

export interface ProxyTerms {
  /** From where it connects. */
  readonly from?: string;
  /** The Proxy-Authorization that it wants. */
  readonly authorization?: string;
  /** What it answers instead of connecting. */
  readonly answers?: number;
  /** Where it connects to, whatever it was asked for. */
  readonly leadsTo?: { readonly host: string; readonly port: number };
}

export async function serveProxy({ from, authorization, answers, leadsTo }: ProxyTerms = {}): Promise<FakeProxy> {
  const asked: { target: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((_, response) => response.writeHead(405).end());
  const sockets = new Set<{ destroy(): void }>();
  server.on('connect', (request, client, head) => {
    const target = request.url ?? '';
    asked.push({ target, headers: request.headers });
    sockets.add(client);
    client.on('error', () => client.destroy());
    if (answers !== undefined) return client.end(`HTTP/1.1 ${answers} No\r\nContent-Length: 0\r\n\r\n`);
    if (authorization !== undefined && request.headers['proxy-authorization'] !== authorization)
      return client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
    const { hostname, port } = new URL(`http://${target}`);
    const to = leadsTo ?? { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
    const far = connect({ ...to, ...(from && { localAddress: from }) });
    sockets.add(far);
    far.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    far.on('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      far.write(head);
      far.pipe(client).pipe(far);
    });
    client.on('close', () => far.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close() {
      server.close();
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
    },
  };
}
