// What a host that listens may know of a task, and how it comes to know it: as by a tasks/get of its own. The rule: nothing of a task reaches it by another way.
import { Fault } from '#contract/error.ts';
import type { AllowedCall, Encode, Encoded, Identified } from '../call.ts';
import { capabilitiesKey } from '../mcp/era.ts';
import { encoderFor } from '../mcp/encode.ts';
import { endedBy } from '../mcp/ended-by.ts';
import { isObject, readMessage, type RequestMessage } from '../mcp/jsonrpc.ts';
import { tasksExtension } from '../mcp/task-name.ts';
import { allowTask, askingFor, type TaskDeps } from './task.ts';
import type { TaskWatchTerms } from './task-watch.ts';

export interface TaskLookDeps extends Pick<TaskDeps, 'inForce' | 'taskSeal' | 'seen'> {
  /** Takes a request from arrival to answer, and puts it on record. Never rejects. */
  readonly handle: (request: Identified, message: RequestMessage, encode: Encode, closed: AbortController) => Promise<Encoded>;
}

/** `able`: what the host says in its request that it can. Throws CAPABILITY_MISSING where it asks for tasks and does not know them. */
export function ableOf({ params }: RequestMessage, hasTasks: boolean, server: string): unknown {
  const meta = params.value['_meta'];
  const able = isObject(meta) ? meta[capabilitiesKey] : undefined;
  const extensions = isObject(able) ? able['extensions'] : undefined;
  if (hasTasks && !(isObject(extensions) && isObject(extensions[tasksExtension])))
    throw new Fault('CAPABILITY_MISSING', { server, capabilities: JSON.stringify({ extensions: { [tasksExtension]: {} } }) });
  return able;
}

/** Undefined where it may not be seen: a made-up id, another user's, of another gateway, or of a tool that it may not call. */
export function seenTask(deps: TaskLookDeps, request: Identified, shown: string): AllowedCall | undefined {
  const asked = askingFor(request, shown);
  const hits = { hits: [], beyond: 0, isOfName: false, isClosed: false };
  const draft = { server: null, item: null, decidedAt: undefined, hits };
  try {
    return allowTask(deps, asked.request, asked.message, draft).allowed;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

export function lookOf(deps: TaskLookDeps, request: Identified, able: unknown): TaskWatchTerms['look'] {
  return async (shown, signal) => {
    const asked = askingFor(request, shown, able);
    const { body } = await endedBy(signal, (closed) =>
      deps.handle(asked.request, asked.message, encoderFor('modern', '0'), closed),
    );
    const answer = readMessage(body);
    return answer.kind === 'response' && answer.result ? { body, result: answer.result } : undefined;
  };
}
