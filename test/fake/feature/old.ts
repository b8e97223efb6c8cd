// The server with every feature, of the era with sessions, on the official SDK v1 (2025-11-25).
//   node test/fake/feature/old.ts          over stdio
//   node test/fake/feature/old.ts --http   over Streamable HTTP on 127.0.0.1; prints {"event":"listening","url":…}
import { InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js';
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
import { serveLegacyHttp } from '../conformance/legacy-http.ts';
import { complete, greeting, listed, prompts, read, resources, type Talk, template, tools } from './fixture.ts';

/** A method that no revision has. */
const VendorAdd = z.object({ method: z.literal('vendor/add'), params: z.looseObject({ a: z.number(), b: z.number() }) });
/** Of all sessions: a task is asked for by its id alone. */
const taskStore = new InMemoryTaskStore();

function createServer(): Server {
  const subscribed = new Set<string>();
  const server = new Server(
    { name: 'feature-old', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        completions: {},
        logging: {},
        tasks: { requests: { tools: { call: {} } } },
      },
      taskStore,
      defaultTaskPollInterval: 20,
    },
  );

  function talk(extra: RequestHandlerExtra<ServerRequest, ServerNotification>): Talk {
    return {
      signal: extra.signal,
      async progress(progress, total) {
        const progressToken = extra._meta?.progressToken;
        if (progressToken !== undefined)
          await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total } });
      },
      log: (level, data) => extra.sendNotification({ method: 'notifications/message', params: { level, data } }),
      // A question is written once for both eras, in readonly data; the SDK's own request types are mutable.
      ask: (question) => extra.sendRequest(structuredClone(question) as ServerRequest, z.looseObject({})),
      async listsChanged() {
        await server.sendToolListChanged();
        await server.sendPromptListChanged();
        await server.sendResourceListChanged();
      },
      async updated(uri) {
        if (subscribed.has(uri)) await server.sendResourceUpdated({ uri });
      },
    };
  }

  // What is listed is data for both eras.
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools().map((tool) => ({ ...listed(tool), ...(tool.isTask && { execution: { taskSupport: 'optional' } }) }) as Tool),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: args = {}, task } }, extra) => {
    const tool = tools().find((one) => one.name === name);
    if (!tool) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${name}`);
    if (!extra.taskStore || !task || !tool.isTask) return { ...(await tool.run(args, talk(extra))) };
    const begun = await extra.taskStore.createTask({ ttl: task.ttl ?? null });
    await extra.taskStore.storeTaskResult(begun.taskId, 'completed', { ...(await tool.run(args, talk(extra))) });
    return { task: begun };
  });
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: structuredClone(resources()) as never }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [structuredClone(template) as never],
  }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
    const text = read(uri);
    if (text === undefined) throw new McpError(-32002, 'Resource not found', { uri });
    return { contents: [{ uri, mimeType: 'text/plain', text }] };
  });
  server.setRequestHandler(SubscribeRequestSchema, ({ params: { uri } }) => {
    subscribed.add(uri);
    return {};
  });
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params: { uri } }) => {
    subscribed.delete(uri);
    return {};
  });
  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts: structuredClone(prompts()) as never }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => ({ messages: greeting(params.arguments?.['whom']) }));
  server.setRequestHandler(CompleteRequestSchema, ({ params: { argument } }) => ({
    completion: { values: complete(argument.name, argument.value), hasMore: false },
  }));
  server.setRequestHandler(VendorAdd, ({ params: { a, b } }) => ({ sum: a + b }));
  return server;
}

if (process.argv.includes('--http')) await serveLegacyHttp(createServer);
else await createServer().connect(new StdioServerTransport());
