// A remote server of 2026-07-28 only, made with the official SDK: it refuses what is older, and headers that contradict the body.
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { closed, listening, type RemoteServer } from './old.ts';
import { type Calls, type People, run, toolNames } from './tools.ts';

export async function serveNew({ people = {} }: { people?: People } = {}): Promise<RemoteServer> {
  const calls: Calls = { ran: [], cancelled: [] };
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'new', version: '1.0.0' }, { capabilities: { tools: {}, logging: {} } });
      for (const name of toolNames) {
        server.registerTool(name, { inputSchema: z.looseObject({}) }, async (args, context) => {
          const { mcpReq, http } = context;
          const token = mcpReq._meta?.progressToken;
          const doing = {
            headers: http?.req?.headers,
            signal: mcpReq.signal,
            progress: async (progress: number) => {
              if (token !== undefined)
                await mcpReq.notify({ method: 'notifications/progress', params: { progressToken: token, progress } });
            },
            log: (data: string) => mcpReq.log('warning', data),
            ask: () => Promise.reject(new Error('asks nothing')),
            askAside: () => Promise.reject(new Error('asks nothing')),
            grow: () => Promise.reject(new Error('never grows')),
          };
          return { content: [{ type: 'text' as const, text: await run(name, args, doing, people, calls) }] };
        });
      }
      return server;
    },
    { legacy: 'reject' },
  );
  const answer = toNodeHandler(handler);
  const http = createServer(
    (request, response) =>
      void answer(Object.assign(request, { method: request.method ?? '', url: request.url ?? '' }), response),
  );
  return { ...calls, url: `${await listening(http)}/mcp`, sessions: () => 0, forget: () => undefined, close: () => closed(http) };
}
