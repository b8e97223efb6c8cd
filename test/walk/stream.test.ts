// What flows while a call is open, between real hosts and real local servers: progress, log messages, questions to the host and their answers.
import { join } from 'node:path';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until, type Workstation } from './deployment.ts';
import { modern } from './mcp.ts';
import { hostOfV1, hostOfV2, type Way } from './old-host.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

let deployment: Deployment;
let workstation: Workstation;
let token: string;

beforeAll(async () => {
  deployment = await deploy({
    policy: walkPolicy({
      everything: { tools: 'all' },
      talking: { tools: 'all', resources: ['thing://a', 'thing://b', 'thing://refused'] },
      shared: { tools: 'all', resources: ['thing://a'], shareable: true },
    }),
  });
  const talking = nodeServer(join(root, 'test/fake/local-server/talking.ts'));
  workstation = await deployment.workstation({
    user: 'ada',
    profile: {
      LocalServers: {
        everything: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything'] },
        talking,
        shared: { ...talking, env: { SHARED: '1' } },
      },
    },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  for (const server of ['everything', 'talking', 'shared'])
    await until(`${server} to be offered`, async () => {
      const answered = await modern(url(server), token, 'tools/list');
      return answered.body.result !== undefined;
    });
});
afterAll(() => deployment.close());

const url = (server?: string) => `${deployment.origin}/g/eng/${server === undefined ? '' : `s/${server}/`}mcp`;
const overHttp = (server?: string): Way => ({ kind: 'http', url: new URL(url(server)), token });
const bySse = (server?: string): Way => ({ kind: 'sse', url: new URL(url(server).replace(/mcp$/, 'sse')), token });
const throughShim = (server?: string): Way => ({
  kind: 'stdio',
  command: process.execPath,
  args: [join(root, 'bridge/cli.ts'), 'connect', '--state', workstation.stateDir, '--host', 'test', url(server)],
});

const form = {
  message: 'Who are you?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string', title: 'Your name' } } },
};

describe.each([
  ['SDK v1', 'over HTTP', hostOfV1, overHttp],
  ['SDK v1', 'through the shim', hostOfV1, throughShim],
  ['SDK v1', 'by the transport of 2024-11-05', hostOfV1, bySse],
  ['SDK v2', 'over HTTP', hostOfV2, overHttp],
  ['SDK v2', 'through the shim', hostOfV2, throughShim],
  ['SDK v2', 'by the transport of 2024-11-05', hostOfV2, bySse],
] as const)('a 2025-11-25 host (%s) %s', (_, __, host, transport) => {
  test('is asked by server-everything for a form, a sample and its roots, and its answers arrive', async ({ onTestFinished }) => {
    const { asked, call, close, ...rest } = await host(transport('everything'));
    onTestFinished(close);
    await rest.listTools();
    expect(JSON.stringify(await call('trigger-elicitation-request'))).toContain('User provided');
    expect(JSON.stringify(await call('trigger-sampling-request', { prompt: 'say', maxTokens: 10 }))).toContain('sampled');
    expect(JSON.stringify(await call('get-roots-list'))).toContain('file:///home/ada/work');
    expect(new Set(asked.map(({ method }) => method))).toEqual(
      new Set(['elicitation/create', 'sampling/createMessage', 'roots/list']),
    );
  });

  test('sees progress as it comes, under its own token', async ({ onTestFinished }) => {
    const { call, close } = await host(transport('everything'));
    onTestFinished(close);
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
    await call('trigger-long-running-operation', { duration: 0.9, steps: 3 }, { onprogress });
    // The SDK forgets a report that comes with the answer in one read.
    expect(seen[0]).toBe(1);
    expect(seen).toEqual([1, 2, 3].slice(0, seen.length));
  });

  test('is told which server asks, at the address where there are several', async ({ onTestFinished }) => {
    const { asked, logged, call, close } = await host(transport());
    onTestFinished(close);
    expect(await call('talking__ask', { method: 'elicitation/create', params: form })).toMatchObject({
      result: { action: 'accept', content: { name: 'Ada' } },
    });
    expect(asked).toMatchObject([
      { params: { message: 'The server "talking" asks: Who are you?', _meta: { 'drawbridge/server': 'talking' } } },
    ]);
    await call('talking__log', { level: 'warning', data: 'careful', logger: 'db' });
    await call('talking__log', { level: 'warning', data: 'careful' });
    expect(logged.map(({ logger }) => logger)).toEqual(['talking/db', 'talking']);
  });

  test('gets no question that it did not say it can answer, and the server is told so', async ({ onTestFinished }) => {
    const { asked, call, close } = await host(transport('talking'), {});
    onTestFinished(close);
    expect(await call('heard')).toMatchObject({ declared: {} });
    for (const method of ['elicitation/create', 'sampling/createMessage', 'roots/list', 'tasks/list'])
      expect(await call('ask', { method, params: form })).toMatchObject({
        error: { code: -32601, data: { code: 'HOST_UNABLE' } },
      });
    expect(asked).toEqual([]);
  });

  test('is never shown a form that asks for a secret', async ({ onTestFinished }) => {
    proves('protocol.no-secret-form', {
      file: 'gateway/pipeline/question.ts',
      find: 'if (field !== undefined)',
      replace: 'if (false)',
    });
    const { asked, call, close } = await host(transport('talking'));
    onTestFinished(close);
    const params = { message: 'Sign in', requestedSchema: { type: 'object', properties: { apiKey: { type: 'string' } } } };
    expect(await call('ask', { method: 'elicitation/create', params })).toMatchObject({
      error: { data: { code: 'SECRET_ASKED' } },
    });
    expect(asked).toEqual([]);
  });

  test('is asked nothing outside of a call', async ({ onTestFinished }) => {
    const { asked, news, call, close } = await host(transport('talking'));
    onTestFinished(close);
    await call('ask-later', { method: 'roots/list' });
    await until('the server to have its answer', () => Promise.resolve(news.length > 0));
    expect(JSON.stringify(await call('last-answer'))).toContain('none of its calls is under way');
    expect(asked).toEqual([]);
  });

  test('says how urgent a log message has to be, at once and for servers that it calls later', async ({ onTestFinished }) => {
    const { logged, call, close, ...rest } = await host(transport());
    onTestFinished(close);
    await call('talking__log', { level: 'debug', data: 'before' });
    await rest.setLogLevel('warning');
    await until('the server to know', async () => JSON.stringify(await call('talking__heard')).includes('"level":"warning"'));
    for (const level of ['debug', 'notice', 'warning', 'alert']) await call('talking__log', { level, data: level });
    expect(logged.map(({ data }) => data)).toEqual(['before', 'warning', 'alert']);
  });

  test('hears once that a list changed, and tells servers that its roots did', async ({ onTestFinished }) => {
    const { news, call, close, ...rest } = await host(transport('talking'));
    onTestFinished(close);
    await call('notify', { method: 'notifications/tools/list_changed', count: 50 });
    await until('the news', () => Promise.resolve(news.length > 0));
    await rest.rootsChanged();
    await until('the server to hear', async () =>
      JSON.stringify(await call('heard')).includes('notifications/roots/list_changed'),
    );
    // Once, and once more where the burst took longer than news is waited for.
    expect(new Set(news)).toEqual(new Set(['notifications/tools/list_changed']));
    expect(news.length).toBeLessThan(5);
  });

  test('hears of the resources that it subscribed to, by the URI that it knows, and of no others', async ({ onTestFinished }) => {
    proves('protocol.subscribed', {
      file: 'gateway/upstream/subscription.ts',
      find: 'for (const hearer of this.#byUri.get(updated) ?? []) hearers.set(hearer, updated);',
      replace: 'for (const [uri, all] of this.#byUri) for (const hearer of all) hearers.set(hearer, uri);',
    });
    const { news, call, close, ...rest } = await host(transport());
    onTestFinished(close);
    const update = (uri: string) => call('talking__notify', { method: 'notifications/resources/updated', params: { uri } });
    await rest.subscribe('thing://talking__a');
    await rest.subscribe('thing://talking__b');
    await expect(rest.subscribe('thing://talking__c')).rejects.toThrow(/not provisioned/);
    await expect(rest.subscribe('thing://talking__refused')).rejects.toThrow(/no such thing/);
    await rest.unsubscribe('thing://talking__b');
    for (const uri of ['thing://refused', 'thing://b', 'thing://c', 'thing://ab', 'thing://a', 'thing://a/part'])
      await update(uri);
    await until('the news', () => Promise.resolve(news.length >= 2));
    expect(news).toEqual(['thing://talking__a', 'thing://talking__a/part']);
    expect(JSON.stringify(await call('talking__heard'))).toMatch(/resources\/unsubscribe thing:\/\/b/);
  });

  test('shares a subscription: the server is told of the first host and of the last', async ({ onTestFinished }) => {
    const uri = 'thing://a';
    const [first, second] = [await host(transport('shared')), await host(transport('shared'))];
    onTestFinished(() => Promise.all([first, second].map(({ close }) => close())).then(() => undefined));
    const unsubscribed = async () => JSON.stringify(await second.call('heard')).split('resources/unsubscribe').length - 1;
    const before = await unsubscribed();
    await first.subscribe(uri);
    await second.subscribe(uri);
    await first.unsubscribe(uri);
    expect(await unsubscribed()).toBe(before);
    await first.call('notify', { method: 'notifications/resources/updated', params: { uri } });
    await until('the news', () => Promise.resolve(second.news.length > 0));
    expect(first.news).toEqual([]);
    await second.unsubscribe(uri);
    expect(await unsubscribed()).toBe(before + 1);
  });

  test('cancels a call, and its server hears of it', async ({ onTestFinished }) => {
    const { call, close } = await host(transport('talking'));
    onTestFinished(close);
    const cancelled = new AbortController();
    const waiting = call('wait', {}, { signal: cancelled.signal, onprogress: () => cancelled.abort() });
    await expect(waiting).rejects.toThrow();
    await until('the server to hear', async () => JSON.stringify(await call('heard')).includes('notifications/cancelled'));
  });

  test('takes 10,000 reports of progress in one burst, and then the answer', async ({ onTestFinished }) => {
    const { call, close } = await host(transport('talking'));
    onTestFinished(close);
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
    expect(await call('progress', { count: 10_000 }, { onprogress })).toBe('done');
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test('shares a server with another host: each gets its own progress, and neither is asked or told what is not its own', async ({
    onTestFinished,
  }) => {
    proves('protocol.own-token', {
      file: 'gateway/upstream/session.ts',
      find: 'progressToken === undefined ? message : withToken(message, id)',
      replace: 'message',
    });
    proves('protocol.shared-server', {
      file: 'gateway/upstream/unasked.ts',
      find: 'if (this.#deps.isShared || level === undefined)',
      replace: 'if (level === undefined)',
    });
    const hosts = await Promise.all([host(transport('shared')), host(transport('shared'))]);
    onTestFinished(() => Promise.all(hosts.map(({ close }) => close())).then(() => undefined));
    const seen: number[][] = [[], []];
    // The SDK's first ids are the same for both, and so are its tokens. Each is answered once all was seen: the SDK forgets a report that comes with the answer.
    const answered = hosts.map(({ call }, index) =>
      call('progress', { count: index + 2, isHeld: true }, { onprogress: ({ progress }) => void seen[index]?.push(progress) }),
    );
    await until('all reports', () => Promise.resolve(seen.flat().length >= 5));
    const [first, second] = hosts;
    await second?.call('let-go');
    await Promise.all(answered);
    expect(seen).toEqual([
      [1, 2],
      [1, 2, 3],
    ]);
    expect(await first?.call('ask', { method: 'elicitation/create', params: form })).toMatchObject({
      error: { data: { code: 'HOST_UNABLE' } },
    });
    await first?.call('log', { level: 'alert', data: 'whose is it?' });
    await second?.call('heard');
    expect(hosts.flatMap(({ asked, logged }) => [...asked, ...logged])).toEqual([]);
  });
});

test('each question is on record, without its words', async ({ onTestFinished }) => {
  proves('protocol.question-recorded', {
    file: 'gateway/pipeline/question.ts',
    find: "  await deps.recorder.append(recordOf(question, newRecordId(Date.now()), 'answered', null, host.id));",
    replace: '',
  });
  const { call, close } = await hostOfV1(overHttp('talking'));
  onTestFinished(close);
  await call('ask', { method: 'elicitation/create', params: { ...form, message: 'PLANTED-QUESTION' } });
  const records = await deployment.records(20);
  expect(records.find(({ event }) => event === 'host_asked')).toMatchObject({
    user: { name: 'ada' },
    code: null,
    detail: { method: 'elicitation/create', server: 'talking', gateway: 'eng', host: 'test', item: 'ask', outcome: 'answered' },
  });
  expect(JSON.stringify(records)).not.toMatch(/PLANTED-QUESTION|Ada/);
});

describe('a host of 2026-07-28 (SDK v2)', () => {
  test('sees progress of an old server, and the log messages that it asked for', async ({ onTestFinished }) => {
    const client = new NewClient({ name: 'new-host', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(
      new NewTransport(new URL(url('talking')), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
    );
    onTestFinished(() => client.close());
    const seen: number[] = [];
    const options = { onprogress: ({ progress }: { progress: number }) => void seen.push(progress) };
    await client.callTool({ name: 'progress', arguments: { count: 3 } }, options);
    expect(seen).toEqual([1, 2, 3]);
  });

  test('gets log messages only of calls that ask for them, of that level', async () => {
    proves('protocol.modern-log-level', {
      file: 'gateway/upstream/unasked.ts',
      find: "call?.era === 'modern' ? undefined : 'debug'",
      replace: "'debug'",
    });
    const log = (level: string, wanted?: string) =>
      modern(url('talking'), token, 'tools/call', {
        name: 'log',
        arguments: { level },
        ...(wanted !== undefined && { _meta: { 'io.modelcontextprotocol/logLevel': wanted } }),
      });
    const [silent, more, less] = [await log('alert'), await log('alert', 'warning'), await log('info', 'warning')];
    expect([silent, more, less].map(({ headers }) => headers.get('content-type'))).toEqual([
      'application/json',
      'text/event-stream',
      'application/json',
    ]);
    expect(more.messages).toMatchObject([
      { method: 'notifications/message', params: { level: 'alert' } },
      { result: { resultType: 'complete' } },
    ]);
  });

  test('that declared nothing is asked nothing in the middle of a call, and the server is told why', async () => {
    const asked = await modern(url('talking'), token, 'tools/call', {
      name: 'ask',
      arguments: { method: 'elicitation/create', params: form },
    });
    expect(JSON.stringify(asked.body.result)).toMatch(/HOST_UNABLE/);
  });
});
