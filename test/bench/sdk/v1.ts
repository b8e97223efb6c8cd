// The official SDK's first line alone, as its users run it: a 2025-11-25 server over streamable HTTP on node:http, a transport a session, JSON answers.
// Nothing stands behind it: what a call costs inside the SDK.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { z } from 'zod';
import { listenOnLoopback } from '../listen.ts';

const sessions = new Map<string, StreamableHTTPServerTransport>();

async function openSession(): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse: true,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  });
  const server = new McpServer({ name: 'bench-sdk-v1', version: '1.0.0' });
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({ content: [{ type: 'text', text }] }));
  await server.connect(transport as Transport);
  return transport;
}

const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  const id = request.headers['mcp-session-id'];
  const known = typeof id === 'string' ? sessions.get(id) : undefined;
  const found = known === undefined ? openSession() : Promise.resolve(known);
  void found.then((transport) => transport.handleRequest(request, response));
});
listenOnLoopback(server);
