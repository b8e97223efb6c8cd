// Prompts, resources, templates and completion of real servers, through the gateway server and the bridge, for hosts of both eras and for one behind the shim.
import { join } from 'node:path';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until, type Workstation } from './deployment.ts';
import { codeOf, modern } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

const document = 'demo://resource/static/document/architecture.md';
const text = 'demo://resource/dynamic/text/{resourceId}';
const policy = (item: Parameters<typeof walkPolicy>[0][string]) =>
  walkPolicy({
    everything: {
      tools: ['echo', 'get-resource-links'],
      prompts: ['simple-prompt', 'args-prompt', 'completable-prompt', 'resource-prompt'],
      resources: [document],
      templates: [text],
    },
    item,
  });
const allItems = {
  tools: 'all',
  prompts: 'all',
  resources: ['urn:note', 'https://example.org/page#top'],
  templates: 'all',
} as const;

let deployment: Deployment;
let workstation: Workstation;
let token: string;
const address = (server?: string) => `${deployment.origin}/g/eng/${server === undefined ? '' : `s/${server}/`}mcp`;
const ask = (method: string, params: Record<string, unknown> = {}, server?: string) =>
  modern(address(server), token, method, params);

beforeAll(async () => {
  deployment = await deploy({ policy: policy({ ...allItems, resources: [...allItems.resources] }) });
  workstation = await deployment.workstation({
    user: 'ada',
    profile: {
      LocalServers: {
        everything: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything'] },
        item: nodeServer(join(root, 'test/fake/local-server/item.ts')),
      },
    },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  for (const server of ['everything', 'item'])
    await until(`${server} to be offered`, async () => (await ask('tools/list', {}, server)).body.result !== undefined);
});
afterAll(() => deployment.close());

async function connect(kind: string, server?: string): Promise<OldClient | NewClient> {
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  if (kind === 'new') {
    const client = new NewClient({ name: 'new-host', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new NewTransport(new URL(address(server)), { requestInit }));
    return client;
  }
  const client = new OldClient({ name: 'old-host', version: '1' });
  const args = [join(root, 'bridge/cli.ts'), 'connect', '--state', workstation.stateDir, '--host', 'test', address(server)];
  await client.connect(
    kind === 'shim'
      ? new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' })
      : new OldTransport(new URL(address(server)), { requestInit }),
  );
  return client;
}
async function using<T>(kind: string, server: string | undefined, act: (client: OldClient) => Promise<T>): Promise<T> {
  const client = await connect(kind, server);
  try {
    // The requests of both SDKs that are made here have one shape.
    return await act(client as OldClient);
  } finally {
    await client.close();
  }
}

describe.each([
  ['a 2025-11-25 host (SDK v1)', 'old'],
  ['a host pinned to 2026-07-28 (SDK v2)', 'new'],
  ['a host behind the shim', 'shim'],
])('%s', (_, kind) => {
  test('lists, gets and completes the prompts of all servers, and sees no other', async () => {
    await using(kind, undefined, async (client) => {
      expect(client.getServerCapabilities()).toMatchObject({ tools: {}, prompts: {}, resources: {}, completions: {} });
      expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual([
        'everything__args-prompt',
        'everything__completable-prompt',
        'everything__resource-prompt',
        'everything__simple-prompt',
      ]);
      const got = await client.getPrompt({ name: 'everything__args-prompt', arguments: { city: 'Delft' } });
      expect(got.messages).toMatchObject([{ content: { text: "What's weather in Delft?" } }]);
      const ref = { type: 'ref/prompt', name: 'everything__completable-prompt' } as const;
      const completed = await client.complete({ ref, argument: { name: 'department', value: 'S' } });
      expect(completed.completion.values).toEqual(['Sales', 'Support']);
    });
  });

  test('lists, reads and completes resources by their URI and by template, under URIs that lead back', async () => {
    proves('protocol.uris-lead-back', {
      file: 'gateway/upstream/item.ts',
      find: 'if (use && use.name !== name)',
      replace: 'if (use && use.name === name)',
    });
    await using(kind, undefined, async (client) => {
      const { resources } = await client.listResources();
      expect(resources.map(({ uri }) => uri)).toEqual([
        'demo://everything__resource/static/document/architecture.md',
        'https://example.org/page#item__~top',
        'urn:item__note',
      ]);
      for (const { uri } of resources) {
        const { contents } = await client.readResource({ uri });
        expect(contents).toMatchObject([{ uri, text: expect.stringMatching(/.{5}/) }]);
      }
      const { resourceTemplates } = await client.listResourceTemplates();
      expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
        'demo://everything__resource/dynamic/text/{resourceId}',
        'note://item__{year}/{+rest}',
      ]);
      const uri = 'demo://everything__resource/dynamic/text/7';
      expect((await client.readResource({ uri })).contents).toMatchObject([{ uri, text: expect.stringMatching(/^Resource 7/) }]);
      const note = await client.readResource({ uri: 'note://item__2026/a/b' });
      expect(note.contents).toEqual([{ uri: 'note://item__2026/a/b', text: 'read note://2026/a/b' }]);
      const ref = { type: 'ref/resource', uri: 'demo://everything__resource/dynamic/text/{resourceId}' } as const;
      const completed = await client.complete({ ref, argument: { name: 'resourceId', value: '7' } });
      expect(completed.completion.values).toEqual(['7']);
    });
  });

  test('reads what the answers of tools and prompts link to', async () => {
    await using(kind, undefined, async (client) => {
      const linked = await client.callTool({ name: 'everything__get-resource-links', arguments: { count: 2 } });
      const content = linked.content as { type: string; uri?: string }[];
      const links = content.flatMap(({ type, uri }) => (type === 'resource_link' && uri !== undefined ? [uri] : []));
      expect(links).toEqual(['demo://everything__resource/dynamic/blob/1', 'demo://everything__resource/dynamic/text/2']);
      expect((await client.readResource({ uri: links[1] ?? '' })).contents).toMatchObject([{ uri: links[1] }]);
      const prompt = { name: 'everything__resource-prompt', arguments: { resourceType: 'Text', resourceId: '3' } };
      expect((await client.getPrompt(prompt)).messages).toMatchObject([
        {},
        { content: { resource: { uri: 'demo://everything__resource/dynamic/text/3' } } },
      ]);
    });
  });

  test("uses a server's own names and URIs at its own URL", async () => {
    await using(kind, 'everything', async (client) => {
      expect((await client.listPrompts()).prompts).toHaveLength(4);
      expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual([document]);
      expect((await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([text]);
      expect((await client.readResource({ uri: document })).contents).toMatchObject([{ uri: document }]);
      expect((await client.getPrompt({ name: 'simple-prompt' })).messages).toHaveLength(1);
      const linked = await client.callTool({ name: 'get-resource-links', arguments: { count: 1 } });
      expect(linked.content).toMatchObject([{}, { uri: 'demo://resource/dynamic/blob/1' }]);
    });
  });

  test('is refused what is not provisioned, of each kind', async () => {
    await using(kind, undefined, async (client) => {
      const refused = async (act: Promise<unknown>) =>
        act.then(
          () => 'allowed',
          (error: { data?: { code?: string } }) => error.data?.code,
        );
      const complete = (ref: { type: 'ref/resource'; uri: string }) =>
        client.complete({ ref, argument: { name: 'a', value: '' } });
      const read = (uri: string) => client.readResource({ uri });
      expect([
        await refused(client.getPrompt({ name: 'everything__none' })),
        await refused(client.getPrompt({ name: 'nobody__none' })),
        await refused(read('secret:item__list')),
        await refused(read('demo://everything__resource/dynamic/blob/1')),
        await refused(read('demo://everything__resource/dynamic/text/%2e%2e')),
        await refused(read('demo://resource/dynamic/text/1')),
        await refused(complete({ type: 'ref/resource', uri: 'demo://everything__resource/dynamic/blob/{resourceId}' })),
      ]).toEqual([
        'PROMPT_NOT_PROVISIONED',
        'PROMPT_UNKNOWN',
        'RESOURCE_NOT_PROVISIONED',
        'RESOURCE_NOT_PROVISIONED',
        'RESOURCE_NOT_PROVISIONED',
        'RESOURCE_UNKNOWN',
        'TEMPLATE_NOT_PROVISIONED',
      ]);
    });
  });

  test('sees every tool of a long list, page by page, and calls one whose name had to be cut', async () => {
    proves('protocol.cut-name-leads-back', {
      file: 'gateway/pipeline/permit.ts',
      find: 'if (only === undefined || second !== undefined) throw',
      replace: 'if (only !== undefined) throw',
    });
    await using(kind, undefined, async (client) => {
      const names: string[] = [];
      let pages = 0;
      for (let cursor: string | undefined; pages === 0 || cursor !== undefined; pages++) {
        const page = await client.listTools(cursor === undefined ? {} : { cursor });
        names.push(...page.tools.map(({ name }) => name));
        cursor = page.nextCursor;
      }
      // The new SDK asks for all pages by itself.
      expect(pages > 2).toBe(kind !== 'new');
      expect([names.length, new Set(names).size, names.every((name) => name.length <= 60)]).toEqual([3006, 3006, true]);
      expect(names).toEqual(names.toSorted());
      const [a = '', b = ''] = names.filter((name) => name.startsWith('item__long-'));
      const texts = [await client.callTool({ name: a }), await client.callTool({ name: b })].map(({ content }) => content);
      expect(texts.toSorted((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1))).toMatchObject([
        [{ text: `${'long-'.repeat(16)}a` }],
        [{ text: `${'long-'.repeat(16)}b` }],
      ]);
    });
  });
});

test('what is hidden and what is refused is on record, with its kind', async () => {
  await ask('prompts/get', { name: 'none' }, 'everything');
  await ask('resources/list', {}, 'item');
  await ask('resources/read', { uri: document }, 'everything');
  const records = await deployment.calls(3);
  expect(records).toMatchObject([
    { decision: 'refused', code: 'PROMPT_NOT_PROVISIONED', tool: null, item: { kind: 'prompt', name: 'none' } },
    { decision: 'allowed', hidden: ['ui://item/page', 'secret:list'], item: null },
    { decision: 'allowed', item: { kind: 'resource', name: document }, server: { name: 'everything' } },
  ]);
  expect((await deployment.adminRaw('audit', 'verify')).code).toBe(0);
});

test('the page that a tool shows is renamed with it', async () => {
  async function allTools(server?: string): Promise<unknown[]> {
    const shown: unknown[] = [];
    let cursor: unknown;
    do {
      const { result } = (await ask('tools/list', cursor === undefined ? {} : { cursor }, server)).body;
      shown.push(...((result?.['tools'] ?? []) as unknown[]));
      cursor = result?.['nextCursor'];
    } while (cursor !== undefined);
    return shown;
  }
  const page = (name: string, resourceUri: string) => expect.objectContaining({ name, _meta: { ui: { resourceUri } } });
  expect((await allTools('item')).slice(-4)).toContainEqual(page('page', 'ui://item/page'));
  expect((await allTools()).filter((tool) => JSON.stringify(tool).includes('ui://'))).toEqual([
    page('item__page', 'ui://item__item/page'),
  ]);
});

test('what servers say of themselves is passed on under their names, at the one URL and at their own', async () => {
  const instructions = async (server?: string) => (await ask('server/discover', {}, server)).body.result?.['instructions'];
  expect(await instructions()).toMatch(
    /The server everything says of itself:\n> .+\n\nThe server item says of itself:\n> \n> Ask for one item/s,
  );
  expect(await instructions('item')).toMatch(
    /^The server item, governed by eng\.\n\n.*\n> \n> Ask for one item at a time\.\n> Of none, that is\.$/,
  );
});

test('a server that is gone is shown as it last was, on record, while the others answer; its items answer with its name', async () => {
  proves('failure.stale-list-shown', {
    file: 'gateway/pipeline/list.ts',
    find: 'if (last === undefined || !isPassing(error)) throw error;',
    replace: 'throw error;',
  });
  const names = async () => {
    const { result } = (await ask('resources/list')).body;
    const resources = (result?.['resources'] ?? []) as { uri: string }[];
    return resources.map(({ uri }) => uri);
  };
  const before = await names();
  expect(before).toContain('urn:item__note');
  await workstation.agent.stop('SIGKILL');
  const began = performance.now();
  expect(await names()).toEqual(before);
  expect(performance.now() - began).toBeLessThan(7000);
  expect((await deployment.calls(1))[0]).toMatchObject({ stale: ['everything', 'item'], decision: 'allowed' });
  const read = await ask('resources/read', { uri: 'urn:item__note' });
  expect([codeOf(read), read.body.error?.message]).toEqual(['WORKSTATION_OFFLINE', expect.stringContaining('"item"')]);
  // What is taken away meanwhile is not shown from an old list either.
  await deployment.apply(policy({ tools: 'all', resources: [] }));
  await until('the policy to be in force', async () => !(await names()).includes('urn:item__note'));
  expect(await names()).toEqual(before.filter((uri) => uri.startsWith('demo:')));
});
