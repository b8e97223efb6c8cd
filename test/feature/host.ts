// One shape for the hosts of both eras, each on its era's official SDK, so that a feature is tried by the same words whoever tries it.
// A host can be asked everything, and writes down what it is asked and told.
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  PromptListChangedNotificationSchema,
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { until } from '../walk/deployment.ts';
import { type Answered, modernMeta, post } from '../walk/mcp.ts';

export type Era = 'old' | 'new';
export const listNames = ['tools', 'prompts', 'resources'] as const;
export type ListName = (typeof listNames)[number];
type Loose = Readonly<Record<string, unknown>>;
interface CallOptions {
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

export interface Host {
  readonly asked: { readonly method: string; readonly params: Loose }[];
  readonly logged: { readonly level: string; readonly data: unknown }[];
  readonly updated: string[];
  /** Which lists it was told have changed, each as often as it was told. */
  readonly changed: ListName[];
  tools(): Promise<readonly Loose[]>;
  resources(): Promise<readonly Loose[]>;
  templates(): Promise<readonly Loose[]>;
  prompts(): Promise<readonly Loose[]>;
  call(name: string, args?: Loose, options?: CallOptions): Promise<Loose>;
  /** Calls it as a task, waits until that is done, and fetches its result. Throws where it was answered without a task. */
  callAsTask(name: string): Promise<Loose>;
  read(uri: string): Promise<unknown>;
  prompt(name: string, args: Readonly<Record<string, string>>): Promise<unknown>;
  /** A request that the SDK has no words for. */
  request(method: string, params: Loose): Promise<Loose>;
  complete(ref: Loose, argument: { name: string; value: string }): Promise<readonly string[]>;
  /** From now on it is told of this resource, and that a list changed. */
  listen(uri: string): Promise<void>;
  /** From now on it is told everything that is logged. */
  hearEverything(): Promise<void>;
  close(): Promise<void>;
}

const capabilities = { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} };
const person = { action: 'accept', content: { name: 'Ada' } } as const;
const model = {
  role: 'assistant',
  content: { type: 'tool_use', id: 'use-1', name: 'weather', input: { city: 'Paris' } },
  model: 'm',
  stopReason: 'toolUse',
} as const;
const folders = { roots: [{ uri: 'file:///home/ada/work', name: 'work' }] };
/** Of a form the content, of a URL that it was opened: that has none. */
const reply = (params: Loose) => (params['mode'] === 'url' ? ({ action: 'accept' } as const) : person);
const loose = (value: object): Loose => ({ ...value });

/** A host of this era at the address, with the token. */
export function connect(era: Era, url: string, token: string): Promise<Host> {
  return era === 'old' ? connectOld(url, token) : connectNew(url, token);
}
const authorized = (token: string) => ({ requestInit: { headers: { authorization: `Bearer ${token}` } } });

async function connectOld(url: string, token: string): Promise<Host> {
  const client = new Client({ name: 'old-host', version: '1' }, { capabilities });
  const asked: Host['asked'] = [];
  const logged: Host['logged'] = [];
  const updated: string[] = [];
  const changed: ListName[] = [];
  const note = (method: string, params: object = {}) => void asked.push({ method, params: loose(params) });
  client.setRequestHandler(ElicitRequestSchema, ({ method, params }) => (note(method, params), reply(loose(params))));
  client.setRequestHandler(CreateMessageRequestSchema, ({ method, params }) => (note(method, params), model));
  client.setRequestHandler(ListRootsRequestSchema, ({ method, params }) => (note(method, params), folders));
  client.setNotificationHandler(
    LoggingMessageNotificationSchema,
    ({ params: { level, data } }) => void logged.push({ level, data }),
  );
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updated.push(params.uri));
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changed.push('tools'));
  client.setNotificationHandler(PromptListChangedNotificationSchema, () => void changed.push('prompts'));
  client.setNotificationHandler(ResourceListChangedNotificationSchema, () => void changed.push('resources'));
  // The SDK's own types do not agree with each other under exactOptionalPropertyTypes.
  await client.connect(new StreamableHTTPClientTransport(new URL(url), authorized(token)) as Parameters<Client['connect']>[0]);
  return {
    asked,
    logged,
    updated,
    changed,
    tools: async () => (await client.listTools()).tools.map(loose),
    resources: async () => (await client.listResources()).resources.map(loose),
    templates: async () => (await client.listResourceTemplates()).resourceTemplates.map(loose),
    prompts: async () => (await client.listPrompts()).prompts.map(loose),
    call: async (name, args = {}, { onProgress, signal } = {}) =>
      loose(
        await client.callTool({ name, arguments: args }, undefined, {
          ...(onProgress && { onprogress: ({ progress }) => onProgress(progress) }),
          ...(signal && { signal }),
        }),
      ),
    async callAsTask(name) {
      const tool = (await client.listTools()).tools.find((one) => one.name === name);
      if (tool?.execution?.taskSupport === undefined)
        throw new Error(`${textOf(await client.callTool({ name }))}: ${withoutTask}`);
      let isTask = false;
      const options = { task: { ttl: 60_000 } };
      for await (const said of client.experimental.tasks.callToolStream({ name, arguments: {} }, CallToolResultSchema, options)) {
        if (said.type === 'taskCreated') isTask = true;
        if (said.type === 'error') throw said.error;
        if (said.type === 'result' && !isTask) throw new Error(withoutTask);
        if (said.type === 'result') return loose(said.result);
      }
      throw new Error('the task had no result');
    },
    read: async (uri) => (await client.readResource({ uri })).contents,
    prompt: async (name, args) => (await client.getPrompt({ name, arguments: args })).messages,
    request: (method, params) => client.request({ method, params: { ...params } }, z.looseObject({})),
    complete: async (ref, argument) => (await client.complete({ ref: Reference.parse(ref), argument })).completion.values,
    listen: async (uri) => void (await client.subscribeResource({ uri })),
    hearEverything: async () => void (await client.setLoggingLevel('debug')),
    close: () => client.close(),
  };
}

async function connectNew(url: string, token: string): Promise<Host> {
  const client = new NewClient(
    { name: 'new-host', version: '1' },
    { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  const asked: Host['asked'] = [];
  const logged: Host['logged'] = [];
  const updated: string[] = [];
  const changed: ListName[] = [];
  let level: 'debug' | undefined;
  const note = (method: string, params: object = {}) => void asked.push({ method, params: loose(params) });
  client.setRequestHandler('elicitation/create', ({ method, params }) => (note(method, params), reply(loose(params))));
  client.setRequestHandler('sampling/createMessage', ({ method, params }) => (note(method, params), model));
  client.setRequestHandler('roots/list', ({ method, params }) => (note(method, params), folders));
  client.setNotificationHandler(
    'notifications/message',
    ({ params }) => void logged.push({ level: params.level, data: params.data }),
  );
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void updated.push(params.uri));
  for (const name of listNames)
    client.setNotificationHandler(`notifications/${name}/list_changed`, () => void changed.push(name));
  await client.connect(new NewTransport(new URL(url), authorized(token)));
  // What this SDK has cached is not what the gateway says now.
  const anew = { cacheMode: 'refresh' } as const;
  return {
    asked,
    logged,
    updated,
    changed,
    tools: async () => (await client.listTools({}, anew)).tools.map(loose),
    resources: async () => (await client.listResources({}, anew)).resources.map(loose),
    templates: async () => (await client.listResourceTemplates({}, anew)).resourceTemplates.map(loose),
    prompts: async () => (await client.listPrompts({}, anew)).prompts.map(loose),
    call: async (name, args = {}, { onProgress, signal } = {}) =>
      loose(
        await client.callTool(
          { name, arguments: args, ...(level && { _meta: { 'io.modelcontextprotocol/logLevel': level } }) },
          {
            ...(onProgress && { onprogress: ({ progress }) => onProgress(progress) }),
            ...(signal && { signal }),
          },
        ),
      ),
    // The SDK has no client for the extension, and refuses its result.
    async callAsTask(name) {
      const begun = Begun.parse((await ask(url, token, 'tools/call', name, { name, arguments: {} })).body.result);
      if (begun.taskId === undefined) throw new Error(`${textOf(begun)}: ${withoutTask}`);
      const { taskId } = begun;
      return await until('the task to be done', async () => {
        const { result } = Task.parse((await ask(url, token, 'tasks/get', taskId, { taskId })).body.result);
        return result;
      });
    },
    read: async (uri) => (await client.readResource({ uri }, anew)).contents,
    prompt: async (name, args) => (await client.getPrompt({ name, arguments: args })).messages,
    complete: async (ref, argument) => (await client.complete({ ref: Reference.parse(ref), argument })).completion.values,
    listen: async (uri) =>
      void (await client.listen({
        toolsListChanged: true,
        promptsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: [uri],
      })),
    request: (method, params) => client.request({ method, params: { ...params } }, z.looseObject({})),
    hearEverything() {
      level = 'debug';
      return Promise.resolve();
    },
    close: () => client.close(),
  };
}

const Reference = z.union([
  z.object({ type: z.literal('ref/prompt'), name: z.string() }),
  z.object({ type: z.literal('ref/resource'), uri: z.string() }),
]);

const withoutTask = 'answered at once, without a task';
const textOf = (result: object) => JSON.stringify('content' in result ? result.content : undefined);
const Begun = z.looseObject({ taskId: z.string().optional() });
const Task = z.looseObject({ status: z.string(), result: z.record(z.string(), z.unknown()).optional() });

/** One request of a host that knows tasks. */
function ask(url: string, token: string, method: string, named: string, params: object): Promise<Answered> {
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, 'mcp-name': named };
  const can = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
  const _meta = { ...modernMeta, 'io.modelcontextprotocol/clientCapabilities': can };
  return post(url, token, { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }, headers);
}
