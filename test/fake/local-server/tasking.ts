// A server of 2025-11-25 whose tools run as tasks, made with the official SDK v1: `bake` is done by itself or, with `slow`, when `finish` is called; `ask` needs
// a name of the person before it is done.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { InMemoryTaskMessageQueue, InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js';
import { z } from 'zod';

const server = new McpServer(
  { name: 'tasking', version: '1.0.0' },
  {
    capabilities: { tools: {}, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
    taskStore: new InMemoryTaskStore(),
    taskMessageQueue: new InMemoryTaskMessageQueue(),
    defaultTaskPollInterval: 50,
  },
);
const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
const bakedFor = (who: string) => ({
  content: [
    { type: 'text' as const, text: `baked for ${who}` },
    { type: 'resource_link' as const, uri: 'cake://one', name: 'cake' },
  ],
});

server.experimental.tasks.registerToolTask(
  'bake',
  { inputSchema: { who: z.string(), slow: z.boolean().optional() }, execution: { taskSupport: 'optional' } },
  {
    createTask: async ({ who, slow }, { taskStore }) => {
      const task = await taskStore.createTask({ ttl: 60_000 });
      const done = async () => {
        if (slow) await finished;
        await taskStore.storeTaskResult(task.taskId, 'completed', bakedFor(who));
      };
      setImmediate(() => void done().catch(() => undefined));
      return { task };
    },
    getTask: (_, { taskStore, taskId }) => taskStore.getTask(taskId),
    getTaskResult: async (_, { taskStore, taskId }) =>
      z.custom<ReturnType<typeof bakedFor>>().parse(await taskStore.getTaskResult(taskId)),
  },
);
server.experimental.tasks.registerToolTask(
  'ask',
  { execution: { taskSupport: 'required' } },
  {
    createTask: async ({ taskStore }) => {
      const task = await taskStore.createTask({ ttl: 60_000 });
      const done = async () => {
        await taskStore.updateTaskStatus(task.taskId, 'input_required');
        const { content } = await server.server.elicitInput(
          { mode: 'form', message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
          { relatedTask: { taskId: task.taskId } },
        );
        await taskStore.storeTaskResult(task.taskId, 'completed', bakedFor(String(content?.['name'])));
      };
      setImmediate(() => void done().catch(() => undefined));
      return { task };
    },
    getTask: ({ taskStore, taskId }) => taskStore.getTask(taskId),
    getTaskResult: async ({ taskStore, taskId }) =>
      z.custom<ReturnType<typeof bakedFor>>().parse(await taskStore.getTaskResult(taskId)),
  },
);
server.registerTool('finish', {}, () => {
  finish();
  return { content: [{ type: 'text', text: 'finished' }] };
});
await server.connect(new StdioServerTransport());
