// The official SDK's second line alone, as its users run it: a 2026-07-28 server behind the SDK's own handler and its adapter for node:http.
// The adapter is not a package of the repository: its file is the argument.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createMcpHandler, McpServer, type McpHttpHandler } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { listenOnLoopback } from '../listen.ts';

interface Adapter {
  toNodeHandler(handler: McpHttpHandler): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

const { toNodeHandler }: Adapter = await import(process.argv[2] ?? '');
const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'bench-sdk-v2', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  return server;
});
const onRequest = toNodeHandler(handler);
listenOnLoopback(createServer({ keepAliveTimeout: 0 }, (request, response) => void onRequest(request, response)));
