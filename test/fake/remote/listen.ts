// A small HTTP server on loopback that a test scripts: each request is kept as it came, and answered by the test's own function.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
export interface Heard {
  readonly port: number;
  readonly origin: string;
  readonly seen: Seen[];
  connections(): number;
  /** Ends it, and every connection. Idempotent. */
  close(): void;
}

export async function listen(
  answer: (seen: Seen, response: ServerResponse, request: IncomingMessage) => void,
  host = '127.0.0.1',
): Promise<Heard> {
  const seen: Seen[] = [];
  let connections = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { method = '', url = '', headers } = request;
    const one = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') };
    seen.push(one);
    answer(one, response, request);
  });
  server.on('connection', () => connections++);
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no address');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(close);
  return { port: address.port, origin: `http://127.0.0.1:${address.port}`, seen, connections: () => connections, close };
}
