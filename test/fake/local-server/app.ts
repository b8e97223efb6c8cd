// A server whose tool has a page (MCP Apps), made with the official SDK v1: `clock` says what the host declared of extensions.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';

const server = new McpServer({ name: 'app', version: '1.0.0' });
const mimeType = 'text/html;profile=mcp-app';
const page = 'ui://clock/page';

server.registerTool(
  'clock',
  { _meta: { ui: { resourceUri: page, visibility: ['model', 'app'] }, 'org.example/own': [1] } },
  () => {
    const declared = { ...server.server.getClientCapabilities() };
    return { content: [{ type: 'text', text: JSON.stringify('extensions' in declared ? declared.extensions : null) }] };
  },
);
for (const uri of [page, 'ui://clock/secret'])
  server.registerResource(uri, uri, { mimeType }, () => ({
    contents: [{ uri, mimeType, text: '<p>12:00</p>', _meta: { ui: { csp: { connectDomains: ['https://example.org'] } } } }],
  }));
await server.connect(new StdioServerTransport());
