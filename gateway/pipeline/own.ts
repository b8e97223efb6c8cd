// What of a message the gateway server read, sealed or put there itself: no words of a host or a server, so no rule looks at it. The rule: only what is known of just this
// message; the same member in another message, or with another value, is whose it always was.
import type { AllowedCall } from '../call.ts';
import { asksBack } from '../mcp/feature.ts';
import { isObject, readMessage } from '../mcp/jsonrpc.ts';
import type { Member } from '../mcp/span.ts';
import { beginsTask, relatedTasks, taskIdSpans } from '../mcp/task-name.ts';
import type { Direction } from '../rule/compile.ts';
import type { Own } from '../rule/place.ts';
import type { Reply } from '../upstream/upstream.ts';
import { needsInput } from './input-required.ts';

const none: ReadonlySet<string> = new Set();
const onlyState: ReadonlySet<string> = new Set(['requestState']);
const onlyName: ReadonlySet<string> = new Set(['name']);
const both: ReadonlySet<string> = new Set(['name', 'requestState']);
/** In whose place stands by then what their reader knows (upstream/unasked); what a host reports of a question has its number. */
const ofNotification: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['notifications/progress', new Set(['progressToken'])],
  ['notifications/tasks/status', new Set(['taskId'])],
]);

/** Of what a host says by itself. Of a request: the name that policy or the server's list has, and no other; the server's own id and state, in whose place the host had what the gateway server sealed. A notification goes on as it came. */
export function ownOfRequest(call: AllowedCall, kind: 'request' | 'notification' = 'request'): Own {
  if (kind === 'notification') return ownOfQuestion(call);
  const { method, era, task } = call;
  const isNamed = (method === 'tools/call' || method === 'prompts/get') && !isMadeUp(call);
  const isOpened = era === 'modern' && asksBack(method) && task === undefined;
  const members = isNamed ? (isOpened ? both : onlyName) : isOpened ? onlyState : none;
  return { members, tasks: namesOf(task), isTokenReplaced: true };
}

/** Of a server's answer: the state and the ids of tasks that are sealed before the host gets them. */
export function ownOfReply(call: AllowedCall, { body, message }: Reply): Own {
  const own = ownOfQuestion(call);
  const { result, value } = message;
  if (!result) return own;
  if (needsInput({ body, message })) return { ...own, members: onlyState };
  const isBegun = call.method === 'tools/call' && isObject(value) && mayBegin(value) && begins(call, value);
  return isBegun ? { ...own, tasks: new Set(taskIdSpans(body, result).map(({ id }) => id)) } : own;
}

/** Of what a server asks, and of what a host answers it. */
export function ownOfQuestion({ task }: Pick<AllowedCall, 'task'>): Own {
  return { members: none, tasks: namesOf(task), isTokenReplaced: false };
}

/** Of what is said beside an answer, by a server or by a host that is asked something. A server's names the task that it belongs to as its reader knows it. */
export function ownOfNotification(body: Buffer, members: readonly Member[], on: Direction): Own {
  const valueOf = (name: string) => members.find(({ key }) => key === name)?.value;
  const span = valueOf('method');
  const method: unknown = span && JSON.parse(body.toString('utf8', span.start, span.end));
  const params = on === 'response' ? valueOf('params') : undefined;
  const tasks = params ? new Set(relatedTasks(body, params)) : none;
  return { members: ofNotification.get(String(method)) ?? none, tasks, isTokenReplaced: false };
}

/** All are exposed, and what is listed is looked at and has none of this name: it is whatever the host wrote. */
function isMadeUp({ assignment: { pins, exposure }, item, seen }: AllowedCall): boolean {
  return pins !== undefined && seen?.definition === undefined && exposure(item.kind) === 'all';
}

function namesOf(task: AllowedCall['task']): ReadonlySet<string> {
  return task ? new Set([task.own, task.shown]) : none;
}

function mayBegin(value: Readonly<Record<string, unknown>>): boolean {
  return value['resultType'] === 'task' || isObject(value['task']);
}

function begins({ era, body }: AllowedCall, value: object): boolean {
  const asked = readMessage(body);
  return asked.kind === 'request' && beginsTask(era, asked.params, value);
}
