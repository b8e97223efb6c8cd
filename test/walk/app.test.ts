// MCP Apps through the whole product: the page of a tool is a resource like any other, and a server learns that its host can show pages.
import { join } from 'node:path';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { modern } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

let deployment: Deployment;
let token: string;
beforeAll(async () => {
  deployment = await deploy({ policy: walkPolicy({ app: { tools: 'all', resources: ['ui://clock/page'] } }) });
  const LocalServers = { app: nodeServer(join(root, 'test/fake/local-server/app.ts')) };
  await deployment.workstation({ user: 'ada', profile: { LocalServers } });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  await until('the tools are listed', async () => (await modern(at('app'), token, 'tools/list')).body.result);
});
afterAll(() => deployment.close());

const at = (server?: string) => `${deployment.origin}/g/eng${server === undefined ? '' : `/s/${server}`}/mcp`;
const shown = { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } };

async function host(kind: 'old' | 'new', url: string): Promise<OldClient | NewClient> {
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  const capabilities = { extensions: shown };
  if (kind === 'old') {
    const client = new OldClient({ name: 'old-host', version: '1' }, { capabilities });
    await client.connect(new OldTransport(new URL(url), { requestInit }));
    return client;
  }
  const client = new NewClient(
    { name: 'new-host', version: '1' },
    { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  await client.connect(new NewTransport(new URL(url), { requestInit }));
  return client;
}

test.each(['old', 'new'] as const)(
  'a host with the SDK of the %s revision shows the page of a tool by the URI that it is given, and no other page',
  async (kind) => {
    proves('edge.pages-declared', {
      file: 'gateway/mcp/ability.ts',
      find: '...(shows && { extensions: shows }),',
      replace: '',
    });
    for (const [url, prefix] of [
      [at(), 'app__'],
      [at('app'), ''],
    ] as const) {
      const client = await host(kind, url);
      const { tools } = await client.listTools();
      const page = `ui://${prefix}clock/page`;
      expect(tools.map(({ _meta }) => _meta)).toEqual([
        { ui: { resourceUri: page, visibility: ['model', 'app'] }, 'org.example/own': [1] },
      ]);
      expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual([page]);
      expect((await client.readResource({ uri: page })).contents).toEqual([
        {
          uri: page,
          mimeType: 'text/html;profile=mcp-app',
          text: '<p>12:00</p>',
          _meta: { ui: { csp: { connectDomains: ['https://example.org'] } } },
        },
      ]);
      await expect(client.readResource({ uri: `ui://${prefix}clock/secret` })).rejects.toThrow('is not provisioned');
      const { content } = await client.callTool({ name: `${prefix}clock`, arguments: {} });
      expect(content).toEqual([{ type: 'text', text: JSON.stringify(shown) }]);
      await client.close();
    }
  },
);
