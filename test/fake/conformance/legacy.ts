// The fixture server of the eras with sessions, on the official SDK v1 (2025-11-25 and before): everything that a conformance suite asks for.
//   node test/fake/conformance/legacy.ts          over stdio
//   node test/fake/conformance/legacy.ts --http   over Streamable HTTP on 127.0.0.1; prints {"event":"listening","url":…}
// What needs something of the host asks for it by a request of its own, in the middle of the call.
import { setTimeout as wait } from 'node:timers/promises';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type ServerNotification,
  type ServerRequest,
  SubscribeRequestSchema,
  type Tool,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { type Asking, askingPrompt, askingTools } from './asking.ts';
import {
  betweenMs,
  completions,
  errorTool,
  logMessages,
  noArguments,
  plainTools,
  progressSteps,
  prompts,
  resources,
  template,
} from './content.ts';
import { serveLegacyHttp } from './legacy-http.ts';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
type Args = Readonly<Record<string, unknown>>;
interface Result {
  readonly [key: string]: unknown;
  readonly content: { type: 'text'; text: string }[];
}
const text = (words: string): Result => ({ content: [{ type: 'text', text: words }] });

/** Tools that say something while they run, or change what the server lists. */
const livelyTools: Readonly<Record<string, { description: string; run: (server: Server, extra: Extra) => Promise<Result> }>> = {
  test_tool_with_logging: { description: 'Logs while it runs', run: (_, extra) => logged(extra) },
  test_logging_tool: { description: 'Logs while it runs', run: (_, extra) => logged(extra) },
  test_tool_with_progress: {
    description: 'Reports progress where it is asked to',
    async run(_, extra) {
      const progressToken = extra._meta?.progressToken;
      for (const progress of progressSteps) {
        if (progress > 0) await wait(betweenMs);
        if (progressToken !== undefined)
          await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
      }
      return text('Progress was reported.');
    },
  },
  test_reconnection: {
    description: 'Closes its stream before it answers, where there is one',
    async run(_, extra) {
      extra.closeSSEStream?.();
      await wait(betweenMs);
      return text('The stream was closed, and this came after.');
    },
  },
  test_trigger_tool_change: {
    description: 'Says that the list of tools changed',
    async run(server) {
      await server.sendToolListChanged();
      return text('Said.');
    },
  },
  test_trigger_prompt_change: {
    description: 'Says that the list of prompts changed',
    async run(server) {
      await server.sendPromptListChanged();
      return text('Said.');
    },
  },
};

async function logged(extra: Extra): Promise<Result> {
  for (const [index, data] of logMessages.entries()) {
    if (index > 0) await wait(betweenMs);
    await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data } });
  }
  return text('It was logged.');
}

/** Every round, each of its questions at once, then the answer. */
async function ask(server: Server, asking: Asking, args: Args, extra: Extra): Promise<string> {
  const replies: Record<string, unknown> = {};
  for (const round of asking.rounds(args, { ...server.getClientCapabilities() })) {
    const asked = Object.entries(round).map(async ([key, question]) => {
      // What is asked is written once for both eras, in readonly data; the SDK's own request types are mutable.
      replies[key] = await extra.sendRequest(structuredClone(question) as ServerRequest, z.looseObject({}));
    });
    await Promise.all(asked);
  }
  return asking.text(replies);
}

function createServer(): Server {
  const server = new Server(
    { name: 'conformance-legacy', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true },
        completions: {},
        logging: {},
      },
    },
  );

  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [
      ...Object.entries(plainTools).map(([name, { description, inputSchema }]) => listed(name, description, inputSchema)),
      ...Object.entries(askingTools).map(([name, { description, inputSchema }]) => listed(name, description, inputSchema)),
      ...Object.entries(livelyTools).map(([name, { description }]) => listed(name, description, noArguments)),
      listed(errorTool.name, errorTool.description, noArguments),
    ],
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: args = {} } }, extra) => {
    const plain = plainTools[name];
    if (plain) return { content: plain.content };
    const lively = livelyTools[name];
    if (lively) return lively.run(server, extra);
    const asking = askingTools[name];
    if (asking) return text(await ask(server, asking, args, extra));
    if (name === errorTool.name) return { ...text(errorTool.message), isError: true };
    throw new McpError(ErrorCode.InvalidParams, `There is no tool ${name}`);
  });

  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: [
      ...Object.entries(prompts).map(([name, { description, arguments: takes }]) => ({
        name,
        description,
        arguments: [...takes],
      })),
      { name: askingPrompt.name, description: askingPrompt.asking.description },
    ],
  }));
  server.setRequestHandler(GetPromptRequestSchema, async ({ params: { name, arguments: args = {} } }, extra) => {
    const prompt = prompts[name];
    if (prompt) return { messages: prompt.messages(args) };
    if (name !== askingPrompt.name) throw new McpError(ErrorCode.InvalidParams, `There is no prompt ${name}`);
    const answer = await ask(server, askingPrompt.asking, args, extra);
    return { messages: [{ role: 'user', content: { type: 'text', text: answer } }] };
  });

  server.setRequestHandler(ListResourcesRequestSchema, () => ({
    resources: Object.entries(resources).map(([uri, { name, description, mimeType }]) => ({ uri, name, description, mimeType })),
  }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => {
    const { name, uriTemplate, description, mimeType } = template;
    return { resourceTemplates: [{ name, uriTemplate, description, mimeType }] };
  });
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
    const resource = resources[uri];
    if (resource) return { contents: [{ uri, mimeType: resource.mimeType, ...resource.body }] };
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    if (id === undefined) throw new McpError(-32002, 'Resource not found', { uri });
    return { contents: [{ uri, mimeType: template.mimeType, text: template.text(id) }] };
  });
  server.setRequestHandler(SubscribeRequestSchema, () => ({}));
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));
  server.setRequestHandler(CompleteRequestSchema, () => ({ completion: { values: completions, hasMore: false } }));
  return server;
}

function listed(name: string, description: string, inputSchema: Args): Tool {
  return { name, description, inputSchema: { ...inputSchema, type: 'object' } };
}

if (process.argv.includes('--http')) await serveLegacyHttp(createServer);
else await createServer().connect(new StdioServerTransport());
