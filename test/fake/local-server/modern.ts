// A server of the 2026-07-28 revision only, made with the official SDK: it refuses initialize, so a gateway has to discover it.
//   echo {text}: answers the text, and the protocol version and capabilities that the request claimed
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

serveStdio(
  () => {
    const server = new McpServer({ name: 'modern', version: '1.0.0' }, { capabilities: { tools: {} } });
    server.registerTool('echo', { description: 'Echoes', inputSchema: z.object({ text: z.string() }) }, ({ text }, context) => ({
      content: [
        { type: 'text', text },
        { type: 'text', text: JSON.stringify(context.mcpReq.envelope ?? {}) },
      ],
    }));
    return server;
  },
  { legacy: 'reject' },
);
