// A local server of the newest revision only, called by hosts of both eras.
import { join } from 'node:path';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
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
  deployment = await deploy({
    policy: walkPolicy({ modern: { tools: 'all', prompts: 'all', resources: 'all', templates: 'all' } }),
  });
  await deployment.workstation({
    user: 'ada',
    profile: { LocalServers: { modern: nodeServer(join(root, 'test/fake/local-server/modern.ts')) } },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  url = `${deployment.origin}/g/eng/s/modern/mcp`;
});
afterAll(() => deployment.close());

test('a modern host calls it, and it hears from the gateway, not from the host', async () => {
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

test('its prompts, resources, templates and completions reach hosts of both eras', async () => {
  const gateway = `${deployment.origin}/g/eng/mcp`;
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  const newHost = new NewClient({ name: 'new-host', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await newHost.connect(new NewTransport(new URL(gateway), { requestInit }));
  const oldHost = new Client({ name: 'old-host', version: '1' });
  await oldHost.connect(new StreamableHTTPClientTransport(new URL(gateway), { requestInit }));
  for (const host of [newHost, oldHost]) {
    expect((await host.listPrompts()).prompts).toMatchObject([{ name: 'modern__greet' }]);
    expect((await host.listResources()).resources).toMatchObject([{ uri: 'demo://modern__readme' }]);
    expect((await host.listResourceTemplates()).resourceTemplates).toMatchObject([
      { uriTemplate: 'demo://modern__people/{who}' },
    ]);
    const { messages } = await host.getPrompt({ name: 'modern__greet', arguments: { who: 'ada' } });
    expect(messages).toMatchObject([{ content: { uri: 'demo://modern__people/ada' } }]);
    const read = await host.readResource({ uri: 'demo://modern__people/ada' });
    expect(read.contents).toEqual([{ uri: 'demo://modern__people/ada', text: 'read demo://people/ada' }]);
    for (const ref of [
      { type: 'ref/prompt', name: 'modern__greet' } as const,
      { type: 'ref/resource', uri: 'demo://modern__people/{who}' } as const,
    ]) {
      const { completion } = await host.complete({ ref, argument: { name: 'who', value: 'g' } });
      expect(completion.values).toEqual(['grace']);
    }
    const failure = await host.readResource({ uri: 'demo://modern__nothing' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: -32602 });
    expect(host.getInstructions()).toContain('The server modern says of itself:\n> Be modern.');
    await host.close();
  }
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
