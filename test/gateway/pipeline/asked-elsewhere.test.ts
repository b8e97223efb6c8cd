// What a person answers a server goes to that server at that address, whatever bears its name by then.
import { describe, expect, test } from 'vitest';
import { type Heard, listen } from '../../fake/remote/listen.ts';
import { asJson, said } from '../upstream/remote-fixture.ts';
import { aggregateOf } from './aggregate.ts';

const question = {
  method: 'elicitation/create',
  params: { mode: 'form', message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
};
const _meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };

/** A server of 2026-07-28 whose tool asks before it answers; with a task, after it. */
function asking(more: object) {
  return listen((seen, response) => {
    const { id, method } = said(seen);
    const isAnswered = seen.body.includes('inputResponses');
    const isTask = seen.body.includes(tasks);
    const answers: Record<string, object> = {
      'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {}, extensions: { [tasks]: {} } } },
      'tools/list': { resultType: 'complete', tools: [{ name: 'bake', inputSchema: { type: 'object' } }] },
      'tools/call': isAnswered
        ? { resultType: 'complete', content: [] }
        : isTask
          ? { resultType: 'task', taskId: 'its own', status: 'working', ttlMs: 60_000, pollIntervalMs: 10 }
          : { resultType: 'input_required', inputRequests: { who: question }, ...more },
      'tasks/get': { resultType: 'complete', taskId: 'its own', status: 'input_required', inputRequests: { who: question } },
      'tasks/update': { resultType: 'complete' },
    };
    asJson(response, { id, result: answers[method ?? ''] });
  });
}
const tasks = 'io.modelcontextprotocol/tasks';
const remote = (origin: string) => ({ kind: 'remote', url: `${origin}/mcp`, allowPrivate: ['127.0.0.1'] });
const inputResponses = { who: { action: 'accept', content: { name: 'Ada' } } };
const answersAt = (servers: readonly Heard[]) =>
  servers.map(({ seen }) => seen.filter(({ body }) => body.includes('inputResponses')).map(({ body }) => body));

describe.each<[string, { readonly requestState?: string }]>([
  ['a state', { requestState: 'mine' }],
  ['no state', {}],
])('of a server that asks with %s', (_, more) => {
  test.each([
    ['moved', 'UPSTREAM_MOVED'],
    ['switched off', 'SWITCHED_OFF'],
    ['granted no more', 'GATEWAY_NOT_GRANTED'],
    ['quarantined', 'ITEM_ON_HOLD'],
    ['the same', undefined],
  ])('a retry whose server is %s by then brings it nothing that it may not have', async (change, code) => {
    const [one, other] = [await asking(more), await asking(more)];
    const of = await aggregateOf({ baker: one });
    const call = { name: 'baker__bake', arguments: {}, _meta };
    const { result } = (await of.ask('tools/call', call)) as { result: { requestState: string } };
    if (change === 'moved') await of.change({ servers: { baker: remote(other.origin) } });
    if (change === 'granted no more') await of.change({ teams: { eng: { gateways: [] } } });
    if (change === 'quarantined') await of.quarantine();
    if (change === 'switched off') {
      await of.switchOff('server', 'baker');
      await new Promise((resolve) => setTimeout(resolve, 90));
    }
    const retried = await of.ask('tools/call', { ...call, inputResponses, requestState: result.requestState });
    if (code === undefined) expect(retried).toMatchObject({ result: { resultType: 'complete' } });
    else expect(retried).toMatchObject({ error: { data: { code } } });
    const [got = [], got2] = answersAt([one, other]);
    expect([got.length, got2]).toEqual([code === undefined ? 1 : 0, []]);
    // Of its own it gets what it gave.
    const states = got.map((body) => (JSON.parse(body) as { params: { requestState?: string } }).params.requestState);
    expect(states).toEqual(code === undefined ? [more.requestState] : []);
  });

  test('what the person of an older host answers goes to no new address', async () => {
    const [one, other] = [await asking(more), await asking(more)];
    const of = await aggregateOf({ baker: one });
    const call = () => of.askOld('tools/call', { name: 'baker__bake', arguments: {} }, () => answered());
    let answered = () => Promise.resolve<object>(inputResponses.who);
    expect(await call()).toMatchObject({ result: { content: [] } });
    answered = async () => {
      await of.change({ servers: { baker: remote(other.origin) } });
      return inputResponses.who;
    };
    expect(await call()).toMatchObject({ error: { data: { code: 'UPSTREAM_MOVED' } } });
    expect(answersAt([one, other]).map(({ length }) => length)).toEqual([1, 0]);
  });
});

test('the state that stands for none is of this request alone, and what it is altered to is none', async () => {
  const one = await asking({});
  const of = await aggregateOf({ baker: one });
  const call = { name: 'baker__bake', arguments: {}, _meta };
  const { result } = (await of.ask('tools/call', call)) as { result: { requestState: string } };
  const retry = { ...call, inputResponses, requestState: result.requestState };
  for (const [params, code] of [
    [{ ...retry, arguments: { more: 1 } }, 'STATE_FOREIGN'],
    [{ ...retry, requestState: `${result.requestState}x` }, 'STATE_FORGED'],
  ] as const)
    expect(await of.ask('tools/call', params)).toMatchObject({ error: { data: { code } } });
  expect(answersAt([one])).toEqual([[]]);
});

test.each([
  ['the same', undefined],
  ['moved', 'UPSTREAM_MOVED'],
])('what a person answers a task whose server is %s by then goes to no other address', async (change, code) => {
  const [one, other] = [await asking({}), await asking({})];
  const of = await aggregateOf({ baker: one });
  const able = { ..._meta['io.modelcontextprotocol/clientCapabilities'], extensions: { [tasks]: {} } };
  const meta = { _meta: { 'io.modelcontextprotocol/clientCapabilities': able } };
  const { result } = (await of.ask('tools/call', { name: 'baker__bake', arguments: {}, ...meta })) as {
    result: { taskId: string };
  };
  const { taskId } = result;
  const task = (await of.ask('tasks/get', { taskId, ...meta })) as { result: object };
  expect(task).toMatchObject({ result: { status: 'input_required', inputRequests: { who: {} } } });
  expect(task.result).not.toHaveProperty('requestState');
  if (change === 'moved') await of.change({ servers: { baker: remote(other.origin) } });
  const updated = await of.ask('tasks/update', { taskId, inputResponses, ...meta });
  if (code === undefined) expect(updated).toMatchObject({ result: { resultType: 'complete' } });
  else expect(updated).toMatchObject({ error: { data: { code } } });
  expect(answersAt([one, other]).map(({ length }) => length)).toEqual(code === undefined ? [1, 0] : [0, 0]);
});

test.each(['tools/call', 'tasks/update'])(
  'neither does it where the address changes while rules that change it look at it: %s',
  async (method) => {
    const [one, other] = [await asking({}), await asking({})];
    const of = await aggregateOf({ baker: one });
    const rules = [{ name: 'no-ssn', method: 'pii', types: ['US_SSN'], action: 'redact' }];
    const gateways = { main: { assignments: { baker: { tools: 'all' } }, rules } };
    await of.change({ gateways });
    const isTask = method === 'tasks/update';
    const able = { elicitation: { form: {} }, ...(isTask && { extensions: { [tasks]: {} } }) };
    const meta = { _meta: { 'io.modelcontextprotocol/clientCapabilities': able } };
    const call = { name: 'baker__bake', arguments: {}, ...meta };
    const { result } = (await of.ask('tools/call', call)) as { result: { requestState?: string; taskId?: string } };
    of.beforeRules(() => of.change({ gateways, servers: { baker: remote(other.origin) } }));
    const said = { who: { action: 'accept', content: { name: 'my ssn is 536-22-8145' } } };
    const answer = isTask
      ? { taskId: result.taskId, ...meta, inputResponses: said }
      : { ...call, requestState: result.requestState, inputResponses: said };
    expect(await of.ask(method, answer)).toMatchObject({ error: { data: { code: 'UPSTREAM_MOVED' } } });
    expect(answersAt([one, other])).toEqual([[], []]);
  },
);
