// Methods that are foreign to MCP, from hosts of both eras to servers of both eras, remote and on a workstation: passed on whole where the assignment exposes them, held to
// every rule, on record, off with every switch; refused everywhere else. Raw peers, for SDKs strip what they do not know.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { strange, vendorServer } from '../fake/local-server/vendor.ts';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until, type Workstation } from './deployment.ts';
import { modern, modernMeta, post } from './mcp.ts';
import { nodeServer } from './policy.ts';
import { root } from './program.ts';

const eras = ['old', 'new'] as const;
type Era = (typeof eras)[number];
const remote = { old: vendorServer(false), new: vendorServer(true) };
const listeners = eras.map((era) => {
  const server = createServer(async (request, response) => {
    const answers = remote[era].answersTo(await text(request));
    const [only = '', second] = answers;
    const isUnknown = era === 'new' && only.includes('"code":-32601');
    const type = second === undefined ? 'application/json' : 'text/event-stream';
    response.writeHead(only === '' ? 202 : isUnknown ? 404 : 200, { 'content-type': type });
    response.end(second === undefined ? only : answers.map((one) => `data: ${one}\n\n`).join(''));
  });
  return { era, server };
});
const local = join(root, 'test/fake/local-server/vendor.ts');
const names = ['remote-old', 'remote-new', 'local-old', 'local-new'] as const;
const exposed = [
  ...['vendor/reindex', 'vendor/said', 'vendor/card', 'vendor/fail', 'vendor/unheard-of', 'vendor/tell', 'vendor/ask'],
  ...['vendor/choose', 'notifications/vendor/moved', 'notifications/vendor/heard'],
];

let deployment: Deployment;
let workstation: Workstation;
let token: string;
/** By era and place: the session of an old host. */
const sessions = new Map<string, string>();

beforeAll(async () => {
  const servers: Record<string, object> = { 'local-old': { kind: 'workstation' }, 'local-new': { kind: 'workstation' } };
  for (const { era, server } of listeners) {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = z.object({ port: z.number() }).parse(server.address());
    servers[`remote-${era}`] = { kind: 'remote', url: `http://127.0.0.1:${port}/mcp`, allowPrivate: ['127.0.0.1'] };
  }
  servers['open'] = servers['deaf'] = servers['remote-new'] ?? {};
  const rules = [
    { name: 'word', method: 'pattern', patterns: ['sesame'], action: 'block', for: ['prompts'] },
    { name: 'described', method: 'pattern', patterns: ['thunder'], action: 'block', for: ['definitions'] },
    { name: 'said', method: 'pattern', patterns: ['lightning'], action: 'block', on: 'response', for: ['tools'] },
    { name: 'cards', method: 'pii', types: ['CREDIT_CARD'], action: 'redact', for: ['resources'] },
  ];
  const assignments = Object.fromEntries(names.map((name) => [name, { methods: exposed }]));
  deployment = await deploy({
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['all'] } },
      teams: { all: { gateways: ['eng', 'strict'] } },
      servers,
      gateways: {
        eng: { assignments: { ...assignments, open: { methods: 'all' }, deaf: { methods: ['vendor/tell'] } } },
        strict: { assignments: { 'remote-new': { methods: 'all' }, 'remote-old': { tools: 'all' } }, rules },
      },
    },
  });
  workstation = await deployment.workstation({
    user: 'ada',
    profile: { LocalServers: { 'local-old': nodeServer(local), 'local-new': nodeServer(local, ['new']) } },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  await until('the workstation to serve', async () => (await send('new', 'local-new', 'vendor/reindex')).status === 200);
}, 60_000);
afterAll(async () => {
  await deployment?.close();
  for (const { server } of listeners) {
    server.close();
    server.closeAllConnections();
  }
});

interface Sent {
  readonly status: number;
  readonly body: string;
}
/** `server` empty: at the gateway's one URL. `params`: the members, as text. A method of that name is a notification. */
async function send(era: Era, server: string, method: string, params = '', gateway = 'eng', by = token): Promise<Sent> {
  const id = method.startsWith('notifications/') ? '' : '"id":"a",';
  const place = `/g/${gateway}${server === '' ? '' : `/s/${server}`}/mcp`;
  const post = async (body: string, more: Record<string, string>): Promise<Response> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${by}`, ...more };
    return fetch(`${deployment.origin}${place}`, { method: 'POST', headers, body });
  };
  const body = (all: string) => `{"jsonrpc":"2.0",${id}"method":${JSON.stringify(method)},"params":{${all}}}`;
  if (era === 'new') {
    const meta = `"_meta":${JSON.stringify(modernMeta)}`;
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method };
    const answered = await post(body(params === '' ? meta : `${params},${meta}`), headers);
    return { status: answered.status, body: await answered.text() };
  }
  let session = sessions.get(place);
  if (session === undefined) {
    const about = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'h', version: '1' } };
    const begun = await post(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: about }), {});
    sessions.set(place, (session = begun.headers.get('mcp-session-id') ?? ''));
  }
  const answered = await post(body(params), { 'mcp-session-id': session });
  return { status: answered.status, body: await answered.text() };
}
const lastCall = async () => (await deployment.calls(1)).at(-1);

describe.each(eras)('a host of the %s era', (era) => {
  test.each(names)('gets the answer of a foreign method at %s byte for byte, and its params arrive so', async (server) => {
    expect((await send(era, server, 'vendor/reindex', strange)).body).toContain(strange);
    expect(await lastCall()).toMatchObject({
      method: 'vendor/reindex',
      server: { name: server },
      item: { kind: 'method', name: 'vendor/reindex' },
      tool: null,
      decision: 'allowed',
    });
    expect((await send(era, server, 'vendor/said')).body).toContain(JSON.stringify(strange).slice(1, -1));
  });

  test.each(names)('gets the errors of %s as they are', async (server) => {
    const failed = await send(era, server, 'vendor/fail');
    expect([failed.status, failed.body]).toEqual([
      200,
      expect.stringContaining('"code":-32077,"message":"out of order","data":{"vendor":1.0}'),
    ]);
    const unknown = await send(era, server, 'vendor/unheard-of');
    expect([unknown.status, unknown.body]).toEqual([
      era === 'new' ? 404 : 200,
      expect.stringContaining('"code":-32601,"message":"no"'),
    ]);
  });

  test('is refused one that is not exposed as if it were not there, and its server hears nothing of it', async () => {
    proves('policy.foreign-method-closed', {
      file: 'gateway/policy/exposure.ts',
      find: "methods: shownOf(assignment.methods ?? 'none'),",
      replace: "methods: shownOf('all'),",
    });
    const before = remote.new.said.length;
    const refused = await send(era, 'remote-new', 'vendor/other');
    expect([refused.status, refused.body]).toEqual([era === 'new' ? 404 : 200, expect.stringContaining('METHOD_UNKNOWN')]);
    expect(await lastCall()).toMatchObject({ decision: 'refused', code: 'METHOD_UNKNOWN', server: { name: 'remote-new' } });
    expect(remote.new.said.length).toBe(before);
  });

  test.each(['tools/call', 'Tools/Call', 'tools//call', 'tools.call', 'sampling/createMessage', 'rpc.discover', 'täglich'])(
    'is refused %s where all methods are exposed: it is MCP’s own, or passes for it, or has no name',
    async (method) => {
      const before = remote.new.said.length;
      const refused = await send(era, 'open', method, '"name":"odd","arguments":{}').catch((error: unknown) => error);
      // A header can't hold every name.
      if (refused instanceof Error) return expect([era, method]).toEqual(['new', 'täglich']);
      expect(refused).toMatchObject({ body: expect.stringContaining('"error"') });
      expect(remote.new.said.length).toBe(before);
    },
  );

  test('is refused every foreign method at the gateway’s one URL, for it names no server', async () => {
    const refused = await send(era, '', 'vendor/reindex');
    expect([refused.status, refused.body]).toEqual([era === 'new' ? 404 : 200, expect.stringContaining('METHOD_UNKNOWN')]);
  });
});

/** An old host on its SDK, which hears and answers what MCP does not know. */
async function oldHost(server: string, by = token, gateway = 'eng') {
  const client = new Client({ name: 'h', version: '1' });
  const told: unknown[] = [];
  const asked: unknown[] = [];
  client.fallbackNotificationHandler = (one) => Promise.resolve(void told.push(one));
  client.fallbackRequestHandler = (one) => (asked.push({ method: one.method, params: one.params }), Promise.resolve({ yes: 1 }));
  const url = new URL(`${deployment.origin}/g/${gateway}/s/${server}/mcp`);
  const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers: { authorization: `Bearer ${by}` } } });
  await client.connect(transport as Parameters<Client['connect']>[0]);
  const request = (method: string, params = {}) => client.request({ method, params }, z.looseObject({}));
  return { client, told, asked, request };
}
const strangeValue: unknown = JSON.parse(`{${strange}}`);

describe('what a server says that MCP does not know', () => {
  test.each(names)('by a notification of %s is told to the host of its call where it is exposed', async (server) => {
    const { client, told, request } = await oldHost(server);
    await request('vendor/tell', { word: 'w' });
    expect(told).toMatchObject([{ method: 'notifications/vendor/moved', params: { word: 'w', ...Object(strangeValue) } }]);
    await client.close();
    const url = `${deployment.origin}/g/eng/s/${server}/mcp`;
    const answered = await modern(url, token, 'vendor/tell', { word: 'v' });
    expect(answered.messages).toMatchObject([
      { method: 'notifications/vendor/moved', params: { word: 'v' } },
      { result: { told: true } },
    ]);
  });

  test('by a notification is told to nobody where it is not exposed, or where a rule finds something in it', async () => {
    proves('policy.foreign-notification-closed', {
      file: 'gateway/pipeline/screen.ts',
      find: 'if (foreign && !mayHear(told, foreign)) return deps.onDropped();',
      replace: '',
    });
    const strict = await deployment.hostToken({ user: 'ada', gateway: 'strict' });
    const open = await oldHost('remote-new', strict, 'strict');
    await open.request('vendor/tell', { word: 'fine' });
    expect(await open.request('vendor/tell', { word: 'lightning' })).toMatchObject({ told: true });
    expect(open.told).toMatchObject([{ params: { word: 'fine' } }]);
    await open.client.close();
    const deaf = await oldHost('deaf');
    await deaf.request('vendor/tell', { word: 'x' });
    expect(deaf.told).toEqual([]);
    await deaf.client.close();
  });

  test.each(['local-old', 'local-new', 'remote-new'])(
    'by a question of %s is asked of an old host, and its answer goes back',
    async (server) => {
      const { client, asked, request } = await oldHost(server);
      expect(await request('vendor/ask')).toMatchObject({ chosen: { yes: 1 } });
      expect(asked).toMatchObject([{ method: 'vendor/choose', params: strangeValue }]);
      await client.close();
      const events = (await deployment.records(20)).filter((record) => record['event'] === 'host_asked');
      expect(events.at(-1)).toMatchObject({ detail: { method: 'vendor/choose', outcome: 'answered', server } });
    },
  );

  test.each(['local-old', 'local-new', 'remote-new'])(
    'by a question of %s is asked of a modern host in the answer to a foreign method',
    async (server) => {
      const url = `${deployment.origin}/g/eng/s/${server}/mcp`;
      // Only whoever can be asked something can be asked this.
      const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
      const ask = (more: object) =>
        post(
          url,
          token,
          { jsonrpc: '2.0', id: 1, method: 'vendor/ask', params: { ...more, _meta: { ...modernMeta, ...meta } } },
          { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'vendor/ask' },
        );
      const { result = {} } = (await ask({})).body;
      const requests = z.record(z.string(), z.unknown()).parse(result['inputRequests']);
      expect(Object.values(requests)).toMatchObject([{ method: 'vendor/choose', params: strangeValue }]);
      expect(result['requestState']).not.toBe('s');
      const inputResponses = Object.fromEntries(Object.keys(requests).map((key) => [key, { yes: 2 }]));
      expect((await ask({ inputResponses, requestState: result['requestState'] })).body.result).toMatchObject({
        chosen: { yes: 2 },
      });
    },
  );
});

describe.each(eras)('what a host of the %s era says by a notification that MCP does not know', (era) => {
  const heard = 'notifications/vendor/heard';
  test.each(names)('reaches %s byte for byte, and is on record', async (server) => {
    expect(await send(era, server, heard, strange)).toEqual({ status: 202, body: '' });
    expect(await lastCall()).toMatchObject({
      method: heard,
      item: { kind: 'method', name: heard },
      server: { name: server },
      decision: 'allowed',
    });
    expect((await send(era, server, 'vendor/said')).body).toContain(JSON.stringify(strange).slice(1, -1));
  });

  test('goes nowhere where it is not exposed, or names no server', async () => {
    proves('policy.foreign-told-closed', {
      file: 'gateway/pipeline/use.ts',
      find: "if (decision.kind === 'refused') throw decision.fault;\n  let changed: Sent<NotificationMessage> | undefined;",
      replace: 'let changed: Sent<NotificationMessage> | undefined;',
    });
    const before = remote.new.said.length;
    expect(await send(era, 'deaf', heard)).toEqual({ status: 202, body: '' });
    expect(await lastCall()).toMatchObject({
      method: heard,
      decision: 'refused',
      code: 'METHOD_UNKNOWN',
      server: { name: 'deaf' },
    });
    expect(await send(era, '', heard)).toEqual({ status: 202, body: '' });
    expect(await send(era, 'open', 'notifications/roots//list_changed')).toEqual({ status: 202, body: '' });
    expect(remote.new.said.length).toBe(before);
  });

  test('is held to every rule, and the host is told so by the status', async () => {
    const strict = await deployment.hostToken({ user: 'ada', gateway: 'strict' });
    const before = remote.new.said.length;
    const blocked = await send(era, 'remote-new', heard, '"a":"thunder"', 'strict', strict);
    expect([blocked.status, blocked.body]).toEqual([
      expect.toSatisfy((status: number) => status >= 400),
      expect.stringContaining('RULE_BLOCKED'),
    ]);
    expect(remote.new.said.length).toBe(before);
    expect((await send(era, 'remote-new', heard, '"a":"4111 1111 1111 1111"', 'strict', strict)).status).toBe(202);
    expect(remote.new.said.at(-1)).toContain('"a":"[REDACTED]"');
  });
});

test.each(['local-old', 'remote-new'])(
  'through the shim, foreign methods and notifications reach %s as they came',
  async (server) => {
    const url = `${deployment.origin}/g/eng/s/${server}/mcp`;
    const args = [join(root, 'bridge/cli.ts'), 'connect', '--state', workstation.stateDir, '--host', 'test', url];
    const shim = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    const lines: string[] = [];
    createInterface({ input: shim.stdout }).on('line', (line) => lines.push(line));
    const about = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'h', version: '1' } };
    shim.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: about })}\n`);
    shim.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    await until('initialize', () => Promise.resolve(lines.length === 1));
    shim.stdin.write(`{"jsonrpc":"2.0","id":1,"method":"vendor/reindex","params":{${strange}}}\n`);
    await until('the answer', () => Promise.resolve(lines.length === 2));
    expect(lines[1]).toContain(strange);
    shim.stdin.write(`{"jsonrpc":"2.0","method":"notifications/vendor/heard","params":{"from":"the shim"}}\n`);
    await until('its record', async () => (await lastCall())?.['method'] === 'notifications/vendor/heard');
    shim.stdin.write('{"jsonrpc":"2.0","id":2,"method":"vendor/said"}\n');
    await until('what it heard', () => Promise.resolve(lines.length === 3));
    expect(lines[2]).toContain('the shim');
    shim.kill();
    await once(shim, 'exit');
  },
);

test('a foreign notification in a batch of 2025-03-26 reaches its server too', async () => {
  const url = `${deployment.origin}/g/eng/s/remote-old/mcp`;
  const about = { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'h', version: '1' } };
  const begun = await post(url, token, { jsonrpc: '2.0', id: 0, method: 'initialize', params: about });
  const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' };
  const heard = '{"jsonrpc":"2.0","method":"notifications/vendor/heard","params":{"in":"a batch"}}';
  expect((await post(url, token, `[${heard}]`, session)).status).toBe(202);
  expect(remote.old.said.at(-1)).toBe(heard);
});

describe('rules', () => {
  let strict: string;
  beforeAll(async () => {
    strict = await deployment.hostToken({ user: 'ada', gateway: 'strict' });
  });

  test.each(eras)('hold for foreign methods of the %s era whatever they are for, both ways', async (era) => {
    proves('rule.foreign-method-all', {
      file: 'gateway/rule/compile.ts',
      find: "(scope === 'methods' || rule.for.includes(scope))",
      replace: 'rule.for.includes(scope as RuleScope)',
    });
    const at = (method: string, params = '') => send(era, 'remote-new', method, params, 'strict', strict);
    expect((await at('vendor/reindex', '"name":"open sesame"')).body).toContain('RULE_BLOCKED');
    expect((await at('vendor/reindex', '"deep":[{"a":"thunder"}]')).body).toContain('RULE_BLOCKED');
    const card = await at('vendor/card', '"uri":"card 4111 1111 1111 1111"');
    expect(card.body).toContain('"note":"[REDACTED]"');
    expect(remote.new.said.at(-1)).toContain('card [REDACTED]');
    expect(await lastCall()).toMatchObject({
      decision: 'allowed',
      hits: [
        { rule: 'cards', on: 'request' },
        { rule: 'cards', on: 'response' },
      ],
    });
  });

  test('look at the name of one that the policy does not name, and what they find there is in no record', async () => {
    proves('rule.foreign-method-name', {
      file: 'gateway/pipeline/screen.ts',
      find: "if (!isItsName || of.assignment.exposure('methods') !== 'all') return undefined;",
      replace: 'if (isItsName !== undefined) return undefined;',
    });
    const before = remote.new.said.length;
    expect((await send('new', 'remote-new', 'vendor/open-sesame', '', 'strict', strict)).body).toContain('RULE_BLOCKED');
    expect(remote.new.said.length).toBe(before);
    expect(await lastCall()).toMatchObject({ method: '?', item: { kind: 'method', name: '?' }, code: 'RULE_BLOCKED' });
    expect(JSON.stringify(await deployment.records(5))).not.toContain('sesame');
  });
});

test('a switch of the server ends its foreign methods too', async () => {
  await deployment.admin('switch', 'off', 'server', 'remote-old', '--reason', 'a test');
  const isOff = async (era: Era) => (await send(era, 'remote-old', 'vendor/reindex')).body.includes('SWITCHED_OFF');
  for (const era of eras) await until(`the switch to count for the ${era} era`, () => isOff(era));
  await deployment.admin('switch', 'on', 'server', 'remote-old', '--reason', 'a test');
  await until('it to be on again', async () => (await send('new', 'remote-old', 'vendor/reindex')).body.includes(strange));
});

test('a policy with methods comes back from an export as it was, and one that names MCP’s own is refused by line', async () => {
  const exported = await deployment.admin('export');
  expect(exported).toMatch(/methods:\s*\n?\s*- ?vendor\/reindex/);
  expect(exported).toContain('methods: all');
});
