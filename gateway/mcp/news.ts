// News that a host hears without a call: that a list changed, that a resource did (2025-11-25, server/tools, server/prompts, server/resources), and how a
// modern host asks for it (2026-07-28, basic/utilities/subscriptions: subscriptions/listen), or that a task moved (the extension io.modelcontextprotocol/tasks). The
// rule: what a modern host hears says to which of its listens it belongs.
import { Fault } from '#contract/error.ts';
import type { ListKind } from '../call.ts';
import { isObject, type NotificationMessage, type Params, paramSpan } from './jsonrpc.ts';
import { inOrder, membersOf, type Span, splice } from './span.ts';

export const listenMethod = 'subscriptions/listen';
export const acknowledgedMethod = 'notifications/subscriptions/acknowledged';
const updatedMethod = 'notifications/resources/updated';
export const taskMovedMethod = 'notifications/tasks';
export const subscriptionKey = 'io.modelcontextprotocol/subscriptionId';
export const listKinds: readonly ListKind[] = ['tools', 'prompts', 'resources'];

/** In one listen: a host names what a person works with, not all that there is. */
const urisAtMost = 500;
const uriLimit = 4096;
const tasksAtMost = 200;
/** In characters, of an id that was made here. */
const taskLimit = 16_384;
const flags: Readonly<Record<ListKind, string>> = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
};
const kindOfMethod: ReadonlyMap<string, ListKind> = new Map(listKinds.map((kind) => [methodOf(kind), kind]));

/** What somebody wants to hear of. */
export interface ListenFilter {
  readonly lists: readonly ListKind[];
  /** Each once. */
  readonly uris: readonly string[];
  /** Ids of tasks, each once. */
  readonly tasks: readonly string[];
}

export function listKindOf(method: string): ListKind | undefined {
  return kindOfMethod.get(method);
}

/** Whether it is news of a list, of a resource or of a task. */
export function isNews(method: string): boolean {
  return method === updatedMethod || method === taskMovedMethod || kindOfMethod.has(method);
}

/** Reads what subscriptions/listen asks for; what is not known is not honored. Throws INVALID_PARAMS. */
export function readListen(params: Params): ListenFilter {
  const refuse = (reason: string) => new Fault('INVALID_PARAMS', { method: listenMethod, reason });
  const { notifications } = params.value;
  if (!isObject(notifications)) throw refuse('"notifications" must be an object');
  for (const flag of Object.values(flags))
    if (notifications[flag] !== undefined && typeof notifications[flag] !== 'boolean')
      throw refuse(`"${flag}" must be true or false`);
  const named = (key: string, what: string, limit: number, atMost: number): readonly string[] => {
    const { [key]: names = [] } = notifications;
    const isListed = (name: unknown): name is string => typeof name === 'string' && name.length <= limit;
    if (!Array.isArray(names) || !names.every(isListed)) throw refuse(`"${key}" must be an array of ${what}`);
    if (names.length > atMost) throw refuse(`"${key}" may name ${atMost} at most`);
    return names;
  };
  const uris = named('resourceSubscriptions', 'URIs', uriLimit, urisAtMost);
  return filterOf(notifications, uris, named('taskIds', 'ids', taskLimit, tasksAtMost));
}

/** What a server says that it honors, in its acknowledgment. */
export function readHonored({ params }: NotificationMessage): ListenFilter {
  const { notifications } = params.value;
  const { resourceSubscriptions, taskIds, ...rest } = isObject(notifications) ? notifications : {};
  const texts = (names: unknown) => (Array.isArray(names) ? names : []).filter((name) => typeof name === 'string');
  return filterOf(rest, texts(resourceSubscriptions), texts(taskIds));
}

function filterOf(
  notifications: Readonly<Record<string, unknown>>,
  uris: readonly string[],
  tasks: readonly string[],
): ListenFilter {
  const lists = listKinds.filter((kind) => notifications[flags[kind]] === true);
  return { lists, uris: [...new Set(uris)], tasks: [...new Set(tasks)] };
}

/** The filter as it stands in `notifications`. */
export function listenParams({ lists, uris, tasks }: ListenFilter): Readonly<Record<string, unknown>> {
  return {
    ...Object.fromEntries(lists.map((kind) => [flags[kind], true])),
    ...(uris.length > 0 && { resourceSubscriptions: uris }),
    ...(tasks.length > 0 && { taskIds: tasks }),
  };
}

/** Which listen a message is of; undefined where it says none. */
export function subscriptionOf({ params }: NotificationMessage): unknown {
  const meta = params.value['_meta'];
  return isObject(meta) ? meta[subscriptionKey] : undefined;
}

/** The first message of a listen. `subscription` here and below: the id of the listen as JSON text. */
export function acknowledged(honored: ListenFilter, subscription: string): Buffer {
  const params = `{"notifications":${JSON.stringify(listenParams(honored))},"_meta":{"${subscriptionKey}":${subscription}}}`;
  return Buffer.from(`{"jsonrpc":"2.0","method":"${acknowledgedMethod}","params":${params}}`);
}

/** Undefined for a legacy host, which names no listen. */
export function listChanged(kind: ListKind, subscription: string | undefined): Buffer {
  const params = subscription === undefined ? '' : `,"params":{"_meta":{"${subscriptionKey}":${subscription}}}`;
  return Buffer.from(`{"jsonrpc":"2.0","method":"${methodOf(kind)}"${params}}`);
}

/** What a server said of a resource, with the URI that the host knows and the listen that it is of; every other byte stays. */
export function resourceUpdated(body: Buffer, { params }: NotificationMessage, uri: string, subscription?: string): Buffer {
  const at = paramSpan(params, 'uri');
  if (!at || !params.span) return body;
  const edits = [{ span: at, by: JSON.stringify(uri) }];
  const meta = paramSpan(params, '_meta');
  const own: unknown = meta && JSON.parse(body.toString('utf8', meta.start, meta.end));
  const { [subscriptionKey]: _, ...rest } = isObject(own) ? own : {};
  if (subscription === undefined) {
    // A listen of the gateway's at the server is nothing to a host that named none.
    if (meta && isObject(own) && subscriptionKey in own) edits.push({ span: meta, by: JSON.stringify(rest) });
  } else {
    const others = JSON.stringify(rest).slice(1, -1);
    const by = `{"${subscriptionKey}":${subscription}${others === '' ? '' : `,${others}`}}`;
    const open = { start: params.span.start + 1, end: params.span.start + 1 };
    edits.push(meta ? { span: meta, by } : { span: open, by: `"_meta":${by},` });
  }
  return splice(body, inOrder(edits));
}

/** That a resource may have changed while nobody could say so. */
export function maybeUpdated(uri: string, subscription: string | undefined): Buffer {
  const meta = subscription === undefined ? '' : `,"_meta":{"${subscriptionKey}":${subscription}}`;
  return Buffer.from(`{"jsonrpc":"2.0","method":"${updatedMethod}","params":{"uri":${JSON.stringify(uri)}${meta}}}`);
}

/** What a task is now, from the answer to tasks/get: a notification carries the same, without what only results have. */
export function taskMoved(answer: Buffer, { start }: Span, subscription: string): Buffer {
  const own = membersOf(answer, start).filter(({ key }) => key !== 'resultType' && key !== '_meta');
  const parts = own.flatMap(({ key, value }) => [
    Buffer.from(`${JSON.stringify(key)}:`),
    answer.subarray(value.start, value.end),
    comma,
  ]);
  const meta = `"_meta":{"${subscriptionKey}":${subscription}}`;
  return Buffer.concat([
    Buffer.from(`{"jsonrpc":"2.0","method":"${taskMovedMethod}","params":{`),
    ...parts,
    Buffer.from(`${meta}}}`),
  ]);
}
const comma = Buffer.from(',');

function methodOf(kind: ListKind): string {
  return `notifications/${kind}/list_changed`;
}
