// A remote server of 2026-07-28 with the extension io.modelcontextprotocol/tasks, by hand, because the SDK has no server for it: `bake` is a task that asks for
// a name before it is done. It takes a request about a task only with the header that names this task.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const extension = 'io.modelcontextprotocol/tasks';
const Request = z.looseObject({
  id: z.union([z.string(), z.number()]),
  method: z.string(),
  params: z
    .looseObject({
      taskId: z.string().optional(),
      task: z.unknown().optional(),
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
    return {};
  }
  if (method === 'tasks/cancel') {
    task.status = 'cancelled';
    return {};
  }
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

const http = createServer(async (request, response) => {
  const asked = Request.parse(JSON.parse((await text(request)) || 'null'));
  const taskId = asked.params?.taskId;
  const isMismatch = taskId !== undefined && request.headers['mcp-name'] !== taskId;
  const result = isMismatch ? undefined : answer(asked);
  const error = isMismatch ? { code: -32020, message: 'Mcp-Name' } : { code: -32602, message: 'no such task' };
  response.writeHead(isMismatch ? 400 : 200, { 'content-type': 'application/json' });
  const outcome = result ? { result: { resultType: 'complete', ...result } } : { error };
  response.end(JSON.stringify({ jsonrpc: '2.0', id: asked.id, ...outcome }));
});
http.listen(0, '127.0.0.1');
await once(http, 'listening');
const address = http.address();
const port = typeof address === 'object' && address ? address.port : 0;
process.stdout.write(`${JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${port}/mcp` })}\n`);
