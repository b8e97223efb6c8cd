// A local server of the newest revision only, called by hosts of both eras.
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { modern } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

let deployment: Deployment;
let token: string;
let url: string;
beforeAll(async () => {
  deployment = await deploy({ policy: walkPolicy({ modern: { tools: 'all' } }) });
  await deployment.workstation({
    user: 'ada',
    profile: { LocalServers: { modern: nodeServer(join(root, 'test/fake/local-server/modern.ts')) } },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  url = `${deployment.origin}/g/eng/s/modern/mcp`;
});
afterAll(() => deployment.close());

test('a modern host calls it, and the capabilities that the host declared are not passed on', async () => {
  proves('protocol.modern-server', {
    file: 'gateway/upstream/handshake.ts',
    find: 'return Array.isArray(versions) && versions.includes(modernVersion);',
    replace: 'return false;',
  });
  const answered = await until('an answer', async () => {
    const one = await modern(url, token, 'tools/call', { name: 'echo', arguments: { text: 'new to new' } });
    return one.body.result && one;
  });
  expect(answered.body.result).toMatchObject({
    resultType: 'complete',
    content: [{ text: 'new to new' }, { text: expect.stringContaining('drawbridge-gateway') }],
  });
});

test('a host of 2025-11-25 lists and calls it', async () => {
  const client = new Client({ name: 'old-host', version: '1' });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
  );
  expect((await client.listTools()).tools).toMatchObject([{ name: 'echo' }]);
  expect(await client.callTool({ name: 'echo', arguments: { text: 'old to new' } })).toMatchObject({
    content: [{ text: 'old to new' }, {}],
  });
  await client.close();
});
