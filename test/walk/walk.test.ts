// All programs, one call there and back: old and new hosts call tools of three real servers through the gateway server and the bridge.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { codeOf, modern, post } from './mcp.ts';
import { walkPolicy } from './policy.ts';

let deployment: Deployment;
let token: string;
const npx = (name: string, ...args: string[]) => ({
  command: 'npx',
  args: ['-y', `@modelcontextprotocol/server-${name}`, ...args],
});

beforeAll(async () => {
  deployment = await deploy({
    policy: walkPolicy({ everything: { tools: ['echo', 'get-sum'] }, filesystem: { tools: 'all' }, memory: { tools: 'all' } }),
  });
  const files = join(deployment.dir, 'files');
  await mkdir(files);
  await writeFile(join(files, 'note.txt'), 'through the drawbridge');
  await deployment.workstation({
    user: 'ada',
    profile: {
      LocalServers: {
        everything: npx('everything'),
        filesystem: npx('filesystem', files),
        memory: { ...npx('memory'), env: { MEMORY_FILE_PATH: join(deployment.dir, 'memory.json') } },
      },
    },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  // The agent says what it offers when it has resolved it, which takes a moment.
  for (const server of ['everything', 'filesystem', 'memory'])
    await until(`${server} to be offered`, async () => {
      const answered = await modern(url(server).href, token, 'tools/list');
      return answered.body.result !== undefined;
    });
});
afterAll(() => deployment.close());

const url = (server?: string) => new URL(`${deployment.origin}/g/eng/${server === undefined ? '' : `s/${server}/`}mcp`);
const requestInit = () => ({ headers: { authorization: `Bearer ${token}` } });

/** What a host does with the three servers, whatever SDK it is made with. */
interface Host {
  names(server?: string): Promise<string[]>;
  call(name: string, args: Record<string, unknown>, server?: string): Promise<unknown>;
}
async function oldHost(server?: string) {
  const client = new OldClient({ name: 'old-host', version: '1' });
  await client.connect(new OldTransport(url(server), { requestInit: requestInit() }));
  return client;
}
async function newHost(server?: string) {
  const client = new NewClient({ name: 'new-host', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new NewTransport(url(server), { requestInit: requestInit() }));
  return client;
}
function hostOf(
  connect: (server?: string) => Promise<{
    listTools(): Promise<{ tools: { name: string }[] }>;
    callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
    close(): Promise<void>;
  }>,
): Host {
  async function using<T>(
    server: string | undefined,
    act: (client: Awaited<ReturnType<typeof connect>>) => Promise<T>,
  ): Promise<T> {
    const client = await connect(server);
    try {
      return await act(client);
    } finally {
      await client.close();
    }
  }
  return {
    names: (server) => using(server, async (client) => (await client.listTools()).tools.map(({ name }) => name)),
    call: (name, args, server) => using(server, (client) => client.callTool({ name, arguments: args })),
  };
}

describe.each([
  ['a 2025-11-25 host (SDK v1)', hostOf(oldHost)],
  ['a host pinned to 2026-07-28 (SDK v2)', hostOf(newHost)],
])('%s', (_, host) => {
  test("sees the provisioned tools of all servers, prefixed, at the gateway's one URL", async () => {
    proves('walk.both-eras', {
      file: 'gateway/mcp/item-name.ts',
      find: "const separator = '__'",
      replace: "const separator = '--'",
    });
    const names = await host.names();
    expect(names).toEqual(expect.arrayContaining(['everything__echo', 'filesystem__read_text_file', 'memory__read_graph']));
    expect(names).not.toContain('everything__get-env');
  });

  test("sees a server's own names at its own URL", async () => {
    expect(await host.names('everything')).toEqual(['echo', 'get-sum']);
  });

  test('calls tools of all three', async () => {
    expect(await host.call('everything__get-sum', { a: 2, b: 40 })).toMatchObject({
      content: [{ text: expect.stringContaining('42') }],
    });
    expect(await host.call('filesystem__read_text_file', { path: join(deployment.dir, 'files/note.txt') })).toMatchObject({
      content: [{ text: 'through the drawbridge' }],
    });
    expect(await host.call('read_graph', {}, 'memory')).toMatchObject({ content: [{ type: 'text' }] });
  });
});

test('without a token nothing is answered but 401', async () => {
  proves('walk.token-required', {
    file: 'gateway/caller/token.ts',
    find: "if (token === undefined) throw new Fault('UNAUTHENTICATED');",
    replace: 'if (token === undefined) return [...known.values()][0]!.caller;',
  });
  const answered = await post(url().href, undefined, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
  expect([answered.status, codeOf(answered)]).toEqual([401, 'UNAUTHENTICATED']);
  expect(answered.headers.get('www-authenticate')).toMatch(/^Bearer/);
  expect((await post(url().href, `dbh_${'x'.repeat(43)}`, { jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(401);
});

test('a tool that is not provisioned is not listed, is refused when called, and both are on record', async () => {
  proves('walk.refusal-recorded', {
    file: 'gateway/policy/decide.ts',
    find: 'if (!isExposed(assignment, call))',
    replace: 'if (false)',
  });
  await modern(url('everything').href, token, 'tools/list');
  const refused = await modern(url('everything').href, token, 'tools/call', { name: 'get-env', arguments: {} });
  expect(codeOf(refused)).toBe('TOOL_NOT_PROVISIONED');
  const [list, call] = await deployment.calls(2);
  expect(call).toMatchObject({
    method: 'tools/call',
    decision: 'refused',
    code: 'TOOL_NOT_PROVISIONED',
    tool: 'get-env',
    server: { name: 'everything' },
    user: { name: 'ada' },
  });
  expect(list).toMatchObject({ method: 'tools/list', decision: 'allowed', hidden: expect.arrayContaining(['get-env']) });
});

test('a record holds the four legs in order, who, host, workstation and identity, and no content', async () => {
  await modern(url('everything').href, token, 'tools/call', { name: 'echo', arguments: { message: 'PLANTED-CONTENT' } });
  const [record] = await deployment.calls(1);
  expect(record).toMatchObject({
    user: { name: 'ada' },
    host: 'test',
    gateway: { name: 'eng' },
    server: { name: 'everything' },
    tool: 'echo',
    identity: { kind: 'none' },
    decision: 'allowed',
  });
  const legs = Object.values((record as { legs: Record<string, number> }).legs);
  expect(legs).toHaveLength(4);
  const {
    hostToGateway = 0,
    gatewayToServer = 0,
    serverToGateway = 0,
    gatewayToHost = 0,
  } = (record as { legs: Record<string, number> }).legs;
  expect([hostToGateway, gatewayToServer, serverToGateway, gatewayToHost]).toEqual(
    [hostToGateway, gatewayToServer, serverToGateway, gatewayToHost].toSorted((a, b) => a - b),
  );
  expect(JSON.stringify(record)).not.toContain('PLANTED-CONTENT');
});

test('the audit verifies', async () => {
  expect((await deployment.adminRaw('audit', 'verify')).code).toBe(0);
});
