// A server of the 2026-07-28 revision only, made with the official SDK: it refuses initialize, so a gateway has to discover it.
//   echo {text}: answers the text, and the protocol version and capabilities that the request claimed
//   a prompt, a resource, and a template whose variable can be completed
import { completable, McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

serveStdio(
  () => {
    const server = new McpServer(
      { name: 'modern', version: '1.0.0' },
      { capabilities: { tools: {}, prompts: {}, resources: {}, completions: {} }, instructions: 'Be modern.' },
    );
    server.registerTool('echo', { description: 'Echoes', inputSchema: z.object({ text: z.string() }) }, ({ text }, context) => ({
      content: [
        { type: 'text', text },
        { type: 'text', text: JSON.stringify(context.mcpReq.envelope ?? {}) },
      ],
    }));
    const argsSchema = z.object({
      who: completable(z.string(), (value) => ['ada', 'grace'].filter((who) => who.startsWith(value))),
    });
    server.registerPrompt('greet', { argsSchema }, ({ who }) => ({
      messages: [{ role: 'user', content: { type: 'resource_link', name: who, uri: `demo://people/${who}` } }],
    }));
    const contents = (uri: URL) => ({ contents: [{ uri: uri.href, text: `read ${uri.href}` }] });
    server.registerResource('readme', 'demo://readme', {}, contents);
    const complete = { who: (value: string) => ['ada', 'grace'].filter((who) => who.startsWith(value)) };
    server.registerResource('people', new ResourceTemplate('demo://people/{who}', { list: undefined, complete }), {}, contents);
    return server;
  },
  { legacy: 'reject' },
);
