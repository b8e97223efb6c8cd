// Remote servers of both eras, made with the official SDKs, that say what they are told to say, beside all answers:
//   notify {method, params, count}: says this as often, on the streams on which such things are said
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { McpServer as OldServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { SubscribeRequestSchema, UnsubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { closed, listening } from './old.ts';

export interface ChangingServer {
  readonly url: string;
  /** Streams that are open for news. */
  streams(): number;
  /** Forgets everybody and cuts every connection, as where it is started again. */
  restart(): void;
  close(): Promise<void>;
}

const listChanged = true;
const capabilities = { tools: { listChanged }, prompts: { listChanged }, resources: { subscribe: true, listChanged } };
const Say = z.object({
  method: z.string(),
  params: z.looseObject({ uri: z.string().optional() }).default({}),
  count: z.number().default(1),
});
const said = { content: [{ type: 'text' as const, text: 'said' }] };

export async function serveChangingNew(): Promise<ChangingServer> {
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'changing-new', version: '1.0.0' }, { capabilities });
      server.registerTool('notify', { inputSchema: Say }, ({ method, params: { uri = '' }, count }) => {
        const { notify } = handler;
        for (let times = 0; times < count; times++) {
          if (method === 'notifications/tools/list_changed') notify.toolsChanged();
          else if (method === 'notifications/prompts/list_changed') notify.promptsChanged();
          else if (method === 'notifications/resources/list_changed') notify.resourcesChanged();
          else notify.resourceUpdated(uri);
        }
        return said;
      });
      return server;
    },
    { legacy: 'reject' },
  );
  const answer = toNodeHandler(handler);
  return served((request, response) =>
    answer(Object.assign(request, { method: request.method ?? '', url: request.url ?? '' }), response),
  );
}

export async function serveChangingOld(): Promise<ChangingServer> {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  function make(): OldServer {
    const server = new OldServer({ name: 'changing-old', version: '1.0.0' }, { capabilities });
    const subscribed = new Set<string>();
    server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => (subscribed.add(params.uri), {}));
    server.server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => (subscribed.delete(params.uri), {}));
    server.registerTool('notify', { inputSchema: Say.shape }, async ({ method, params, count }) => {
      const isUpdate = method === 'notifications/resources/updated';
      for (let times = 0; times < count; times++)
        if (!isUpdate || subscribed.has(params.uri ?? '')) await server.server.notification({ method, params } as never);
      return said;
    });
    return server;
  }
  return served(
    async (request, response) => {
      const id = [request.headers['mcp-session-id']].flat()[0];
      const known = id === undefined ? undefined : transports.get(id);
      if (id !== undefined && !known) return response.writeHead(404).end();
      if (known) return known.handleRequest(request, response);
      const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (made) => void transports.set(made, transport),
        onsessionclosed: (gone) => void transports.delete(gone),
      });
      await make().connect(transport as Parameters<OldServer['connect']>[0]);
      return await transport.handleRequest(request, response);
    },
    () => transports.clear(),
  );
}

async function served(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
  forget: () => void = () => undefined,
): Promise<ChangingServer> {
  const streams = new Set<ServerResponse>();
  const http: HttpServer = createServer((request, response) => {
    const isStream = request.method === 'GET' || request.headers['mcp-method'] === 'subscriptions/listen';
    if (isStream) streams.add(response);
    response.on('close', () => streams.delete(response));
    void answer(request, response);
  });
  return {
    url: `${await listening(http)}/mcp`,
    streams: () => streams.size,
    restart() {
      forget();
      http.closeAllConnections();
    },
    close: () => closed(http),
  };
}
