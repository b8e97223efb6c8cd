// Who hears that something changed: hosts of both eras, of servers of both eras, on workstations and remote, made with the official SDKs.
import { join } from 'node:path';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport as NewStdioTransport } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  PromptListChangedNotificationSchema,
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ChangingServer, serveChangingNew, serveChangingOld } from '../fake/remote/changing.ts';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until, type Workstation } from './deployment.ts';
import { eventsOf, modern, modernMeta } from './mcp.ts';
import { nodeServer } from './policy.ts';
import { root } from './program.ts';

let deployment: Deployment;
let workstation: Workstation;
let token: string;
const remotes: Record<string, ChangingServer> = {};
const things = ['thing://a', 'thing://b'];
const exposed = { tools: 'all', prompts: 'all', resources: things };

const policy = (assignments: object = {}) => ({
  version: 1,
  users: { ada: { email: 'ada@example.org', teams: ['all'] } },
  teams: { all: { gateways: ['eng'] } },
  servers: {
    'old-local': { kind: 'workstation' },
    'new-local': { kind: 'workstation' },
    'old-remote': { kind: 'remote', url: remotes['old-remote']?.url, allowPrivate: ['127.0.0.1'] },
    'new-remote': { kind: 'remote', url: remotes['new-remote']?.url, allowPrivate: ['127.0.0.1'] },
  },
  gateways: {
    eng: {
      assignments: { 'old-local': exposed, 'new-local': exposed, 'old-remote': exposed, 'new-remote': exposed, ...assignments },
    },
  },
});

beforeAll(async () => {
  remotes['old-remote'] = await serveChangingOld();
  remotes['new-remote'] = await serveChangingNew();
  deployment = await deploy({ policy: policy() });
  workstation = await deployment.workstation({
    user: 'ada',
    profile: {
      LocalServers: {
        'old-local': nodeServer(join(root, 'test/fake/local-server/talking.ts')),
        'new-local': nodeServer(join(root, 'test/fake/local-server/changing.ts')),
      },
    },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  for (const server of ['old-local', 'new-local'])
    await until(`${server} to be offered`, async () => {
      const { body } = await modern(`${deployment.origin}/g/eng/s/${server}/mcp`, token, 'tools/list');
      return body.result !== undefined;
    });
}, 120_000);
afterAll(async () => {
  await deployment?.close();
  await Promise.all(Object.values(remotes).map((server) => server.close()));
});

const url = () => new URL(`${deployment.origin}/g/eng/mcp`);
const requestInit = () => ({ headers: { authorization: `Bearer ${token}` } });

const shim = () =>
  new NewStdioTransport({
    command: process.execPath,
    args: [join(root, 'bridge/cli.ts'), 'connect', '--state', workstation.stateDir, '--host', 'test', url().href],
    stderr: 'ignore',
  });

interface Host {
  readonly news: string[];
  /** Begins to listen to lists and to these resources; returns those that are honored. */
  listen(uris: readonly string[]): Promise<readonly string[]>;
  call(name: string, args: object): Promise<unknown>;
  close(): Promise<void>;
}

async function newHost(transport: NewTransport | NewStdioTransport): Promise<Host> {
  const client = new NewClient({ name: 'new-host', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  const news: string[] = [];
  for (const kind of ['tools', 'prompts', 'resources'] as const)
    client.setNotificationHandler(`notifications/${kind}/list_changed`, () => void news.push(kind));
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void news.push(params.uri));
  await client.connect(transport);
  return {
    news,
    async listen(uris) {
      const { honoredFilter } = await client.listen({
        toolsListChanged: true,
        promptsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: [...uris],
      });
      expect(honoredFilter).toMatchObject({ toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true });
      return honoredFilter.resourceSubscriptions ?? [];
    },
    call: (name, args) => client.callTool({ name, arguments: { ...args } }),
    close: () => client.close(),
  };
}

async function oldHost(): Promise<Host> {
  const client = new Client({ name: 'old-host', version: '1' });
  const news: string[] = [];
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void news.push('tools'));
  client.setNotificationHandler(PromptListChangedNotificationSchema, () => void news.push('prompts'));
  client.setNotificationHandler(ResourceListChangedNotificationSchema, () => void news.push('resources'));
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void news.push(params.uri));
  const transport = new StreamableHTTPClientTransport(url(), { requestInit: requestInit() });
  // The SDK's own types do not agree with each other under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client['connect']>[0]);
  return {
    news,
    async listen(uris) {
      await client.listTools();
      const honored: string[] = [];
      for (const uri of uris)
        await client.subscribeResource({ uri }).then(
          () => honored.push(uri),
          () => undefined,
        );
      return honored;
    },
    call: (name, args) => client.callTool({ name, arguments: { ...args } }),
    close: () => client.close(),
  };
}

const hosts = [
  ['of 2026-07-28 (SDK v2) over HTTP', () => newHost(new NewTransport(url(), { requestInit: requestInit() }))],
  ['of 2026-07-28 (SDK v2) through the shim', () => newHost(shim())],
  ['of 2025-11-25 (SDK v1) over HTTP', oldHost],
] as const;
const updated = 'notifications/resources/updated';

describe.each(hosts)('a host %s', (_, connect) => {
  test.each(['old-local', 'new-local', 'old-remote', 'new-remote'])(
    'hears of the server "%s", and again after that server was lost',
    async (server) => {
      const host = await connect();
      try {
        const shown = (name: string) => `thing://${server}__${name}`;
        const { news } = host;
        const say = (method: string, params: object = {}, count = 1) => host.call(`${server}__notify`, { method, params, count });
        // What is not provisioned is not honored.
        expect(await host.listen([shown('a'), shown('c')])).toEqual([shown('a')]);
        await until('the server to be listened to', async () => {
          await say('notifications/prompts/list_changed');
          return news.includes('prompts');
        });
        await say('notifications/tools/list_changed', {}, 50);
        await until('the news of the tools', async () => news.includes('tools'));
        await until('the news of the resource', async () => {
          for (const uri of ['thing://b', 'thing://c', 'thing://a']) await say(updated, { uri });
          return news.some((one) => one.startsWith('thing:'));
        });
        expect([...new Set(news)].toSorted()).toEqual(['prompts', shown('a'), 'tools']);
        expect(news.filter((one) => one === 'tools').length).toBeLessThan(10);

        news.length = 0;
        if (server.endsWith('remote')) remotes[server]?.restart();
        else await host.call(`${server}__vanish`, {}).catch(() => undefined);
        await until('the host to be told that it may have missed something', async () => {
          const told = new Set(news);
          return told.has('tools') && told.has('prompts') && told.has('resources') && told.has(shown('a'));
        });
        news.length = 0;
        await until('the news of the resource again', async () => {
          await say(updated, { uri: 'thing://a' });
          return news.includes(shown('a'));
        });
      } finally {
        await host.close();
      }
    },
    60_000,
  );
});

test.each([hosts[0], hosts[2]])(
  'a host %s is told of what it may have missed while the tunnel of its workstation was lost',
  async (_, connect) => {
    const host = await connect();
    try {
      const uri = 'thing://old-local__a';
      expect(await host.listen([uri])).toEqual([uri]);
      host.news.length = 0;
      await workstation.restart('SIGKILL');
      await until('the news', async () => ['tools', uri].every((one) => host.news.includes(one)), 30_000);
      host.news.length = 0;
      await until('the news of the resource again', async () => {
        await host.call('old-local__notify', { method: updated, params: { uri: 'thing://a' } });
        return host.news.includes(uri);
      });
    } finally {
      await host.close();
    }
  },
  60_000,
);

const connectNew = () => newHost(new NewTransport(url(), { requestInit: requestInit() }));

/** Until it hears of every server: then nothing of that is under way any more. */
async function listenToAll(host: Host): Promise<void> {
  const servers = ['old-local', 'new-local', 'old-remote', 'new-remote'];
  await host.listen(servers.map((server) => `thing://${server}__a`));
  for (const server of servers)
    await until(`${server} to be heard of`, async () => {
      await host.call(`${server}__notify`, { method: updated, params: { uri: 'thing://a' } });
      return host.news.includes(`thing://${server}__a`);
    });
  host.news.length = 0;
}

describe('a change of the policy', () => {
  test('is told to hosts of both eras as news of just the lists that it changed', async ({ onTestFinished }) => {
    proves('protocol.policy-news', {
      file: 'gateway/pipeline/listening.ts',
      find: 'if (view.lists[kind] !== this.#view.lists[kind])',
      replace: 'if (view !== this.#view)',
    });
    const [first, second] = [await connectNew(), await oldHost()];
    onTestFinished(async () => {
      await Promise.all([first.close(), second.close()]);
      await deployment.apply(policy());
    });
    await Promise.all([listenToAll(first), listenToAll(second)]);
    const told = (...kinds: string[]) =>
      until(`both to be told of ${kinds.join(', ')}`, async () =>
        [first, second].every(({ news }) => kinds.every((kind) => news.includes(kind))),
      );
    // Nothing else is under way.
    await deployment.apply(policy({ 'old-local': { ...exposed, prompts: 'none' } }));
    await told('prompts');
    const kinds = ({ news }: Host) => [...new Set(news.filter((one) => !one.startsWith('thing:')))];
    expect([kinds(first), kinds(second)]).toEqual([['prompts'], ['prompts']]);
    for (const { news } of [first, second]) news.length = 0;
    await deployment.apply(policy({ 'old-local': undefined }));
    await told('tools', 'resources');
    expect([...first.news, ...second.news]).not.toContain('prompts');
  });

  test('that takes the gateway away ends what its user listens to, over HTTP and through the shim', async ({
    onTestFinished,
  }) => {
    onTestFinished(async () => {
      await deployment.apply(policy());
      await until('the gateway to be granted again', async () => {
        const { body } = await modern(url().href, token, 'server/discover');
        return body.result !== undefined;
      });
    });
    const clients = await Promise.all(
      [new NewTransport(url(), { requestInit: requestInit() }), shim()].map(async (transport) => {
        const client = new NewClient({ name: 'new-host', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
        await client.connect(transport);
        onTestFinished(() => client.close());
        return client;
      }),
    );
    const subscriptions = await Promise.all(clients.map((client) => client.listen({ toolsListChanged: true })));
    const ended = Promise.all(subscriptions.map(({ closed }) => closed));
    await deployment.apply({ ...policy(), teams: { all: { gateways: [] } } });
    expect(await ended).toEqual(['remote', 'remote']);
  });
});

describe('a listen on the wire', () => {
  const listenTo = (notifications: object, id: number | string = 7) =>
    fetch(url(), {
      method: 'POST',
      headers: {
        ...requestInit().headers,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'subscriptions/listen',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id, method: 'subscriptions/listen', params: { notifications, _meta: modernMeta } }),
    });
  const meta = (id: number | string) => ({ _meta: { 'io.modelcontextprotocol/subscriptionId': id } });

  test('is acknowledged first, names itself in every message, and ends with an empty result when the gateway stops', async () => {
    const response = await listenTo({
      toolsListChanged: true,
      promptsListChanged: false,
      resourceSubscriptions: ['thing://nobody__a'],
    });
    expect([response.headers.get('content-type'), response.headers.get('x-accel-buffering')]).toEqual([
      'text/event-stream',
      'no',
    ]);
    await deployment.apply(policy({ 'old-remote': undefined }));
    let seen = '';
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const readUntil = async (words: string) => {
      while (!seen.includes(words)) {
        const piece = await reader?.read();
        if (piece?.done !== false) break;
        seen += piece.value;
      }
    };
    await readUntil('tools/list_changed');
    const [stopped] = await Promise.all([readUntil('"result"'), deployment.restartGateway()]);
    expect(stopped).toBeUndefined();
    // News may come again where a server was slow to be listened to.
    const events = new Map(eventsOf(seen).map((event) => [JSON.stringify(event), event]));
    expect([...events.values()]).toMatchObject([
      { method: 'notifications/subscriptions/acknowledged', params: { notifications: { toolsListChanged: true }, ...meta(7) } },
      { method: 'notifications/tools/list_changed', params: meta(7) },
      { id: 7, result: { resultType: 'complete', ...meta(7) } },
    ]);
    expect(eventsOf(seen)[0]).not.toHaveProperty('params.notifications.promptsListChanged');
    await deployment.apply(policy());
  });

  test('that asks for nothing is acknowledged and over', async () => {
    const events = eventsOf(await (await listenTo({}, 'one')).text());
    expect(events).toMatchObject([
      { method: 'notifications/subscriptions/acknowledged', params: { notifications: {}, ...meta('one') } },
      { id: 'one', result: { resultType: 'complete', ...meta('one') } },
    ]);
  });

  test('that says nothing of what it wants is refused, and so is one of an older revision', async () => {
    const [refused, wrong] = await Promise.all([
      modern(url().href, token, 'subscriptions/listen'),
      modern(url().href, token, 'subscriptions/listen', { notifications: { toolsListChanged: 'yes' } }),
    ]);
    expect([refused.body.error?.code, wrong.body.error?.code]).toEqual([-32602, -32602]);
    const described = await modern(url().href, token, 'server/discover');
    expect(described.body.result?.['capabilities']).toMatchObject({
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
    });
  });

  test('is on record once it has begun', async () => {
    await (await listenTo({}, 'recorded')).text();
    expect((await deployment.records(20)).findLast(({ method }) => method === 'subscriptions/listen')).toMatchObject({
      decision: 'allowed',
      era: 'modern',
      user: { name: 'ada' },
      gateway: { name: 'eng' },
    });
  });
});

test('a token that is revoked ends what was listened to with it', async () => {
  const own = await deployment.hostToken({ user: 'ada', gateway: 'eng', host: 'soon-gone' });
  const client = new NewClient({ name: 'new-host', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new NewTransport(url(), { requestInit: { headers: { authorization: `Bearer ${own}` } } }));
  const { closed } = await client.listen({ toolsListChanged: true });
  const tokens = z
    .array(z.looseObject({ id: z.string(), host: z.string().optional() }))
    .parse(JSON.parse(await deployment.admin('token', 'list', '--json')));
  await deployment.admin('token', 'revoke', tokens.find(({ host }) => host === 'soon-gone')?.id ?? '');
  expect(await closed).toBe('remote');
  await client.close();
});
