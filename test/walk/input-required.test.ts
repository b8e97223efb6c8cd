// A modern server needs something of the host before it can answer: hosts of both eras, by the official SDKs, are asked, named who asks, and answered; and
// what a server may not ask, or another user may not bring back, goes no further.
import { join } from 'node:path';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { type Answered, codeOf, modern, modernMeta, post } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

let deployment: Deployment;
let ada: string;
let grace: string;
beforeAll(async () => {
  deployment = await deploy({ policy: walkPolicy({ fixture: { tools: 'all' }, prying: { tools: 'all' } }) });
  const LocalServers = {
    fixture: nodeServer(join(root, 'test/fake/conformance/modern.ts')),
    prying: nodeServer(join(root, 'test/fake/local-server/prying.ts')),
  };
  await Promise.all(['ada', 'grace'].map((user) => deployment.workstation({ user, profile: { LocalServers } })));
  ada = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  grace = await deployment.hostToken({ user: 'grace', gateway: 'eng' });
  for (const token of [ada, grace])
    for (const server of ['fixture', 'prying'])
      await until('the tools are listed', async () => (await modern(at(server), token, 'tools/list')).body.result);
});
afterAll(() => deployment.close());

const at = (server?: string) => `${deployment.origin}/g/eng${server === undefined ? '' : `/s/${server}`}/mcp`;
const init = (token: string) => ({ requestInit: { headers: { authorization: `Bearer ${token}` } } });
const capabilities = { elicitation: {}, sampling: {}, roots: {} };
const person = { action: 'accept', content: { name: 'Ada', color: 'blue' } } as const;
const model = { role: 'assistant', content: { type: 'text', text: 'Hello' }, model: 'm' } as const;

/** One modern call with what the host can, and whatever else. */
function call(token: string, server: string, name: string, more: object = {}): Promise<Answered> {
  const _meta = { ...modernMeta, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
  const params = { name, arguments: {}, ...more, _meta };
  return post(at(server), token, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, headers);
}
const asked = async () =>
  (await deployment.records(20))
    .filter(({ event }) => event === 'host_asked')
    .map(({ detail }) => z.looseObject({ method: z.string(), outcome: z.string() }).parse(detail))
    .map(({ method, outcome }) => `${method} ${outcome}`);

test('a host of 2026-07-28 is asked over several rounds, and at the one URL the person reads who asks', async () => {
  proves('edge.asks-modern-host', {
    file: 'gateway/upstream/item.ts',
    find: 'withModernMeta(message, level, declaredBy(allowed, request))',
    replace: 'withModernMeta(message, level)',
  });
  const client = new NewClient(
    { name: 'new', version: '1' },
    { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  const seen: string[] = [];
  client.setRequestHandler('elicitation/create', ({ params }) => (seen.push(params.message), person));
  client.setRequestHandler('sampling/createMessage', () => model);
  client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///work' }] }));
  await client.connect(new NewTransport(new URL(at()), init(ada)));
  const rounds = await client.callTool({ name: 'fixture__test_input_required_result_multi_round', arguments: {} });
  expect(JSON.stringify(rounds.content)).toContain('Ada likes');
  expect(seen).toEqual([
    'The server "fixture" asks: Step 1: What is your name?',
    'The server "fixture" asks: Step 2: What is your favorite color?',
  ]);
  const three = await client.callTool({ name: 'fixture__test_input_required_result_multiple_inputs', arguments: {} });
  expect(JSON.stringify(three.content)).toContain('Hello');
  await client.close();
  expect(await asked()).toEqual(
    expect.arrayContaining(['elicitation/create asked', 'sampling/createMessage asked', 'roots/list asked']),
  );
});

test('a host of 2025-11-25 is asked by requests on its stream, and its call goes on by itself', async () => {
  proves('edge.asks-legacy-host', {
    file: 'gateway/pipeline/use.ts',
    find: "for (let round = 1; request.era === 'legacy' && needsInput(reply); round++) {",
    replace: "for (let round = 1; request.era === 'modern' && needsInput(reply); round++) {",
  });
  const client = new Client({ name: 'old', version: '1' }, { capabilities });
  const seen: string[] = [];
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => (seen.push(params.message), person));
  client.setRequestHandler(CreateMessageRequestSchema, () => model);
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///work' }] }));
  await client.connect(new StreamableHTTPClientTransport(new URL(at()), init(ada)));
  const rounds = await client.callTool({ name: 'fixture__test_input_required_result_multi_round', arguments: {} });
  expect(JSON.stringify(rounds.content)).toContain('Ada likes');
  expect(seen[1]).toBe('The server "fixture" asks: Step 2: What is your favorite color?');
  const three = await client.callTool({ name: 'fixture__test_input_required_result_multiple_inputs', arguments: {} });
  expect(JSON.stringify(three.content)).toContain('Hello');
  await expect(client.callTool({ name: 'prying__endless', arguments: {} })).rejects.toThrow('more than 8 times');
  await client.close();
});

test('a host of 2025-11-25 that answers with an error ends its call with the reason', async () => {
  const client = new Client({ name: 'old', version: '1' }, { capabilities });
  client.setRequestHandler(ElicitRequestSchema, () => Promise.reject(new Error('the person is away')));
  await client.connect(new StreamableHTTPClientTransport(new URL(at('fixture')), init(ada)));
  await expect(client.callTool({ name: 'test_elicitation', arguments: { message: 'Who?' } })).rejects.toThrow(
    'The server "fixture" needs elicitation/create first: the AI host answered with an error',
  );
  await client.close();
});

describe('the state of a call', () => {
  const tool = 'test_input_required_result_request_state';
  const inputResponses = { confirm: { action: 'accept', content: { ok: true } } };

  test('is of no use to another user, to another tool, or altered', async () => {
    const first = await call(ada, 'fixture', tool);
    const requestState = z.string().parse(first.body.result?.['requestState']);
    const other = 'test_input_required_result_tampered_state';
    for (const [refused, code] of [
      [await call(grace, 'fixture', tool, { inputResponses, requestState }), 'STATE_FOREIGN'],
      [await call(ada, 'fixture', other, { inputResponses, requestState }), 'STATE_FOREIGN'],
      [await call(ada, 'fixture', tool, { inputResponses, requestState: `${requestState}-TAMPERED` }), 'STATE_FORGED'],
    ] as const)
      expect([refused.status, refused.body.error?.code, codeOf(refused)]).toEqual([400, -32602, code]);
    const done = await call(ada, 'fixture', tool, { inputResponses, requestState });
    expect(JSON.stringify(done.body.result)).toContain('state-ok');
  });
});

describe('a server does not get to ask', () => {
  test('for a password in a form', async () => {
    proves('edge.input-no-secret', {
      file: 'gateway/pipeline/input-required.ts',
      find: 'checkQuestion(deps.inForce, call, method, params, abilitiesOf(call, message));',
      replace: '',
    });
    expect(codeOf(await call(ada, 'prying', 'password'))).toBe('SECRET_ASKED');
    expect(await asked()).toContain('elicitation/create refused');
  });
  test('for what the host did not say that it can', async () => {
    expect(codeOf(await call(ada, 'prying', 'model'))).toBe('SERVER_GARBAGE');
  });
  test('for nothing', async () => {
    expect(codeOf(await call(ada, 'prying', 'nothing'))).toBe('SERVER_GARBAGE');
  });
});
