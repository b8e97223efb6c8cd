// A server (2025-11-25) whose tools are whatever it is told at that moment, byte for byte: its answers, and a remote one that gives them.
import { createServer, type Server } from 'node:http';
import { z } from 'zod';
import { closed, listening } from './old.ts';

const Asked = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z.looseObject({ protocolVersion: z.string().optional(), name: z.string().optional() }).optional(),
});

/** `tools`: the array of a tools/list as JSON. Undefined for what gets no answer. */
export function answerPulling(message: unknown, tools: () => string): Readonly<Record<string, unknown>> | undefined {
  const { id, method, params } = Asked.parse(message);
  if (id === undefined) return undefined;
  switch (method) {
    case 'initialize': {
      const { protocolVersion } = params ?? {};
      return { id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'pulling', version: '1' } } };
    }
    case 'tools/list':
      return { id, result: { tools: JSON.parse(tools()) } };
    case 'tools/call':
      return { id, result: { content: [{ type: 'text', text: `called ${params?.name}` }] } };
    default:
      return { id, error: { code: -32601, message: `no method ${method}` } };
  }
}

export interface PullingServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function servePulling(tools: () => string): Promise<PullingServer> {
  const http: Server = createServer(async (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (chunk instanceof Buffer) chunks.push(chunk);
    const answer = answerPulling(JSON.parse(Buffer.concat(chunks).toString('utf8')), tools);
    if (!answer) return void response.writeHead(202).end();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', ...answer }));
  });
  return { url: `${await listening(http)}/mcp`, close: () => closed(http) };
}
