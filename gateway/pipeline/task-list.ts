// tasks/list: the tasks that a conversation began, each as its server has it now, and as far as its tool still may be called when the answer is made. The rule: a
// server that does not answer in its time holds up none of the others; its tasks are missing, and the record names it.
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import type { AllowedCall, Answered, Identified } from '../call.ts';
import type { Edit } from '../mcp/item-link.ts';
import type { RequestMessage } from '../mcp/jsonrpc.ts';
import { inOrder, splice } from '../mcp/span.ts';
import { decide, enter } from '../policy/decide.ts';
import type { Trace } from '../upstream/upstream.ts';
import type { Draft } from './draft.ts';
import { listWithinMs, type Mute, muteWithinMs } from './mute.ts';
import { allowTask, askingFor, renamed, type TaskDeps } from './task.ts';

/** Servers that are asked for the tasks of one list at a time. */
const serversAtOnce = 16;

interface TaskListDeps extends TaskDeps {
  readonly mute: Mute;
  /** How long one server may hold up the list, in ms. */
  readonly withinMs?: number;
}
/** What asks for one task. */
interface Asked {
  /** Its place in the list. */
  readonly at: number;
  readonly allowed: AllowedCall;
  readonly message: RequestMessage;
  readonly trace: Trace;
}

interface Listed {
  readonly at: number;
  readonly allowed: AllowedCall;
  readonly json: Buffer;
}

/** Rejects with CANCELLED, and with what refuses the gateway. */
export async function listTasks(deps: TaskListDeps, request: Identified, draft: Draft, signal: AbortSignal): Promise<Answered> {
  const gateway = enter(deps.inForce.current(), request.caller, request.target.gateway);
  if (gateway instanceof Fault) throw gateway;
  draft.gateway = { id: gateway.id, name: gateway.slug };
  draft.decidedAt = performance.now();
  const names = request.audience?.conversation?.tasks;
  const byServer = new Map<string, Asked[]>();
  for (const [at, shown] of (names?.shown() ?? []).entries()) {
    const asked = asking(deps, request, shown, draft, at);
    if (!asked) continue;
    const { slug } = asked.allowed.assignment.server;
    byServer.set(slug, [...(byServer.get(slug) ?? []), asked]);
  }

  async function ask({ at, allowed, message, trace }: Asked, inTime: AbortSignal): Promise<readonly Listed[]> {
    const given = await deps.upstream.call(allowed, message, trace, inTime);
    const reply = (await deps.screen.reply(allowed, given, inTime)) ?? given;
    const { result } = reply.message;
    if (result) return [{ at, allowed, json: slice(reply.body, result, renamed(allowed, reply)) }];
    names?.delete(allowed.assignment.server.slug, allowed.task?.own ?? '');
    return [];
  }

  async function askServer([slug, asked]: readonly [string, readonly Asked[]]): Promise<readonly Listed[]> {
    const [first] = asked;
    if (!first) return [];
    const { caller, assignment } = first.allowed;
    const { withinMs = listWithinMs } = deps;
    const late = AbortSignal.timeout(deps.mute.has(caller, assignment) ? Math.min(muteWithinMs, withinMs) : withinMs);
    const inTime = AbortSignal.any([signal, late]);
    const settled = await Promise.allSettled(asked.map((one) => ask(one, inTime)));
    const items = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (settled.some(({ status }) => status === 'rejected')) draft.leftOut.push(slug);
    if (settled.some(({ status }) => status === 'fulfilled')) deps.mute.delete(caller, assignment);
    else if (late.aborted && !signal.aborted) deps.mute.add(caller, assignment);
    return items;
  }

  const found = await someAtOnce([...byServer], askServer, signal);
  if (signal.aborted) throw new Fault('CANCELLED');
  const now = deps.inForce.current();
  const left = found.filter(({ allowed }) => {
    const decision = decide(now, allowed);
    return decision.kind === 'allowed' && decision.call.assignment.server.id === allowed.assignment.server.id;
  });
  const items = left.toSorted((a, b) => a.at - b.at).map(({ json }) => json);
  return { kind: 'listed', member: 'tasks', items };
}

/** Undefined where the task may not be seen any more. */
function asking(deps: TaskListDeps, request: Identified, shown: string, draft: Draft, at: number): Asked | undefined {
  const asked = askingFor(request, shown);
  const trace: Trace = {};
  try {
    const one = allowTask(deps, asked.request, asked.message, { ...draft, taking: undefined });
    return { ...one, trace, at };
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** None is begun once the signal is aborted. */
async function someAtOnce<T, R>(all: readonly T[], work: (one: T) => Promise<readonly R[]>, signal: AbortSignal): Promise<R[]> {
  const done: R[] = [];
  const left = all.values();
  const worker = async () => {
    for (const one of left) {
      if (signal.aborted) return;
      done.push(...(await work(one)));
    }
  };
  await Promise.all(Array.from({ length: Math.min(serversAtOnce, all.length) }, worker));
  return done;
}

function slice(body: Buffer, { start, end }: Edit['span'], edits: readonly Edit[]): Buffer {
  const moved = edits.map(({ span, by }) => ({ span: { start: span.start - start, end: span.end - start }, by }));
  return splice(body.subarray(start, end), inOrder(moved));
}
