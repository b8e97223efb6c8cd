// Tasks through the whole product, in the era in which they were begun: the ids that hosts get are their user's alone, and each use is decided anew.
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CallToolResultSchema, ElicitRequestSchema, TaskStatusNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { type Answered, codeOf, eventsOf, modern, modernMeta, post } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { type Program, root, startProgram } from './program.ts';

let deployment: Deployment;
let remote: Program;
let ada: string;
let grace: string;
let remoteUrl: string;

beforeAll(async () => {
  remote = startProgram(join(root, 'test/fake/remote/tasking-new.ts'), []);
  remoteUrl = z.looseObject({ url: z.string() }).parse(await remote.event('listening')).url;
  deployment = await deploy({ policy: policyWith('all') });
  const LocalServers = {
    old: nodeServer(join(root, 'test/fake/local-server/tasking.ts')),
    'new-local': nodeServer(join(root, 'test/fake/remote/tasking-new.ts'), ['--stdio']),
  };
  await Promise.all(['ada', 'grace'].map((user) => deployment.workstation({ user, profile: { LocalServers } })));
  ada = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  grace = await deployment.hostToken({ user: 'grace', gateway: 'eng' });
  for (const token of [ada, grace])
    for (const server of ['old', 'new-local'])
      await until('the tools are listed', async () => (await modern(at(server), token, 'tools/list')).body.result);
}, 90_000);
afterAll(async () => {
  await deployment?.close();
  await remote?.stop();
});

function policyWith(tools: 'all' | string[]): object {
  const base = z
    .looseObject({ servers: z.record(z.string(), z.unknown()), gateways: z.record(z.string(), z.unknown()) })
    .parse(walkPolicy({ old: { tools }, 'new-local': { tools } }));
  return {
    ...base,
    servers: { ...base.servers, new: { kind: 'remote', url: remoteUrl, allowPrivate: ['127.0.0.1'] } },
    gateways: {
      ...base.gateways,
      eng: { assignments: { old: { tools }, new: { tools }, 'new-local': { tools, reach: 'caller' } } },
    },
  };
}
const at = (server?: string) => `${deployment.origin}/g/eng${server === undefined ? '' : `/s/${server}`}/mcp`;

async function oldHost(token = ada): Promise<Client> {
  const client = new Client({ name: 'old-host', version: '1' }, { capabilities: { elicitation: {} } });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(at()), { requestInit }));
  return client;
}
const codeIn = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) =>
      z.looseObject({ data: z.looseObject({ code: z.string() }) }).safeParse(error).data?.data.code ?? String(error),
  );
const Begun = z.looseObject({ task: z.looseObject({ taskId: z.string() }) });
const begin = (client: Client, args: object) =>
  client.request({ method: 'tools/call', params: { name: 'old__bake', arguments: { ...args }, task: { ttl: 60_000 } } }, Begun);

describe('a task of 2025-11-25 (SDK v1 at both ends)', () => {
  test('is begun, watched, cancelled, listed, and its result fetched, under an id that tells nothing', async ({
    onTestFinished,
  }) => {
    proves('edge.task-id-sealed', {
      file: 'gateway/pipeline/task.ts',
      find: 'return { span, by: JSON.stringify(shown) };',
      replace: 'return { span, by: JSON.stringify(id) };',
    });
    const client = await oldHost();
    onTestFinished(() => client.close());
    const { tools } = await client.listTools();
    expect(tools.find(({ name }) => name === 'old__bake')?.execution).toEqual({ taskSupport: 'optional' });
    const kinds: string[] = [];
    for await (const message of client.experimental.tasks.callToolStream(
      { name: 'old__bake', arguments: { who: 'Ada' } },
      CallToolResultSchema,
      { task: { ttl: 60_000 } },
    )) {
      kinds.push(message.type);
      if (message.type === 'result') expect(JSON.stringify(message.result)).toMatch(/baked for Ada.*cake:\/\/old__one/);
    }
    expect([kinds[0], kinds.at(-1)]).toEqual(['taskCreated', 'result']);
    const { task } = await begin(client, { who: 'Ada', slow: true });
    expect(task.taskId).toMatch(/^[\w-]{150,}$/);
    const listed = await client.experimental.tasks.listTasks();
    expect(listed.tasks.map(({ status }) => status)).toEqual(['completed', 'working']);
    expect(listed.tasks.at(-1)?.taskId).toBe(task.taskId);
    expect((await client.experimental.tasks.cancelTask(task.taskId)).status).toBe('cancelled');
    expect(await client.experimental.tasks.getTask(task.taskId)).toMatchObject({ taskId: task.taskId, status: 'cancelled' });
  });

  test('tells its conversation that it moved, and asks the person, each time by the id that the host knows', async ({
    onTestFinished,
  }) => {
    const client = await oldHost();
    onTestFinished(() => client.close());
    const moved: string[] = [];
    client.setNotificationHandler(
      TaskStatusNotificationSchema,
      ({ params }) => void moved.push(`${params.taskId} ${params.status}`),
    );
    const asked: unknown[] = [];
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params);
      return { action: 'accept', content: { name: 'Grace' } };
    });
    let taskId = '';
    let result = '';
    const calling = client.experimental.tasks.callToolStream({ name: 'old__ask', arguments: {} }, CallToolResultSchema, {
      task: { ttl: 60_000 },
    });
    for await (const message of calling) {
      if (message.type === 'taskCreated') taskId = message.task.taskId;
      if (message.type === 'result') result = JSON.stringify(message.result);
      if (message.type === 'error') result = String(message.error);
    }
    expect(result).toContain('baked for Grace');
    expect(asked).toMatchObject([
      { message: 'The server "old" asks: Who?', _meta: { 'io.modelcontextprotocol/related-task': { taskId } } },
    ]);
    await until('the news of its end', () => Promise.resolve(moved.includes(`${taskId} completed`)));
  });

  test('is nobody else’s, and a use by another is on record', async ({ onTestFinished }) => {
    proves('edge.task-owner', {
      file: 'gateway/pipeline/task.ts',
      find: "if (user !== caller.user.id || gateway !== target.gateway) throw new Fault('TASK_FOREIGN');",
      replace: '',
    });
    const [mine, theirs] = [await oldHost(ada), await oldHost(grace)];
    onTestFinished(() => Promise.all([mine.close(), theirs.close()]).then(() => undefined));
    const { taskId } = (await begin(mine, { who: 'Ada', slow: true })).task;
    const { tasks } = theirs.experimental;
    for (const used of [() => tasks.getTask(taskId), () => tasks.getTaskResult(taskId), () => tasks.cancelTask(taskId)]) {
      expect(await codeIn(used())).toBe('TASK_FOREIGN');
      expect((await deployment.calls(1))[0]).toMatchObject({
        decision: 'refused',
        code: 'TASK_FOREIGN',
        user: { name: 'grace' },
      });
    }
    expect((await tasks.listTasks()).tasks).toEqual([]);
    for (const odd of ['', 'x', `${taskId}A`, taskId.slice(1)]) expect(await codeIn(tasks.getTask(odd))).toBe('TASK_UNKNOWN');
    expect((await mine.experimental.tasks.getTask(taskId)).status).toBe('working');
    const other = await modern(at(), ada, 'tasks/get', { taskId, name: taskId });
    expect(codeOf(other)).toBe('TASK_OTHER_ERA');
  });
});

const extensions = { 'io.modelcontextprotocol/tasks': {} };
const capabilities = { elicitation: {}, extensions };
function ask(
  method: string,
  named: string,
  params: object,
  more: { token?: string; can?: object; at?: string } = {},
): Promise<Answered> {
  const { token = ada, can = capabilities, at: url = at() } = more;
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, 'mcp-name': named };
  const _meta = { ...modernMeta, 'io.modelcontextprotocol/clientCapabilities': can };
  return post(url, token, { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }, headers);
}
const bake = (more?: Parameters<typeof ask>[3], params: object = {}) =>
  ask('tools/call', 'new__bake', { name: 'new__bake', arguments: {}, ...params }, more);
const ofTask = (method: string, taskId: string, params: object = {}, more?: Parameters<typeof ask>[3]) =>
  ask(method, taskId, { taskId, ...params }, more);

describe('a task of the extension of 2026-07-28', () => {
  const begunId = async () =>
    z.looseObject({ resultType: z.literal('task'), taskId: z.string() }).parse((await bake()).body.result).taskId;

  test('is begun, watched, answered and cancelled; what it asks names the server and is on record once', async () => {
    proves('edge.extensions-pass', {
      file: 'gateway/upstream/item.ts',
      find: 'if (!isObject(extensions)) return declared;',
      replace: 'if (isObject(extensions)) return declared;',
    });
    const taskId = await begunId();
    expect(taskId).toMatch(/^[\w-]{150,}$/);
    for (let poll = 0; poll < 2; poll++)
      expect((await ofTask('tasks/get', taskId)).body.result).toMatchObject({
        resultType: 'complete',
        taskId,
        inputRequests: { who: { params: { message: 'The server "new" asks: Who?' } } },
      });
    const events = (await deployment.records(10)).filter(
      (one) => one['event'] === 'host_asked' && JSON.stringify(one).includes('"new"'),
    );
    expect(events).toMatchObject([{ detail: { server: 'new', item: 'bake', outcome: 'asked' } }]);
    await ofTask('tasks/update', taskId, { inputResponses: { who: { action: 'accept', content: { name: 'Ada' } } } });
    const done = await ofTask('tasks/get', taskId);
    expect(JSON.stringify(done.body.result)).toMatch(/baked for Ada.*cake:\/\/new__one/);
    const another = await begunId();
    await ofTask('tasks/cancel', another);
    expect((await ofTask('tasks/get', another)).body.result).toMatchObject({ status: 'cancelled' });
  });

  test('is refused to another user, at another server, with another header, and by methods of the other era', async () => {
    const taskId = await begunId();
    expect(codeOf(await ofTask('tasks/get', taskId, {}, { token: grace }))).toBe('TASK_FOREIGN');
    expect(codeOf(await ofTask('tasks/get', taskId, {}, { at: at('old') }))).toBe('TASK_FOREIGN');
    const mismatched = await ask('tasks/get', 'other', { taskId });
    expect([mismatched.status, mismatched.body.error?.code]).toEqual([400, -32020]);
    for (const method of ['tasks/result', 'tasks/list']) {
      const unknown = await ofTask(method, taskId);
      expect([unknown.status, unknown.body.error?.code]).toEqual([404, -32601]);
    }
    const client = await oldHost();
    expect(await codeIn(client.experimental.tasks.getTask(taskId))).toBe('TASK_OTHER_ERA');
    await client.close();
  });

  test('is not begun for a host that does not know tasks, and the wish of an older host for one is none', async () => {
    expect((await bake({ can: {} })).body.result).toMatchObject({ resultType: 'complete', content: [{ text: 'at once' }] });
    const asked = await ask('tools/call', 'old__bake', { name: 'old__bake', arguments: { who: 'Ada' }, task: { ttl: 1 } });
    expect(JSON.stringify(asked.body.result)).toContain('baked for Ada');
  });
});

/** What a host hears that listens for these tasks at the gateway's one URL. */
async function listenFor(taskIds: readonly string[], token = ada) {
  const controller = new AbortController();
  const params = {
    notifications: { taskIds },
    _meta: { ...modernMeta, 'io.modelcontextprotocol/clientCapabilities': capabilities },
  };
  const response = await fetch(at(), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'tasks', method: 'subscriptions/listen', params }),
    signal: controller.signal,
  });
  let text = '';
  const read = async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
  };
  // It ends by being left.
  read().catch(() => undefined);
  const Said = z.looseObject({ method: z.string(), params: z.looseObject({}) });
  const told = () => eventsOf(text).map((event) => Said.parse(event));
  await until('what is honored', async () => told().length > 0);
  return { told, close: () => controller.abort() };
}

describe.each(['new', 'new-local'])('a task of the extension at "%s"', (server) => {
  const begin = async (token: string) => {
    const name = `${server}__bake`;
    const begun = await ask('tools/call', name, { name, arguments: {} }, { token });
    return z.looseObject({ taskId: z.string() }).parse(begun.body.result).taskId;
  };
  const finish = (taskId: string, token: string, name: string) =>
    ofTask('tasks/update', taskId, { inputResponses: { who: { action: 'accept', content: { name } } } }, { token });

  test('is heard of by its user who listens for it, as it is then, and by nobody else', async ({ onTestFinished }) => {
    const [mine, other, theirs] = [await begin(ada), await begin(ada), await begin(grace)];
    const [host, another] = [await listenFor([mine, theirs, 'made-up']), await listenFor([theirs], grace)];
    onTestFinished(() => [host, another].forEach(({ close }) => close()));
    expect(host.told()[0]).toMatchObject({ params: { notifications: { taskIds: [mine] } } });
    await finish(theirs, grace, 'Grace');
    await finish(other, ada, 'nobody');
    await finish(mine, ada, 'Ada');
    await until('both to be told', async () => host.told().length > 1 && another.told().length > 1);
    const said = (name: string, taskId: string) => ({
      method: 'notifications/tasks',
      params: {
        taskId,
        status: 'completed',
        result: { content: [{ text: `baked for ${name}` }, { uri: `cake://${server}__one` }] },
        _meta: { 'io.modelcontextprotocol/subscriptionId': 'tasks' },
      },
    });
    expect(host.told().slice(1)).toMatchObject([said('Ada', mine)]);
    expect(another.told().slice(1)).toMatchObject([said('Grace', theirs)]);
    const looks = (await deployment.records(20)).filter(({ method }) => method === 'tasks/get');
    expect(looks.slice(-2)).toMatchObject([
      { tool: 'bake', decision: 'allowed' },
      { tool: 'bake', decision: 'allowed' },
    ]);
  });
});

test('a task is of no use any more once its tool is not provisioned', async () => {
  proves('edge.task-decided', {
    file: 'gateway/pipeline/task.ts',
    find: "if (decision.kind === 'refused') throw decision.fault;",
    replace: '',
  });
  const client = await oldHost();
  const { taskId } = (await begin(client, { who: 'Ada', slow: true })).task;
  const z1 = z.looseObject({ taskId: z.string() }).parse((await bake()).body.result).taskId;
  await deployment.apply(policyWith(['finish']));
  await until('the policy counts', async () => codeOf(await bake()) === 'TOOL_NOT_PROVISIONED');
  expect(await codeIn(client.experimental.tasks.getTask(taskId))).toBe('TOOL_NOT_PROVISIONED');
  expect((await client.experimental.tasks.listTasks()).tasks).toEqual([]);
  expect(codeOf(await ofTask('tasks/get', z1))).toBe('TOOL_NOT_PROVISIONED');
  await client.close();
});
