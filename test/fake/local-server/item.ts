// A server of many items, made for what is hard about lists, without a library:
//   3,000 tools of 1 KB on 30 pages; two whose names are long and begin alike; one that shows a page; `vanish`, which ends the process
//   resources and templates of three schemes; read answers the URI that it was asked for; of `secret:` too, if it is ever asked
//   no prompts: it does not declare them, and answers prompts/list with an error that no gateway may take for an empty list
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { say } from './stdio.ts';

const pageSize = 100;
const tools = [
  ...Array.from({ length: 3000 }, (_, index) => ({
    name: `tool-${String(index).padStart(4, '0')}`,
    description: 'd'.repeat(1000),
  })),
  { name: `${'long-'.repeat(16)}a` },
  { name: `${'long-'.repeat(16)}b` },
  { name: 'page', _meta: { ui: { resourceUri: 'ui://item/page' } } },
  { name: 'vanish' },
].map((tool) => ({ ...tool, inputSchema: { type: 'object' } }));

const Request = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z.looseObject({ name: z.string().optional(), uri: z.string().optional(), cursor: z.string().optional() }).default({}),
});

function answer(method: string, params: z.infer<typeof Request>['params']): object | undefined {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {}, resources: {} },
        serverInfo: { name: 'item', version: '1.0.0' },
        instructions: '\nAsk for one item at a time.\r\nOf none, that is.',
      };
    case 'tools/list': {
      const from = Number(params.cursor ?? 0);
      const next = from + pageSize;
      return { tools: tools.slice(from, next), ...(next < tools.length ? { nextCursor: String(next) } : {}) };
    }
    case 'tools/call':
      if (params.name === 'vanish') process.exit(1);
      return { content: [{ type: 'text', text: params.name }] };
    case 'resources/list':
      return {
        resources: ['urn:note', 'https://example.org/page#top', 'ui://item/page', 'secret:list'].map((uri) => ({
          uri,
          name: uri,
        })),
      };
    case 'resources/templates/list':
      return { resourceTemplates: [{ uriTemplate: 'note://{year}/{+rest}', name: 'notes' }] };
    case 'resources/read':
      return { contents: [{ uri: params.uri, text: `read ${params.uri}` }] };
    default:
      return undefined;
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = Request.parse(JSON.parse(line));
  if (id === undefined) return;
  const result = answer(method, params);
  if (result !== undefined) return say({ id, result });
  say({ id, error: { code: method === 'prompts/list' ? -32000 : -32601, message: `no ${method}` } });
});
