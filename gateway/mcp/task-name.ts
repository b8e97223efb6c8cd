// Tasks: work that a server goes on with after its answer (2025-11-25, basic/utilities/tasks; 2026-07-28, the extension io.modelcontextprotocol/tasks). Where a
// message names one, and which of a server's tasks a conversation knows by which name. The rule: bounded, the oldest goes first.
import type { ConversationTasks, Era } from '../call.ts';
import { isObject, type NotificationMessage, type Params } from './jsonrpc.ts';
import { type Member, membersOf, type Span, splice } from './span.ts';

export const tasksExtension = 'io.modelcontextprotocol/tasks';
const relatedKey = 'io.modelcontextprotocol/related-task';

const methods: Readonly<Record<Era, ReadonlySet<string>>> = {
  legacy: new Set(['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/list']),
  modern: new Set(['tasks/get', 'tasks/update', 'tasks/cancel']),
};

/** Whether a method is about tasks in this era. */
export function isTaskMethod(era: Era, method: string): boolean {
  return methods[era].has(method);
}

/** Where an object names a task, in order: of itself, of the one that it began, and of the one that it belongs to (`_meta`). */
export function taskIdSpans(body: Buffer, { start }: Span): readonly { readonly span: Span; readonly id: string }[] {
  const members = membersOf(body, start);
  const of = (key: string, all = members) => all.filter((member) => member.key === key).map(({ value }) => value);
  const inner = (spans: readonly Span[], key: string) => spans.flatMap((span) => of(key, membersOf(body, span.start)));
  const named = [...of('taskId'), ...inner(of('task'), 'taskId'), ...inner(inner(of('_meta'), relatedKey), 'taskId')];
  return named
    .toSorted((a, b) => a.start - b.start)
    .flatMap((span) => {
      const id: unknown = JSON.parse(body.toString('utf8', span.start, span.end));
      return typeof id === 'string' ? [{ span, id }] : [];
    });
}

/** The ids of the tasks that params say they belong to, as their `_meta` names them. */
export function relatedTasks(body: Buffer, { start }: Span): readonly string[] {
  const metas = membersOf(body, start).filter(({ key }) => key === '_meta');
  return metas.flatMap(({ value }) => idsIn(body, membersOf(body, value.start)));
}

function idsIn(body: Buffer, meta: readonly Member[]): readonly string[] {
  const related = meta.filter(({ key }) => key === relatedKey).flatMap(({ value }) => membersOf(body, value.start));
  return related.flatMap(({ key, value: { start, end } }) => {
    const id: unknown = key === 'taskId' ? JSON.parse(body.toString('utf8', start, end)) : undefined;
    return typeof id === 'string' ? [id] : [];
  });
}

/** Whether a server says this of a task. */
export function isOfTask({ params: { value } }: NotificationMessage): boolean {
  const meta = value['_meta'];
  return isObject(meta) && relatedKey in meta;
}

/** What a server says beside an answer, with the task that it belongs to under the id that its hearer knows. Of one that they know none of it says nothing. */
export function withShownTask(body: Buffer, shownOf: (own: string) => string | undefined): Buffer {
  const params = membersOf(body, 0).filter(({ key }) => key === 'params');
  const metas = params.flatMap(({ value }) => membersOf(body, value.start).filter(({ key }) => key === '_meta'));
  const edits = metas.map(({ value: span }) => {
    const members = membersOf(body, span.start);
    const textOf = ({ start, end }: Span) => body.toString('utf8', start, end);
    const kept = members
      .filter(({ key }) => key !== relatedKey)
      .map(({ key, value }) => `${JSON.stringify(key)}:${textOf(value)}`);
    const shown = idsIn(body, members)
      .map(shownOf)
      .find((id) => id !== undefined);
    const related = shown === undefined ? [] : [`${JSON.stringify(relatedKey)}:${JSON.stringify({ taskId: shown })}`];
    return { span, by: `{${[...kept, ...related].join(',')}}` };
  });
  return splice(body, edits);
}

/** Whether the result of a call says that a task was begun, in the words of the host's era: 2025-11-25 has one begun only where the host wants it. */
export function beginsTask(era: Era, { value: asked }: Params, value: unknown): boolean {
  if (!isObject(value)) return false;
  return era === 'modern' ? value['resultType'] === 'task' : isObject(asked['task']) && isObject(value['task']);
}

const knownLimit = 256;

/** The tasks that a conversation began, by server and by the server's own id. */
export class TaskNames implements ConversationTasks {
  #known: Map<string, string> | undefined;

  set(server: string, own: string, shown: string): void {
    this.#known ??= new Map();
    this.#known.set(`${server}\n${own}`, shown);
    for (const key of this.#known.keys()) {
      if (this.#known.size <= knownLimit) break;
      this.#known.delete(key);
    }
  }

  shownOf(server: string, own: string): string | undefined {
    return this.#known?.get(`${server}\n${own}`);
  }

  delete(server: string, own: string): void {
    this.#known?.delete(`${server}\n${own}`);
  }

  /** As the host knows them, the oldest first. */
  shown(): readonly string[] {
    return [...(this.#known?.values() ?? [])];
  }
}
