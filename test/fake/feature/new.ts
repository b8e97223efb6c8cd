// The server with every feature, of 2026-07-28 and of no other revision, on the official SDK v2.
//   node test/fake/feature/new.ts          over stdio
//   node test/fake/feature/new.ts --http   over Streamable HTTP on 127.0.0.1; prints {"event":"listening","url":…}
// A question ends the request: it is answered `input_required`, and the tool runs again when its reply comes back with it.
import {
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequests,
  type McpServerFactory,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';
import { serveModernHttp } from '../conformance/modern-http.ts';
import {
  complete,
  greeting,
  listed,
  prompts,
  type Question,
  read,
  resources,
  type Talk,
  template,
  type ToolResult,
  tools,
} from './fixture.ts';

const taskExtension = 'io.modelcontextprotocol/tasks';
/** What the host said that it can, in this request. */
const Able = z.looseObject({
  [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({ extensions: z.looseObject({ [taskExtension]: z.object({}) }) }),
});
/** Of a method that no revision has. */
const VendorAdd = z.looseObject({ a: z.number(), b: z.number() });
const TaskParams = z.looseObject({ taskId: z.string() });
/** By their ids; a request has a server of its own. */
const tasks = new Map<string, ToolResult>();

/** Thrown where a reply is not there yet. */
class Unanswered extends Error {
  readonly question: Question;
  constructor(question: Question) {
    super('not answered yet');
    this.question = question;
  }
}

function createServer(): Server {
  const server = new Server(
    { name: 'feature-new', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        completions: {},
        logging: {},
        extensions: { [taskExtension]: {} },
      },
    },
  );

  function talk({ mcpReq }: ServerContext): Talk {
    return {
      signal: mcpReq.signal,
      async progress(progress, total) {
        const progressToken = mcpReq._meta?.progressToken;
        if (progressToken !== undefined)
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total } });
      },
      log: (level, data) => mcpReq.log(level, data),
      ask(question) {
        const reply = mcpReq.inputResponses?.['answer'];
        return reply === undefined ? Promise.reject(new Unanswered(question)) : Promise.resolve(reply);
      },
      async listsChanged() {
        if (notify) {
          notify.toolsChanged();
          notify.promptsChanged();
          notify.resourcesChanged();
          return;
        }
        await server.sendToolListChanged();
        await server.sendPromptListChanged();
        await server.sendResourceListChanged();
      },
      async updated(uri) {
        if (notify) notify.resourceUpdated(uri);
        else await server.sendResourceUpdated({ uri });
      },
    };
  }

  // What is listed is data for both eras, readonly; the SDK's own types are mutable.
  server.setRequestHandler('tools/list', () => ({ tools: tools().map((tool) => listed(tool) as never) }));
  server.setRequestHandler('tools/call', async ({ params: { name, arguments: args = {} } }, context) => {
    const tool = tools().find((one) => one.name === name);
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${name}`);
    try {
      const result = { ...(await tool.run(args, talk(context))) };
      if (!tool.isTask || !Able.safeParse(context.mcpReq.envelope).success) return result;
      const taskId = `task-${tasks.size + 1}`;
      tasks.set(taskId, result);
      // The SDK has no type for the extension's result.
      return { resultType: 'task', taskId, status: 'working', ttlMs: 60_000, pollIntervalMs: 20 } as never;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return inputRequired({ inputRequests: structuredClone({ answer: error.question }) as InputRequests });
    }
  });
  server.setRequestHandler('tasks/get', { params: TaskParams, result: z.looseObject({}) }, ({ taskId }) => {
    const result = tasks.get(taskId);
    if (!result) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such task');
    return { taskId, status: 'completed', result: { ...result } };
  });
  server.setRequestHandler('resources/list', () => ({ resources: structuredClone(resources()) as never }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [structuredClone(template) as never] }));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const text = read(uri);
    if (text === undefined) throw new ResourceNotFoundError(uri);
    return { contents: [{ uri, mimeType: 'text/plain', text }] };
  });
  server.setRequestHandler('prompts/list', () => ({ prompts: structuredClone(prompts()) as never }));
  server.setRequestHandler('prompts/get', ({ params }) => ({ messages: greeting(params.arguments?.['whom']) }));
  server.setRequestHandler('completion/complete', ({ params: { argument } }) => ({
    completion: { values: complete(argument.name, argument.value), hasMore: false },
  }));
  server.setRequestHandler('vendor/add', { params: VendorAdd, result: z.looseObject({}) }, ({ a, b }) => ({ sum: a + b }));
  return server;
}

const factory: McpServerFactory = createServer;
const notify = process.argv.includes('--http') ? serveModernHttp(factory, false) : undefined;
if (!notify) serveStdio(factory, { legacy: 'reject' });
