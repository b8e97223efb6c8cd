// A host of 2026-07-28 (SDK v2) calls servers of 2025-11-25 (SDK v1) that ask in the middle of the call: the call stays open at the gateway, the host gets
// the questions as `input_required`, and its retry goes on with exactly that call. Workstation and remote, over HTTP and over the shim's line.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until, type Workstation } from './deployment.ts';
import { type Answered, codeOf, modern, modernMeta, post } from './mcp.ts';
import { Asked, askedOf, asking, everything, form, model, person, retryOf, textOf } from './parked.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { type Program, root, startProgram } from './program.ts';

let policy: { readonly servers: object; readonly gateways: object };
let deployment: Deployment;
let workstation: Workstation;
let remote: Program;
let ada: string;
let grace: string;
const kinds = ['local', 'remote'] as const;
const tools = { tools: 'all' } as const;

beforeAll(async () => {
  remote = startProgram(join(root, 'test/fake/conformance/legacy.ts'), ['--http']);
  const { url } = z.looseObject({ url: z.string() }).parse(await remote.event('listening'));
  const base = z
    .looseObject({ servers: z.record(z.string(), z.unknown()), gateways: z.looseObject({ eng: z.unknown() }) })
    .parse(walkPolicy({ local: tools, talking: tools, second: tools, third: tools }));
  const all = { tools: 'all', prompts: 'all' };
  policy = {
    ...base,
    servers: { ...base.servers, remote: { kind: 'remote', url, allowPrivate: ['127.0.0.1'] } },
    gateways: {
      ...base.gateways,
      eng: { assignments: { local: all, remote: all, talking: tools, second: tools, third: tools } },
    },
  };
  deployment = await deploy({ policy });
  const LocalServers = {
    local: nodeServer(join(root, 'test/fake/conformance/legacy.ts')),
    ...Object.fromEntries(
      ['talking', 'second', 'third'].map((name) => [
        name,
        nodeServer(join(root, 'test/fake/local-server/talking.ts'), [], { NAME: name }),
      ]),
    ),
  };
  [workstation] = (await Promise.all(
    ['ada', 'grace'].map((user) => deployment.workstation({ user, profile: { LocalServers } })),
  )) as [Workstation, Workstation];
  ada = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  grace = await deployment.hostToken({ user: 'grace', gateway: 'eng' });
  for (const token of [ada, grace])
    for (const server of ['local', 'talking', 'remote', 'second', 'third'])
      await until('the tools are listed', async () => (await modern(at(server), token, 'tools/list')).body.result);
}, 90_000);
afterAll(async () => {
  await deployment?.close();
  await remote?.stop();
});

const at = (server?: string) => `${deployment.origin}/g/eng${server === undefined ? '' : `/s/${server}`}/mcp`;
async function host(seen: string[] = []): Promise<Client> {
  const client = new Client(
    { name: 'new-host', version: '1' },
    { capabilities: everything, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  client.setRequestHandler('elicitation/create', ({ params }) => (seen.push(params.message), person));
  client.setRequestHandler('sampling/createMessage', () => (seen.push('sampling'), model));
  client.setRequestHandler('roots/list', () => (seen.push('roots'), { roots: [{ uri: 'file:///work' }] }));
  const requestInit = { headers: { authorization: `Bearer ${ada}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(at()), { requestInit }));
  return client;
}

interface Calling {
  readonly token?: string;
  readonly server?: string;
  readonly capabilities?: object;
  readonly more?: object;
  readonly meta?: object;
  readonly signal?: AbortSignal;
  readonly id?: number;
}
/** One modern request by hand. */
function call(name: string, args: object = {}, calling: Calling = {}): Promise<Answered> {
  const { token = ada, server = 'talking', capabilities = everything, more = {}, meta = {}, signal, id = 1 } = calling;
  const _meta = { ...modernMeta, ...meta, 'io.modelcontextprotocol/clientCapabilities': capabilities };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
  const params = { name, arguments: args, ...more, _meta };
  const url = server === '' ? at() : at(server);
  return post(url, token, { jsonrpc: '2.0', id, method: 'tools/call', params }, headers, signal);
}

describe.each(kinds)('a %s server of 2025-11-25', (kind) => {
  test('asks a host of 2026-07-28 one thing after the other, and several at once, and the person reads who asks', async ({
    onTestFinished,
  }) => {
    proves('edge.parks-call', {
      file: 'gateway/pipeline/use.ts',
      find: 'held ? { ...request, audience: held } : request',
      replace: 'request',
    });
    const seen: string[] = [];
    const client = await host(seen);
    onTestFinished(() => client.close());
    const rounds = await client.callTool({ name: `${kind}__test_input_required_result_multi_round`, arguments: {} });
    expect(JSON.stringify(rounds.content)).toContain('Ada likes');
    expect(seen).toEqual([
      `The server "${kind}" asks: Step 1: What is your name?`,
      `The server "${kind}" asks: Step 2: What is your favorite color?`,
    ]);
    seen.length = 0;
    const three = await client.callTool({ name: `${kind}__test_input_required_result_multiple_inputs`, arguments: {} });
    expect(JSON.stringify(three.content)).toContain('Hello');
    expect(seen.toSorted()).toEqual(['roots', 'sampling', `The server "${kind}" asks: What is your name?`].toSorted());
    const prompt = await client.getPrompt({ name: `${kind}__test_input_required_result_prompt` });
    expect(JSON.stringify(prompt.messages)).toContain('tests');
  });

  test('that asks for what the request did not declare, and can not go on without, has the host told', async () => {
    proves('edge.capability-missing', {
      file: 'gateway/pipeline/use.ts',
      find: "const needed = isError && request.era === 'modern' ?",
      replace: "const needed = isError && request.era === 'legacy' ?",
    });
    const refused = await call('test_missing_capability', {}, { server: kind, capabilities: { roots: {} } });
    expect([refused.status, refused.body.error?.code, codeOf(refused)]).toEqual([400, -32021, 'CAPABILITY_MISSING']);
    expect(refused.body.error?.data).toMatchObject({ requiredCapabilities: { sampling: {} } });
  });
});

describe('the round of a call that waits', () => {
  test('counts once: a second retry with the same state is refused and on record', async () => {
    proves('edge.round-once', {
      file: 'gateway/pipeline/parking.ts',
      find: 'if (!parked || parked.held.isUnderWay || parked.held.round !== round)',
      replace: 'if (!parked || parked.held.isUnderWay)',
    });
    const tool = 'test_input_required_result_multi_round';
    const first = askedOf(await call(tool, {}, { server: 'local' }));
    const second = askedOf(await call(tool, {}, { server: 'local', more: retryOf(first), id: 2 }));
    expect(second.requestState).not.toBe(first.requestState);
    const replayed = await call(tool, {}, { server: 'local', more: retryOf(first), id: 3 });
    expect([replayed.status, replayed.body.error?.code, codeOf(replayed)]).toEqual([400, -32602, 'STATE_USED']);
    expect((await deployment.calls(1))[0]).toMatchObject({ decision: 'refused', code: 'STATE_USED', method: 'tools/call' });
    const done = await call(tool, {}, { server: 'local', more: retryOf(second), id: 4 });
    expect(textOf(done)).toContain('Ada likes');
    expect(codeOf(await call(tool, {}, { server: 'local', more: retryOf(second), id: 5 }))).toBe('STATE_USED');
  });

  test('of two retries at the same time, one goes on', async () => {
    const asked = askedOf(await call('ask', asking));
    const both = await Promise.all([1, 2].map((id) => call('ask', asking, { more: retryOf(asked), id })));
    expect(both.map((one) => codeOf(one) ?? 'answered').toSorted()).toEqual(['STATE_USED', 'answered']);
  });

  test('is nobody else’s, of no other parameters, and whole', async () => {
    const asked = askedOf(await call('ask', asking));
    const more = retryOf(asked);
    const { requestState } = more;
    const altered = {
      ...more,
      requestState: `${requestState.slice(0, 40)}${requestState[40] === 'A' ? 'B' : 'A'}${requestState.slice(41)}`,
    };
    expect(codeOf(await call('ask', asking, { more, token: grace }))).toBe('STATE_FOREIGN');
    expect(codeOf(await call('ask', { ...asking, id: 'r' }, { more }))).toBe('STATE_FOREIGN');
    expect(codeOf(await call('ask', asking, { more: altered }))).toBe('STATE_FORGED');
    expect(codeOf(await call('ask', asking, { more: { ...more, inputResponses: [] } }))).toBe('INVALID_PARAMS');
    // None of them used it up.
    expect(textOf(await call('ask', asking, { more }))).toContain('Ada');
  });

  test('that lacks an answer is asked again', async () => {
    const asked = askedOf(await call('ask', asking));
    const wrong = { requestState: asked.requestState, inputResponses: { wrong: person } };
    const again = askedOf(await call('ask', asking, { more: wrong }));
    expect(again.inputRequests).toEqual(asked.inputRequests);
    expect(textOf(await call('ask', asking, { more: retryOf(again) }))).toContain('Ada');
  });

  test('is on record with its question and its answer, under one call, without their words', async () => {
    proves('edge.rounds-recorded', {
      file: 'gateway/pipeline/parking.ts',
      find: "await this.#deps.recorder.append(recordOf(question, newRecordId(Date.now()), 'asked', null, held.id));",
      replace: '',
    });
    const planted = { method: 'elicitation/create', params: { ...form, message: 'PLANTED-QUESTION' } };
    const asked = askedOf(await call('ask', planted));
    await call('ask', planted, { more: retryOf(asked, { action: 'accept', content: { name: 'PLANTED-ANSWER' } }) });
    const records = await deployment.records(30);
    const one = z.looseObject({ parked: z.object({ call: z.string() }) }).parse(records.findLast(({ kind }) => kind === 'call'));
    const rounds = records.filter(({ kind }) => kind === 'call').map(({ parked }) => parked);
    expect(rounds).toEqual(expect.arrayContaining([1, 2].map((round) => ({ call: one.parked.call, round }))));
    const events = records.filter(({ event }) => event === 'host_asked').map(({ detail }) => detail);
    expect(events).toEqual(
      expect.arrayContaining(
        ['asked', 'answered'].map((outcome) => expect.objectContaining({ outcome, call: one.parked.call, server: 'talking' })),
      ),
    );
    expect(JSON.stringify(records)).not.toMatch(/PLANTED/);
  });
});

test('a question by an address reaches the person, and tools in a sampling request those who declared them', async () => {
  const url = {
    method: 'elicitation/create',
    params: { mode: 'url', message: 'Sign in', url: 'https://example.org/', elicitationId: 'e' },
  };
  const asked = askedOf(await call('ask', url));
  expect(Object.values(asked.inputRequests)).toMatchObject([{ params: { mode: 'url', url: 'https://example.org/' } }]);
  expect(textOf(await call('ask', url, { more: retryOf(asked, { action: 'accept' }) }))).toContain('accept');
  const tools = {
    id: 'stays open',
    method: 'sampling/createMessage',
    params: { messages: [], maxTokens: 1, tools: [{ name: 't', inputSchema: {} }] },
  };
  expect(askedOf(await call('ask', tools)).inputRequests).toMatchObject({ 'question-1': { params: { tools: [{ name: 't' }] } } });
  expect(textOf(await call('ask', tools, { capabilities: { sampling: {} } }))).toContain('HOST_UNABLE');
});

describe('a server that refuses a call until an address was opened (-32042)', () => {
  test('has a host of 2026-07-28 asked for it, and the retry is the call anew', async () => {
    proves('edge.address-needed', {
      file: 'gateway/pipeline/use.ts',
      find: "if (request.era === 'modern' && needsAddress(reply))",
      replace: "if (request.era === 'legacy' && needsAddress(reply))",
    });
    const name = 'talking__sign-in';
    const asked = askedOf(await call(name, {}, { server: '' }));
    expect(Object.values(asked.inputRequests)).toEqual([
      {
        method: 'elicitation/create',
        params: { mode: 'url', url: 'https://example.org/sign-in', message: 'The server "talking" asks: Sign in' },
      },
    ]);
    const declined = await call(name, {}, { server: '', more: retryOf(asked, { action: 'decline' }) });
    expect(codeOf(declined)).toBe('INPUT_MISSING');
    expect(textOf(await call(name, {}, { server: '', more: retryOf(asked, { action: 'accept' }) }))).toContain('signed in');
  });

  test('is held to the rules for addresses, and to what the host declared', async () => {
    const foreign = await call('sign-in', { url: 'javascript:alert(1)' }, { server: 'second' });
    expect(codeOf(foreign)).toBe('SERVER_GARBAGE');
    const unable = await call('sign-in', {}, { server: 'third', capabilities: { elicitation: { form: {} } } });
    expect([unable.status, unable.body.error?.code]).toEqual([400, -32021]);
  });

  test('tells a host of 2025-11-25 so itself, and the person reads who asks', async () => {
    const client = new OldClient({ name: 'old-host', version: '1' }, { capabilities: { elicitation: { url: {} } } });
    const requestInit = { headers: { authorization: `Bearer ${ada}` } };
    await client.connect(new OldTransport(new URL(at()), { requestInit }));
    await expect(client.callTool({ name: 'talking__sign-in', arguments: {} })).rejects.toMatchObject({
      code: -32042,
      elicitations: [{ message: 'The server "talking" asks: Sign in', url: 'https://example.org/sign-in' }],
    });
    await client.close();
  });
});

test('a form that asks for a secret goes no further, and the server is told', async () => {
  const params = { message: 'Tell me', requestedSchema: { type: 'object', properties: { password: { type: 'string' } } } };
  expect(textOf(await call('ask', { method: 'elicitation/create', params }))).toContain('SECRET_ASKED');
});

test('a host that goes away in a round cancels the call, and one that only stays away does not', async () => {
  const asked = askedOf(await call('ask', { ...asking, id: 'first' }));
  const leaving = new AbortController();
  const args = { ...asking, id: 'second' };
  const other = askedOf(await call('ask-then-wait', args));
  const going = call('ask-then-wait', args, { more: retryOf(other), signal: leaving.signal, id: 9 }).catch(() => 'gone');
  await until('the answer arrived', async () => textOf(await call('last-answer')).includes('Ada'));
  leaving.abort();
  expect(await going).toBe('gone');
  await until('the server heard', async () => textOf(await call('heard')).includes('notifications/cancelled'));
  expect(textOf(await call('ask', { ...asking, id: 'first' }, { more: retryOf(asked) }))).toContain('Ada');
});

test('what the server says of its progress in a later round goes to that round, under its token', async () => {
  const meta = (progressToken: string) => ({ meta: { progressToken } });
  const first = await call('ask-then-progress', asking, meta('round one'));
  const done = await call('ask-then-progress', asking, { ...meta('round two'), more: retryOf(askedOf(first)) });
  expect(done.messages).toMatchObject([
    { method: 'notifications/progress', params: { progressToken: 'round two', progress: 1 } },
    { result: { resultType: 'complete' } },
  ]);
});

test('over the shim’s line it is the same', async ({ onTestFinished }) => {
  const args = ['connect', '--state', workstation.stateDir, '--host', 'test', at('local')];
  const shim = spawn(process.execPath, [join(root, 'bridge/cli.ts'), ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  onTestFinished(async () => {
    shim.kill();
    if (shim.exitCode === null && shim.signalCode === null) await once(shim, 'exit');
  });
  const lines = createInterface({ input: shim.stdout })[Symbol.asyncIterator]();
  const name = 'test_input_required_result_elicitation';
  const send = async (id: number, more: object = {}) => {
    const _meta = { ...modernMeta, 'io.modelcontextprotocol/clientCapabilities': everything };
    const params = { name, arguments: {}, ...more, _meta };
    shim.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })}\n`);
    return z.looseObject({ id: z.literal(id), result: z.looseObject({}) }).parse(JSON.parse(String((await lines.next()).value)));
  };
  const asked = Asked.parse((await send(1)).result);
  expect(JSON.stringify((await send(2, retryOf(asked))).result)).toContain('Hello, Ada!');
});

describe('what changes while a call is open', () => {
  /** The events of calls that were given up, by the servers. */
  const givenUp = async (server: string) =>
    (await deployment.records(500)).filter(
      ({ event, detail }) => event === 'call_given_up' && z.looseObject({ server: z.string() }).parse(detail).server === server,
    );

  test('in the policy ends what waits by it, and keeps what is still allowed and what is under way', async ({
    onTestFinished,
  }) => {
    const leaving = new AbortController();
    onTestFinished(async () => {
      leaving.abort();
      await deployment.apply(policy);
      await until('all is allowed again', async () => (await call('heard', {}, { server: 'third' })).body.result);
    });
    const [taken, kept] = [
      askedOf(await call('ask', { ...asking, id: 'taken' }, { server: 'second' })),
      askedOf(await call('ask', { ...asking, id: 'kept' })),
    ];
    // Under way, in a stream of its own, and not at a question.
    const meta = { progressToken: 'p' };
    const streaming = call('wait', {}, { server: 'third', meta, signal: leaving.signal, id: 7 });
    await until('the server has the call', async () => textOf(await call('waits', {}, { server: 'third' })).includes('true'));
    await deployment.apply({
      ...policy,
      gateways: {
        ...policy.gateways,
        eng: { assignments: { talking: tools, second: { tools: ['heard'] }, third: { tools: ['heard', 'release'] } } },
      },
    });
    await until('the call to be given up', async () => (await givenUp('second')).length > 0);
    expect(await givenUp('second')).toEqual([
      expect.objectContaining({ code: 'TOOL_NOT_PROVISIONED', detail: expect.objectContaining({ item: 'ask', rounds: 1 }) }),
    ]);
    await until('its server heard', async () =>
      textOf(await call('heard', {}, { server: 'second' })).includes('notifications/cancelled'),
    );
    const late = await call('ask', { ...asking, id: 'taken' }, { server: 'second', more: retryOf(taken) });
    expect(codeOf(late)).toBe('TOOL_NOT_PROVISIONED');
    expect(await givenUp('talking')).toEqual([]);
    expect(textOf(await call('ask', { ...asking, id: 'kept' }, { more: retryOf(kept) }))).toContain('Ada');
    expect(codeOf(await call('wait', {}, { server: 'third' }))).toBe('TOOL_NOT_PROVISIONED');
    await call('release', {}, { server: 'third' });
    expect((await streaming).messages.at(-1)).toMatchObject({ result: { content: [{ text: '"released"' }] } });
  });

  test('in its token ends what waits by it, for another token of the same host too', async () => {
    proves('edge.parked-reviewed', {
      file: 'gateway/caller/standing.ts',
      find: 'if (!found || found.revokedAt !== null)',
      replace: 'if (!found)',
    });
    const of = { user: 'grace', gateway: 'eng', host: 'soon-gone' };
    const first = await deployment.hostToken(of);
    const args = { ...asking, id: 'revoked' };
    const waiting = askedOf(await call('ask', args, { token: first, server: 'third' }));
    const listed = z
      .array(z.looseObject({ id: z.string(), host: z.string().optional() }))
      .parse(JSON.parse(await deployment.admin('token', 'list', '--json')));
    const second = await deployment.hostToken(of);
    await deployment.admin('token', 'revoke', listed.find(({ host }) => host === 'soon-gone')?.id ?? '');
    await until('the call to be given up', async () => (await givenUp('third')).length > 0);
    expect(await givenUp('third')).toEqual([expect.objectContaining({ code: 'TOKEN_REVOKED' })]);
    const more = retryOf(waiting);
    expect(codeOf(await call('ask', args, { token: first, server: 'third', more }))).toBe('TOKEN_REVOKED');
    expect(codeOf(await call('ask', args, { token: second, server: 'third', more }))).toBe('STATE_USED');
  });
});

test('a call that waits ends with the process that held it, and its retry is told so', async () => {
  const asked = askedOf(await call('ask', asking));
  await deployment.restartGateway('SIGTERM');
  await until('the server answers again', async () => (await modern(at('talking'), ada, 'tools/list')).body.result);
  // Others wait too, and asking whether the server answers again leaves records of its own.
  const given = (await deployment.records(500)).filter(({ event }) => event === 'call_given_up');
  expect(given).toContainEqual(
    expect.objectContaining({
      code: 'STOPPING',
      detail: expect.objectContaining({ server: 'talking', item: 'ask', rounds: 1 }),
    }),
  );
  const late = await call('ask', asking, { more: retryOf(asked) });
  expect([late.status, codeOf(late), late.body.error?.message]).toEqual([400, 'STATE_LOST', expect.stringContaining('process')]);
});
