// Tasks of servers, relayed in the era in which they were begun. The rule: the id that a host gets is sealed to its user and gateway, to the server, its address
// and the tool; whatever is done with it is decided as a call of that tool is, by the policy of now. Tasks of the two eras are not translated into each other: what a
// server of the other era would need to be told, and answers, has no counterpart (tasks/result, tasks/list; tasks/update, results inside tasks/get).
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import type { AllowedCall, Answered, Era, Identified, Resolved } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { capabilitiesKey } from '../mcp/era.ts';
import { type Edit, linkEdits } from '../mcp/item-link.ts';
import { isObject, paramSpan, readMessage, type RequestMessage } from '../mcp/jsonrpc.ts';
import { membersOf, splice } from '../mcp/span.ts';
import { beginsTask, taskIdSpans } from '../mcp/task-name.ts';
import { decide, enter } from '../policy/decide.ts';
import type { Reply, Trace, Upstream } from '../upstream/upstream.ts';
import type { Draft } from './draft.ts';
import type { Recorder } from '../audit/record.ts';
import { inputEdits, needsInput } from './input-required.ts';
import type { RequestStates } from './request-state.ts';
import { type Asker, otherThan } from './permit.ts';
import { assigned } from './resolve.ts';
import type { Pinning } from './pinning.ts';
import type { Screen } from './screen.ts';
import type { Seal } from './seal.ts';

/** In characters, of a server's own id. */
const idLimit = 1024;

export interface TaskDeps {
  readonly inForce: InForce;
  readonly upstream: Upstream;
  readonly taskSeal: Seal;
  readonly seen: Pinning['seen'];
  readonly screen: Screen;
  /** What a task of a modern server asks its host, held to the rules for questions. */
  readonly questionEdits: (call: AllowedCall, message: RequestMessage, reply: Reply, trace: Trace) => Promise<readonly Edit[]>;
}
/** What stands in an id. */
interface Task {
  readonly server: { readonly id: string; readonly slug: string };
  /** Where the server was when the task began: what its host answers goes nowhere else. */
  readonly remote: { readonly url: string } | undefined;
  readonly tool: string;
  readonly own: string;
}

/** What a reply that begins a task has to say instead of the server's own id. Throws TASK_OTHER_ERA, SERVER_GARBAGE. */
export function begunEdits(
  { taskSeal }: Pick<TaskDeps, 'taskSeal'>,
  call: AllowedCall,
  { params }: RequestMessage,
  { body, message }: Reply,
): readonly Edit[] {
  const { era, assignment, item, caller } = call;
  const { result, value } = message;
  if (!result || !isObject(value)) return [];
  const server = assignment.server.slug;
  if (era === 'legacy' && value['resultType'] === 'task')
    throw new Fault('TASK_OTHER_ERA', { server, theirs: '2026-07-28', ours: '2025-11-25' });
  if (call.method !== 'tools/call' || !beginsTask(era, params, value)) return [];
  const found = taskIdSpans(body, result);
  if (found.length === 0) throw new Fault('SERVER_GARBAGE', { server, reason: 'it begins a task without an id' });
  const names = new Map<string, string>();
  return found.map(({ span, id }) => {
    if (id.length > idLimit) throw new Fault('SERVER_GARBAGE', { server, reason: 'the id of its task is too long' });
    const of = [
      era,
      caller.user.id,
      call.target.gateway,
      assignment.server.id,
      server,
      item.name,
      id,
      assignment.remote?.url ?? '',
    ];
    const shown = names.get(id) ?? taskSeal.seal(JSON.stringify(of));
    names.set(id, shown);
    call.audience?.conversation?.tasks?.set(server, id, shown);
    return { span, by: JSON.stringify(shown) };
  });
}

/** So many questions are known to be on record; a host asks for a task again and again. */
const seenLimit = 10_000;

export function createTaskQuestions(deps: {
  readonly inForce: InForce;
  readonly states: RequestStates;
  readonly recorder: Recorder;
}): TaskDeps['questionEdits'] {
  const seen = new Set<string>();
  return (call, message, reply, trace) =>
    inputEdits(deps, call, message, reply, trace, (key) => {
      const question = `${call.task?.shown ?? ''}\n${key}`;
      const isNew = !seen.has(question);
      if (seen.size >= seenLimit) seen.clear();
      seen.add(question);
      return isNew;
    });
}

/** tasks/get, tasks/result, tasks/cancel, tasks/update. Rejects with TASK_UNKNOWN, TASK_FOREIGN, TASK_OTHER_ERA, or as a call does. */
export async function useTask(
  deps: TaskDeps,
  request: Identified,
  message: RequestMessage,
  draft: Draft,
  signal: AbortSignal,
): Promise<Answered> {
  const gateway = enter(deps.inForce.current(), request.caller, request.target.gateway);
  if (gateway instanceof Fault) throw gateway;
  draft.gateway = { id: gateway.id, name: gateway.slug };
  const call = await screened(deps, allowTask(deps, request, message, draft), signal);
  const other = call.asker && otherThan(call.asker, call.allowed.assignment);
  if (other) throw other;
  const given = await deps.upstream.call(call.allowed, call.message, draft.trace, signal);
  const reply = (await deps.screen.reply(call.allowed, given, signal)) ?? given;
  const { idSpan, result, error, value } = reply.message;
  if (!idSpan) throw new Fault('SERVER_GARBAGE', { server: call.allowed.assignment.server.slug, reason: 'its answer has no id' });
  const isError = error !== undefined || (isObject(value) && value['isError'] === true);
  const asks = result && request.era === 'modern' && isObject(value) && isObject(value['inputRequests']);
  if (needsInput(reply))
    throw new Fault('SERVER_GARBAGE', {
      server: call.allowed.assignment.server.slug,
      reason: 'it asks for input in a task’s answer',
    });
  const edits = [
    ...(result ? renamed(call.allowed, reply) : []),
    ...(asks ? await deps.questionEdits(call.allowed, call.message, reply, draft.trace) : []),
  ];
  return { kind: 'relayed', body: reply.body, id: idSpan, result, error, isError, edits };
}

interface Allowed {
  readonly allowed: AllowedCall;
  readonly message: RequestMessage;
  /** It answers what this one asked. */
  readonly asker?: Asker;
}

/** As the rules leave it. */
async function screened(deps: TaskDeps, call: Allowed, signal: AbortSignal): Promise<Allowed> {
  const changed = await deps.screen.request(call.allowed, call.message, signal);
  if (!changed) return call;
  const again = decide(deps.inForce.current(), { ...call.allowed, body: changed.body });
  if (again.kind !== 'allowed') throw again.fault;
  return { ...call, allowed: again.call, message: changed.message };
}

/** tasks/get by the id that the host knows, as `request` would ask it. `able`: what the host says that it can, as it said it. */
export function askingFor(request: Identified, shown: string, able?: unknown): { request: Identified; message: RequestMessage } {
  const method = 'tasks/get';
  const params = { taskId: shown, ...(able !== undefined && { _meta: { [capabilitiesKey]: able } }) };
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 0, method, params }));
  const message = readMessage(body);
  if (message.kind !== 'request') throw new Error('a request that is none');
  const arrivedAt = { monotonic: performance.now(), wall: Date.now() };
  return { request: { ...request, method, body, arrivedAt }, message };
}

/** The request as the server gets it, decided as a call of the tool. Throws what makes an id none, and what refuses the call. */
export function allowTask(
  deps: Pick<TaskDeps, 'inForce' | 'taskSeal' | 'seen'>,
  request: Identified,
  message: RequestMessage,
  draft: Pick<Draft, 'server' | 'item' | 'decidedAt' | 'hits'> & Partial<Pick<Draft, 'taking'>>,
): Allowed {
  const span = paramSpan(message.params, 'taskId');
  const shown = message.params.value['taskId'];
  if (!span || typeof shown !== 'string')
    throw new Fault('INVALID_PARAMS', { method: message.method, reason: '"taskId" must be a string' });
  const snapshot = deps.inForce.current();
  const { server, remote, tool, own } = opened(deps.taskSeal, request, shown);
  const gateway = enter(snapshot, request.caller, request.target.gateway);
  if (gateway instanceof Fault) throw gateway;
  const assignment = assigned(gateway, server.slug);
  // Another server has that name by now.
  if (assignment.server.id !== server.id) throw new Fault('TASK_UNKNOWN');
  draft.server = { id: assignment.server.id, name: assignment.server.slug };
  draft.item = { kind: 'tools', name: tool };
  const body = splice(request.body, [{ span, by: JSON.stringify(own) }]);
  const spliced = readMessage(body);
  if (spliced.kind !== 'request') throw new Fault('INVALID_REQUEST', { reason: 'it is no request' });
  const resolved: Resolved = {
    ...request,
    body,
    assignment,
    item: { kind: 'tools', name: tool },
    task: { own, shown },
    hits: draft.hits,
    flow: draft.taking?.flow,
    seen: assignment.pins && deps.seen({ caller: request.caller, assignment }, 'tools', tool),
  };
  const decision = decide(snapshot, resolved);
  draft.decidedAt = performance.now();
  if (decision.kind === 'refused') throw decision.fault;
  return { allowed: decision.call, message: spliced, ...(message.method === 'tasks/update' && { asker: { server, remote } }) };
}

/** What a host's id stands for. Throws TASK_UNKNOWN, TASK_FOREIGN, TASK_OTHER_ERA. */
function opened(seal: Seal, { era, caller, target }: Identified, shown: string): Task {
  const text = seal.open(shown)?.text;
  const parts: unknown = text === undefined ? undefined : JSON.parse(text);
  if (!Array.isArray(parts)) throw new Fault('TASK_UNKNOWN');
  const [begunIn, user, gateway, id = '', slug = '', tool = '', own = '', url = ''] = parts.map(String);
  if (user !== caller.user.id || gateway !== target.gateway) throw new Fault('TASK_FOREIGN');
  if (target.server !== undefined && target.server !== slug) throw new Fault('TASK_FOREIGN');
  if (begunIn !== era) throw new Fault('TASK_OTHER_ERA', { server: slug, theirs: revisionOf(begunIn), ours: revisionOf(era) });
  return { server: { id, slug }, remote: url === '' ? undefined : { url }, tool, own };
}

function revisionOf(era: Era | string | undefined): string {
  return era === 'modern' ? '2026-07-28' : '2025-11-25';
}

/** The task under the host's id wherever the answer names it, and at the gateway's one URL the resources that its result links to. */
export function renamed(
  { task, method, target, assignment }: AllowedCall,
  { body, message: { result, value } }: Reply,
): readonly Edit[] {
  if (!result || !task) return [];
  const ids = taskIdSpans(body, result)
    .filter(({ id }) => id === task.own)
    .map(({ span }) => ({ span, by: JSON.stringify(task.shown) }));
  if (target.server !== undefined || !isObject(value)) return ids;
  const server = assignment.server.slug;
  if (method === 'tasks/result') return [...ids, ...linkEdits(server, 'tools/call', body, result, value)];
  const inlined = membersOf(body, result.start).find(({ key }) => key === 'result')?.value;
  return inlined ? [...ids, ...linkEdits(server, 'tools/call', body, inlined, value['result'])] : ids;
}
