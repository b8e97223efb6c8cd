// A local server of 2026-07-28 only, made with the official SDK, that says what it is told to say: the same tools as `talking.ts`, as far as this revision has them.
//   notify {method, params, count}: says this as often
//   vanish: ends the process
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

serveStdio(
  () => {
    const listChanged = true;
    const capabilities = { tools: { listChanged }, prompts: { listChanged }, resources: { subscribe: true, listChanged } };
    const server = new McpServer({ name: 'changing', version: '1.0.0' }, { capabilities });
    const Say = z.object({ method: z.string(), params: z.looseObject({}).optional(), count: z.number().default(1) });
    server.registerTool('notify', { inputSchema: Say }, async ({ method, params, count }) => {
      for (let said = 0; said < count; said++) await server.server.notification({ method, ...(params && { params }) });
      return { content: [{ type: 'text', text: 'said' }] };
    });
    server.registerTool('vanish', {}, () => process.exit(1));
    server.registerPrompt('greet', {}, () => ({ messages: [] }));
    for (const name of ['a', 'b'])
      server.registerResource(name, `thing://${name}`, {}, ({ href }) => ({ contents: [{ uri: href, text: name }] }));
    return server;
  },
  { legacy: 'reject' },
);
