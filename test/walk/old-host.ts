// A host of 2025-11-25 as a test drives it, made with either official SDK: the v1 line, and v2 in its legacy mode. It can be asked everything that it declares,
// and writes down what it is asked and told.
import {
  Client as NewClient,
  SSEClientTransport as NewSse,
  StreamableHTTPClientTransport as NewHttp,
} from '@modelcontextprotocol/client';
import { StdioClientTransport as NewStdio } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

export type Way =
  | { readonly kind: 'http' | 'sse'; readonly url: URL; readonly token: string }
  | { readonly kind: 'stdio'; readonly command: string; readonly args: string[] };

interface OldHost {
  readonly asked: { method: string; params: Record<string, unknown> | undefined }[];
  readonly logged: { level: string; logger: string | undefined; data: unknown }[];
  readonly news: string[];
  listTools(): Promise<unknown>;
  /** What the tool answers: its text, read where it is JSON. */
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<unknown>;
  setLogLevel(level: 'debug' | 'warning'): Promise<unknown>;
  rootsChanged(): Promise<unknown>;
  subscribe(uri: string): Promise<unknown>;
  unsubscribe(uri: string): Promise<unknown>;
  close(): Promise<void>;
}
interface CallOptions {
  readonly onprogress?: (report: { progress: number }) => void;
  readonly signal?: AbortSignal;
}
type Written = Pick<OldHost, 'asked' | 'logged' | 'news'>;

const able = { elicitation: { form: {}, url: {} }, sampling: {}, roots: { listChanged: true } } as const;
const answers = {
  'elicitation/create': { action: 'accept' as const, content: { name: 'Ada' } },
  'sampling/createMessage': {
    role: 'assistant' as const,
    content: { type: 'text' as const, text: 'sampled' },
    model: 'none',
  },
  'roots/list': { roots: [{ uri: 'file:///home/ada/work', name: 'work' }] },
};
const Answer = z.looseObject({ content: z.array(z.looseObject({ text: z.string() })) });

function textOf(answer: unknown): unknown {
  const [first] = Answer.parse(answer).content;
  try {
    return JSON.parse(first?.text ?? '');
  } catch {
    return first?.text;
  }
}
const headersOf = (token: string) => ({ requestInit: { headers: { authorization: `Bearer ${token}` } } });

export async function hostOfV1(way: Way, capabilities: typeof able | Record<string, never> = able): Promise<OldHost> {
  const client = new Client({ name: 'old-host', version: '1' }, { capabilities });
  const { asked, logged, news }: Written = { asked: [], logged: [], news: [] };
  if (capabilities === able) {
    client.setRequestHandler(ElicitRequestSchema, ({ method, params }) => (asked.push({ method, params }), answers[method]));
    client.setRequestHandler(
      CreateMessageRequestSchema,
      ({ method, params }) => (asked.push({ method, params }), answers[method]),
    );
    client.setRequestHandler(ListRootsRequestSchema, ({ method, params }) => (asked.push({ method, params }), answers[method]));
  }
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    logged.push({ level: params.level, logger: params.logger, data: params.data });
  });
  client.setNotificationHandler(ToolListChangedNotificationSchema, ({ method }) => void news.push(method));
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void news.push(params.uri));
  const transport =
    way.kind === 'stdio'
      ? new StdioClientTransport({ command: way.command, args: way.args, stderr: 'ignore' })
      : new (way.kind === 'http' ? StreamableHTTPClientTransport : SSEClientTransport)(way.url, headersOf(way.token));
  // The SDK's own types do not agree with each other under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client['connect']>[0]);
  return {
    asked,
    logged,
    news,
    listTools: () => client.listTools(),
    call: async (name, args = {}, options = {}) => textOf(await client.callTool({ name, arguments: args }, undefined, options)),
    setLogLevel: (level) => client.setLoggingLevel(level),
    rootsChanged: () => client.sendRootsListChanged(),
    subscribe: (uri) => client.subscribeResource({ uri }),
    unsubscribe: (uri) => client.unsubscribeResource({ uri }),
    close: () => client.close(),
  };
}

export async function hostOfV2(way: Way, capabilities: typeof able | Record<string, never> = able): Promise<OldHost> {
  const client = new NewClient({ name: 'old-host', version: '2' }, { capabilities, versionNegotiation: { mode: 'legacy' } });
  const { asked, logged, news }: Written = { asked: [], logged: [], news: [] };
  const note = (method: string, params: object | undefined) => void asked.push({ method, params: params && { ...params } });
  if (capabilities === able) {
    client.setRequestHandler('elicitation/create', ({ method, params }) => (note(method, params), answers[method]));
    client.setRequestHandler('sampling/createMessage', ({ method, params }) => (note(method, params), answers[method]));
    client.setRequestHandler('roots/list', ({ method, params }) => (note(method, params), answers[method]));
  }
  client.setNotificationHandler('notifications/message', ({ params }) => {
    logged.push({ level: params.level, logger: params.logger, data: params.data });
  });
  client.setNotificationHandler('notifications/tools/list_changed', ({ method }) => void news.push(method));
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void news.push(params.uri));
  await client.connect(
    way.kind === 'stdio'
      ? new NewStdio({ command: way.command, args: way.args, stderr: 'ignore' })
      : new (way.kind === 'http' ? NewHttp : NewSse)(way.url, headersOf(way.token)),
  );
  return {
    asked,
    logged,
    news,
    listTools: () => client.listTools(),
    call: async (name, args = {}, options = {}) => textOf(await client.callTool({ name, arguments: args }, options)),
    setLogLevel: (level) => client.setLoggingLevel(level),
    rootsChanged: () => client.sendRootsListChanged(),
    subscribe: (uri) => client.subscribeResource({ uri }),
    unsubscribe: (uri) => client.unsubscribeResource({ uri }),
    close: () => client.close(),
  };
}
