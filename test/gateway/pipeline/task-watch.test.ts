// Hosts that listen for tasks: which of them they may watch, and what they are told of them.
import { expect, test } from 'vitest';
import { newId } from '#contract/id.ts';
import type { Hearer } from '../../../gateway/call.ts';
import { tasksExtension } from '../../../gateway/mcp/task-name.ts';
import { createSeal } from '../../../gateway/pipeline/seal.ts';
import { proves } from '../../requirement.ts';
import { ids, notes, scene } from './hearing.ts';

/** On a busy machine. */
const patient = { timeout: 15_000 };

/** The id that a host got for a task that it began by calling `bake` at a server. */
const sealed = (own: string, user: unknown = ids.users['ada'], tool = 'bake') =>
  createSeal(Buffer.alloc(32), 'task').seal(JSON.stringify(['modern', user, 'eng', ids.servers['notes'], 'notes', tool, own]));
const moved = (hearer: Hearer | undefined, ...tasks: string[]) => tasks.forEach((own) => hearer?.taskMoved(notes, own));

test('a host hears of the tasks that it names and may see: what tasks/get answers of them now, on record', async () => {
  proves('protocol.task-heard', {
    file: 'gateway/pipeline/task-look.ts',
    find: 'return allowTask(deps, asked.request, asked.message, draft).allowed;',
    replace: 'return { ...request, assignment: { server: { slug: "notes" } }, task: { own: "t1", shown } } as never;',
  });
  const { listen, hearers, asked, records, calls, tasks } = scene();
  const [mine, theirs, unheard] = [sealed('t1'), sealed('t2', newId()), sealed('unheard')];
  const taskIds = [mine, theirs, unheard, 'made-up', `${mine}x`];
  const { told } = listen({ taskIds });
  await expect.poll(() => told, patient).toHaveLength(1);
  expect(told[0]?.params).toMatchObject({ notifications: { taskIds: [mine] } });
  expect(asked).toEqual(['+t1', '+unheard']);
  expect(records).toMatchObject([{ hidden: [theirs.slice(0, 32), 'made-up', `${mine}x`.slice(0, 32)] }]);

  const link = { type: 'resource_link', uri: 'cake://one', name: 'cake' };
  tasks['t1'] = { status: 'completed', result: { content: [link] } };
  moved(hearers.get('notes'), 't2', 'unheard', 'never', 't1');
  await expect.poll(() => told, patient).toHaveLength(2);
  expect(told[1]).toEqual({
    jsonrpc: '2.0',
    method: 'notifications/tasks',
    params: {
      taskId: mine,
      status: 'completed',
      result: { content: [{ ...link, uri: 'cake://notes__one' }] },
      _meta: { 'io.modelcontextprotocol/subscriptionId': 'one' },
    },
  });
  expect(calls).toEqual(['tasks/get t1']);
  expect(records.slice(1)).toMatchObject([{ method: 'tasks/get', tool: 'bake', decision: 'allowed', user: { name: 'ada' } }]);
});

test('a task that never rests is looked at now and then, and each time as it is', async () => {
  proves('protocol.task-paced', {
    file: 'gateway/pipeline/task-watch.ts',
    find: 'if (watched.looking) watched.looking.isStale = true;',
    replace: 'if (watched.looking) return;',
  });
  const { listen, hearers, calls, tasks } = scene();
  let looks = 0;
  Object.defineProperty(tasks, 't1', { get: () => ({ status: `at look ${++looks}` }) });
  const { told } = listen({ taskIds: [sealed('t1')] });
  await expect.poll(() => told, patient).toHaveLength(1);
  for (let times = 0; times < 1000; times++) moved(hearers.get('notes'), 't1');
  await expect.poll(() => told, patient).toHaveLength(3);
  expect(told.slice(1).map(({ params }) => params?.['status'])).toEqual(['at look 1', 'at look 2']);
  expect(calls).toHaveLength(2);
  // Whatever was said while nobody could hear it.
  hearers.get('notes')?.missed(notes);
  await expect.poll(() => told, patient).toHaveLength(4);
});

test('a task is heard of no more once its tool is taken away, and its server is told', async () => {
  const { listen, hearers, asked, calls, apply } = scene({ notes: { tools: ['bake', 'eat'] } });
  const { told } = listen({ toolsListChanged: true, taskIds: [sealed('t1'), sealed('t2', ids.users['ada'], 'eat')] });
  await expect.poll(() => told, patient).toHaveLength(1);
  apply({ notes: { tools: ['eat'] } });
  expect(asked).toEqual(['+t1', '+t2', '-t1']);
  expect(hearers.get('notes')?.tasks(notes)).toEqual(['t2']);
  moved(hearers.get('notes'), 't1', 't2');
  await expect.poll(() => calls, patient).toEqual(['tasks/get t2']);
});

test('whoever asks for tasks and does not say that they know them is told what is missing', async () => {
  const { listen } = scene();
  expect((await listen({ taskIds: [sealed('t1')] }, 'one', {}).answered).error).toMatchObject({
    code: -32021,
    data: { requiredCapabilities: { extensions: { [tasksExtension]: {} } } },
  });
});
