// The modern fixture's Streamable HTTP endpoint: one exchange a request, and beside it, where hosts of 2025-11-25 are served too, a session for each.
import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import {
  localhostHostValidation,
  localhostOriginValidation,
  type NodeIncomingMessageLike,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import { createMcpHandler, isLegacyRequest, type McpServerFactory, type ServerNotifier } from '@modelcontextprotocol/server';
import { sayListening } from './listening.ts';

/** Serves, and returns what tells open subscriptions that a list changed. */
export function serveModernHttp(factory: McpServerFactory, isDual: boolean): ServerNotifier {
  const modern = createMcpHandler(factory, { legacy: 'reject' });
  const toModern = toNodeHandler(modern);
  // Node's type says that a method may be undefined, the SDK's that it may be absent.
  const answerModern = (request: IncomingMessage, response: ServerResponse, body?: unknown) =>
    toModern(request as NodeIncomingMessageLike, response, body);
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const isHostAllowed = localhostHostValidation();
  const isOriginAllowed = localhostOriginValidation();

  async function answerLegacy(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const id = [request.headers['mcp-session-id']].flat()[0];
    const transport = id === undefined ? await open() : sessions.get(id);
    if (transport) await transport.handleRequest(request, response, body);
    else response.writeHead(404).end();
  }

  async function open(): Promise<NodeStreamableHTTPServerTransport> {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    const server = await factory({ era: 'legacy' });
    await server.connect(transport);
    return transport;
  }

  const http = createHttpServer((request, response) => {
    void (async () => {
      if (!isHostAllowed(request, response) || !isOriginAllowed(request, response)) return;
      if (!isDual) return answerModern(request, response);
      const bytes = await buffer(request);
      const body: unknown = bytes.length === 0 ? undefined : parsed(bytes);
      const isLegacy = await isLegacyRequest(asFetchRequest(request), body);
      await (isLegacy ? answerLegacy(request, response, body) : answerModern(request, response, body));
    })();
  });
  sayListening(http.listen(0, '127.0.0.1'));
  return modern.notify;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Method and headers: what decides the era beside the body. */
function asFetchRequest({ method = 'GET', headers }: IncomingMessage): Request {
  const entries = Object.entries(headers).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : []));
  return new Request('http://127.0.0.1/mcp', { method, headers: new Headers(entries.map(([key, value]) => [key, value])) });
}
