// A remote server that knows nothing but the transport of 2024-11-05 (HTTP+SSE), made with the official SDK of the time: POST is answered only at the
// address that its stream names.
import { createServer } from 'node:http';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { closed, listening, oldServer, type RemoteServer } from './old.ts';
import type { Calls, People } from './tools.ts';

export async function serveOldest(
  options: { people?: People; /** What a POST to the stream's address is answered with. */ postStatus?: 400 | 404 | 405 } = {},
): Promise<RemoteServer> {
  const { people = {}, postStatus = 405 } = options;
  const calls: Calls = { ran: [], cancelled: [] };
  const transports = new Map<string, SSEServerTransport>();
  const http = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'GET' && url.pathname === '/sse') {
      const transport = new SSEServerTransport('/messages', response);
      transports.set(transport.sessionId, transport);
      response.on('close', () => transports.delete(transport.sessionId));
      return oldServer(people, calls).connect(transport);
    }
    if (url.pathname !== '/messages') return response.writeHead(postStatus).end('Cannot POST');
    const transport = transports.get(url.searchParams.get('sessionId') ?? '');
    if (transport) return transport.handlePostMessage(request, response);
    response.writeHead(404).end('Session not found');
  });
  return {
    ...calls,
    url: `${await listening(http)}/sse`,
    sessions: () => transports.size,
    forget: () => transports.clear(),
    close: () => closed(http),
  };
}
