// A remote server of 2025-11-25, made with the official SDK of that time: with sessions or without, answering by JSON or by event streams.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { once } from 'node:events';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { type ElicitRequestFormParams, type ElicitResult, ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { type Calls, type People, run, toolNames } from './tools.ts';

export interface RemoteServer extends Calls {
  readonly url: string;
  /** Sessions that are open; ended by the far end or by `forget`. */
  sessions(): number;
  /** Forgets its sessions, as after a restart. */
  forget(): void;
  close(): Promise<void>;
}

/** Whether a request is let in, by all that there is of it. */
export type Admits = (request: IncomingMessage, body: Buffer) => boolean | Promise<boolean>;

export async function serveOld(
  options: { people?: People; isStateless?: boolean; answersByJson?: boolean; admits?: Admits } = {},
): Promise<RemoteServer> {
  const { people = {}, isStateless = false, answersByJson = false, admits } = options;
  const calls: Calls = { ran: [], cancelled: [] };
  const transports = new Map<string, StreamableHTTPServerTransport>();

  const http = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    if (admits) for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = Buffer.concat(chunks);
    if (admits && !(await admits(request, body))) return response.writeHead(403).end();
    const parsed: unknown = body.length > 0 ? JSON.parse(body.toString('utf8')) : undefined;
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? transports.get(id) : undefined;
    if (typeof id === 'string' && !known) {
      response.writeHead(404, { 'content-type': 'application/json' });
      return response.end('{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}');
    }
    if (known) return known.handleRequest(request, response, parsed);
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      ...(isStateless ? {} : { sessionIdGenerator: () => randomUUID() }),
      enableJsonResponse: answersByJson,
      onsessioninitialized: (made) => void transports.set(made, transport),
      onsessionclosed: (gone) => void transports.delete(gone),
    });
    await oldServer(people, calls).connect(transport);
    await transport.handleRequest(request, response, parsed);
  });
  return {
    ...calls,
    url: `${await listening(http)}/mcp`,
    sessions: () => transports.size,
    forget: () => transports.clear(),
    close: () => closed(http),
  };
}

/** A server of the v1 SDK with the tools that each has. */
export function oldServer(people: People, calls: Calls): McpServer {
  const server = new McpServer(
    { name: 'old', version: '1.0.0' },
    { capabilities: { tools: { listChanged: true }, logging: {} } },
  );
  for (const name of toolNames) {
    server.registerTool(name, { inputSchema: z.looseObject({}) }, async (args, extra) => {
      const progressToken = extra._meta?.progressToken;
      const doing = {
        headers: extra.requestInfo?.headers,
        signal: extra.signal,
        progress: async (progress: number) => {
          if (progressToken !== undefined)
            await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress } });
        },
        log: (data: string) => extra.sendNotification({ method: 'notifications/message', params: { level: 'warning', data } }),
        ask: (message: string) =>
          ask((params) => extra.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema), message),
        askAside: (message: string) => ask((params) => server.server.elicitInput(params), message),
        grow: () => server.server.sendToolListChanged(),
      };
      return { content: [{ type: 'text' as const, text: await run(name, args, doing, people, calls) }] };
    });
  }
  return server;
}

type Form = Omit<ElicitRequestFormParams, '_meta'> & { mode: 'form' };
async function ask(by: (form: Form) => Promise<ElicitResult>, message: string): Promise<string> {
  const requestedSchema = { type: 'object' as const, properties: { answer: { type: 'string' as const } } };
  const { action, content } = await by({ mode: 'form', message, requestedSchema });
  return `${action} ${String(content?.['answer'])}`;
}

export async function listening(http: HttpServer): Promise<string> {
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

export async function closed(http: HttpServer): Promise<void> {
  http.close();
  http.closeAllConnections();
  await once(http, 'close');
}
