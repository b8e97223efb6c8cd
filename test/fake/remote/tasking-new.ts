// A server of 2026-07-28 with the extension io.modelcontextprotocol/tasks, by hand, because the SDK has no server for it: `bake` is a task that asks for a name
// before it is done, and whoever listens for it is told when it moves. Over HTTP it takes a request about a task only with the header that names this task.
//   node tasking-new.ts           over Streamable HTTP on 127.0.0.1; prints {"event":"listening","url":…}
//   node tasking-new.ts --stdio   over stdio
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const extension = 'io.modelcontextprotocol/tasks';
const subscriptionKey = 'io.modelcontextprotocol/subscriptionId';
const Cancelled = z.looseObject({ params: z.looseObject({ requestId: z.unknown() }) });
const Request = z.looseObject({
  id: z.union([z.string(), z.number()]),
  method: z.string(),
  params: z
    .looseObject({
      taskId: z.string().optional(),
      task: z.unknown().optional(),
      notifications: z.looseObject({ taskIds: z.array(z.string()).optional() }).optional(),
      inputResponses: z.record(z.string(), z.looseObject({ content: z.looseObject({ name: z.string() }) })).optional(),
      _meta: z.looseObject({
        'io.modelcontextprotocol/clientCapabilities': z.looseObject({ extensions: z.looseObject({}).optional() }).optional(),
      }),
    })
    .optional(),
});
interface Task {
  readonly taskId: string;
  status: 'input_required' | 'completed' | 'cancelled';
  who: string;
}
const tasks = new Map<string, Task>();
/** By the id of the request that listens, as JSON text. */
const listens = new Map<string, { readonly tasks: readonly string[]; readonly say: (message: object) => void }>();
const hints = { ttlMs: 0, cacheScope: 'private' };
const who = {
  method: 'elicitation/create',
  params: { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
};

function answer({ method, params }: z.infer<typeof Request>): object | undefined {
  const isDeclared = params?._meta['io.modelcontextprotocol/clientCapabilities']?.extensions?.[extension] !== undefined;
  if (method === 'server/discover')
    return { supportedVersions: ['2026-07-28'], capabilities: { tools: {}, extensions: { [extension]: {} } }, ...hints };
  if (method === 'tools/list') return { tools: [{ name: 'bake', inputSchema: { type: 'object' } }], ...hints };
  if (method === 'tools/call') {
    if (!isDeclared) return { content: [{ type: 'text', text: `at once${params?.task ? ', with a task param' : ''}` }] };
    const task: Task = { taskId: `task-${tasks.size + 1}`, status: 'input_required', who: '' };
    tasks.set(task.taskId, task);
    return { resultType: 'task', taskId: task.taskId, status: 'working', ttlMs: 60_000, pollIntervalMs: 10 };
  }
  const task = tasks.get(params?.taskId ?? '');
  if (!task) return undefined;
  if (method === 'tasks/update') {
    task.who = params?.inputResponses?.['who']?.content.name ?? '';
    task.status = 'completed';
    moved(task);
    return {};
  }
  if (method === 'tasks/cancel') {
    task.status = 'cancelled';
    moved(task);
    return {};
  }
  return detailed(task);
}

function detailed(task: Task): object {
  const content = [
    { type: 'text', text: `baked for ${task.who}` },
    { type: 'resource_link', uri: 'cake://one', name: 'cake' },
  ];
  return {
    taskId: task.taskId,
    status: task.status,
    ...(task.status === 'input_required' && { inputRequests: { who } }),
    ...(task.status === 'completed' && { result: { content } }),
  };
}

function moved(task: Task): void {
  for (const [id, listen] of listens)
    if (listen.tasks.includes(task.taskId))
      listen.say({ method: 'notifications/tasks', params: { ...detailed(task), _meta: { [subscriptionKey]: JSON.parse(id) } } });
}

/** Says at once which of the tasks there are, and then when they move. */
function listen({ id, params }: z.infer<typeof Request>, say: (message: object) => void): void {
  const taskIds = (params?.notifications?.taskIds ?? []).filter((one) => tasks.has(one));
  listens.set(JSON.stringify(id), { tasks: taskIds, say });
  const _meta = { [subscriptionKey]: id };
  say({ method: 'notifications/subscriptions/acknowledged', params: { notifications: { taskIds }, _meta } });
}

function outcomeOf(result: object | undefined): object {
  return result ? { result: { resultType: 'complete', ...result } } : { error: { code: -32602, message: 'no such task' } };
}

if (process.argv.includes('--stdio')) serveStdio();
else await serveHttp();

function serveStdio(): void {
  const write = (message: object) => void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { data: asked } = Request.safeParse(JSON.parse(line));
    if (asked?.method === 'subscriptions/listen') listen(asked, write);
    else if (asked) write({ id: asked.id, ...outcomeOf(answer(asked)) });
    else listens.delete(JSON.stringify(Cancelled.parse(JSON.parse(line)).params.requestId));
  });
}

async function serveHttp(): Promise<void> {
  const http = createServer(async (request, response) => {
    const asked = Request.parse(JSON.parse((await text(request)) || 'null'));
    if (asked.method === 'subscriptions/listen') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.on('close', () => listens.delete(JSON.stringify(asked.id)));
      return listen(asked, (message) => void response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`));
    }
    const taskId = asked.params?.taskId;
    const isMismatch = taskId !== undefined && request.headers['mcp-name'] !== taskId;
    response.writeHead(isMismatch ? 400 : 200, { 'content-type': 'application/json' });
    const outcome = isMismatch ? { error: { code: -32020, message: 'Mcp-Name' } } : outcomeOf(answer(asked));
    response.end(JSON.stringify({ jsonrpc: '2.0', id: asked.id, ...outcome }));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${port}/mcp` })}\n`);
}
