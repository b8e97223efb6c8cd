// What a server says of a task beside an answer: under which id its hearer gets it.
import { expect, test } from 'vitest';
import { GatewayId, newId, ServerId, Slug, UserId } from '#contract/id.ts';
import type { AllowedCall, Conversation } from '../../../gateway/call.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { TaskNames } from '../../../gateway/mcp/task-name.ts';
import { Unasked, type UnderWayCall } from '../../../gateway/upstream/unasked.ts';
import { proves } from '../../requirement.ts';

const related = 'io.modelcontextprotocol/related-task';
const server = Slug.parse('notes');

/** A legacy host that began one task, with the call that is under way, if any; and what it is told when the server says this. */
function stage(task?: { readonly own: string; readonly shown: string }, at?: Slug) {
  const heard: { readonly method: string; readonly params: unknown }[] = [];
  const tell = (body: Buffer) => void heard.push(JSON.parse(body.toString()) as (typeof heard)[number]);
  const tasks = new TaskNames();
  tasks.set(server, 'own', 'shown');
  const conversation: Conversation = { logLevel: undefined, isThere: true, isOver: false, tell, tasks };
  const call = {
    era: 'legacy',
    method: 'tools/call',
    conversation: 'c',
    target: { gateway: Slug.parse('eng'), server: at },
    caller: { user: { id: UserId.parse(newId()), slug: Slug.parse('ada') }, host: 'test', via: 'http', workstation: null },
    assignment: { gateway: { id: GatewayId.parse(newId()) }, server: { id: ServerId.parse(newId()), slug: server } },
    audience: { logLevel: undefined, conversation, tell },
    task,
    // Only policy/decide.ts can make a whole one: its brand is not exported. What is read of it here is this.
  } as unknown as AllowedCall;
  const underWay: UnderWayCall = {
    call,
    progressToken: 'p',
    questions: 0,
    over: new AbortController().signal,
    moved: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  };
  const calls = new Map([[1, underWay]]);
  const unasked = new Unasked({
    server,
    workstation: null,
    isShared: false,
    calls: { get: (id) => calls.get(id), values: () => [...calls.values()] },
    send: () => undefined,
    onNews: () => undefined,
    onDropped: () => undefined,
    screen: (_, body, told) => told(body),
  });
  unasked.join(call);
  return {
    end: () => calls.clear(),
    said(method: string, params: object) {
      const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, params }, null, 1));
      const message = readMessage(body);
      if (message.kind !== 'notification') throw new Error('no notification');
      unasked.notified(body, message);
      return heard.at(-1)?.params;
    },
  };
}
const of = (taskId: string) => ({ _meta: { note: 'kept', [related]: { taskId } } });

test('what a server says beside an answer names its task as the host knows it', () => {
  proves('protocol.task-told-by-shown', {
    file: 'gateway/upstream/unasked.ts',
    find: 'if (!isOfTask(message)) return body;',
    replace: 'if (call || isOfTask(message)) return body;',
  });
  const { said, end } = stage();
  const progress = { progressToken: 1, progress: 1 };
  expect(said('notifications/progress', { ...progress, ...of('own') })).toEqual({
    ...progress,
    progressToken: 'p',
    ...of('shown'),
  });
  const log = { level: 'info', data: 'x', logger: 'notes' };
  expect(said('notifications/message', { level: 'info', data: 'x', ...of('own') })).toEqual({ ...log, ...of('shown') });
  end();
  expect(said('notifications/message', { level: 'info', data: 'x', ...of('own') })).toEqual({ ...log, ...of('shown') });
  expect(said('notifications/elicitation/complete', { elicitationId: 'e', ...of('own') })).toEqual({
    elicitationId: 'e',
    ...of('shown'),
  });
  const status = { status: 'working', createdAt: 'now' };
  expect(said('notifications/tasks/status', { taskId: 'own', ...status, ...of('own') })).toEqual({
    taskId: 'shown',
    ...status,
    ...of('shown'),
  });
});

test('a task that the host does not know is not named, and the one that its call is about is', () => {
  const { said } = stage({ own: 'of-call', shown: 'shown-of-call' });
  const log = { level: 'info', data: 'x' };
  expect(said('notifications/message', { ...log, ...of('another') })).toMatchObject({ ...log, _meta: { note: 'kept' } });
  expect(JSON.stringify(said('notifications/message', { ...log, ...of('another') }))).not.toContain('another');
  expect(said('notifications/message', { ...log, _meta: { [related]: 'another' } })).toMatchObject({ ...log, _meta: {} });
  expect(said('notifications/message', { ...log, ...of('of-call') })).toMatchObject(of('shown-of-call'));
});

test('so it does of what MCP does not know, in a call and beside one, and of a task that the host does not know it says nothing', () => {
  const { said, end } = stage(undefined, server);
  const moved = (id: string) => said('notifications/vendor/moved', { a: 1, ...of(id) });
  expect([moved('own'), moved('another')]).toEqual([
    { a: 1, ...of('shown') },
    { a: 1, _meta: { note: 'kept' } },
  ]);
  end();
  expect(moved('own')).toEqual({ a: 1, ...of('shown') });
});
