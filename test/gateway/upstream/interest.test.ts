// What is listened to at one server for all that want to hear of it: the real thing, with a server that the test plays.
import { expect, test, vi } from 'vitest';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import type { ListenFilter } from '../../../gateway/mcp/news.ts';
import { Interest } from '../../../gateway/upstream/interest.ts';
import type { ListenTold } from '../../../gateway/upstream/listen-stream.ts';
import type { Reply } from '../../../gateway/upstream/upstream.ts';
import { proves } from '../../requirement.ts';
import { hearer } from './hearer.ts';

const server = Slug.parse('notes');
const about = {
  instructions: undefined,
  capabilities: new Set(['tools', 'resources']),
  listChanged: ['tools', 'resources'] as const,
  isSubscribable: true,
  hasTasks: true,
  beyond: undefined,
};

interface Stream {
  readonly filter: ListenFilter;
  readonly told: ListenTold;
  isOpen: boolean;
}

/** A modern server; it acknowledges `honors` of what is wanted, at once. */
function modern(honors: (filter: ListenFilter) => ListenFilter | Fault | undefined = (filter) => filter) {
  const streams: Stream[] = [];
  let emptied = 0;
  const interest = new Interest({
    server,
    about,
    way: {
      open(filter, told) {
        const stream = { filter, told, isOpen: true };
        streams.push(stream);
        const answer = honors(filter);
        queueMicrotask(() => {
          if (answer instanceof Fault) told.onOver(answer);
          else if (answer) told.onAcknowledged(answer);
        });
        return { close: () => void (stream.isOpen = false) };
      },
    },
    ask: () => Promise.reject(new Error('a modern server is not asked')),
    onDropped: () => undefined,
    onEmpty: () => void emptied++,
  });
  return { interest, streams, open: () => streams.filter(({ isOpen }) => isOpen), emptied: () => emptied };
}

function legacy(answers: (method: string, uri: string) => object = () => ({ result: {} })) {
  const asked: string[] = [];
  const interest = new Interest({
    server,
    about,
    way: undefined,
    async ask(method, uri) {
      asked.push(`${method} ${uri}`);
      return reply(answers(method, uri));
    },
    onDropped: () => undefined,
  });
  return { interest, asked };
}

function reply(answer: object): Reply {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, ...answer }));
  const message = readMessage(body);
  if (message.kind !== 'response') throw new Error('no response');
  return { body, message };
}
function say(interest: Interest, method: string, params?: object): void {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, ...(params && { params }) }));
  const message = readMessage(body);
  if (message.kind === 'notification') interest.notified(body, message);
}

test('a modern server has one stream for all, opened anew where what they want changes, and closed after the last', async () => {
  proves('protocol.one-listen', {
    file: 'gateway/upstream/listen-stream.ts',
    find: 'await new Promise((resolve) => setImmediate(resolve));',
    replace: '',
  });
  const { interest, streams, open, emptied } = modern();
  const [first, second] = [hearer({ uris: ['thing://a'] }), hearer({ uris: ['thing://b'] })];
  await Promise.all([first, second].map((one) => interest.attach(one, () => undefined)));
  expect(streams.map(({ filter }) => filter)).toEqual([
    { lists: ['tools', 'resources'], uris: ['thing://a', 'thing://b'], tasks: [] },
  ]);
  await interest.subscribe(second, 'thing://c');
  expect(open().map(({ filter }) => filter.uris)).toEqual([['thing://a', 'thing://b', 'thing://c']]);
  interest.detach(first);
  await expect.poll(() => open().map(({ filter }) => filter.uris)).toEqual([['thing://b', 'thing://c']]);
  expect(emptied()).toBe(0);
  interest.detach(second);
  expect([open(), emptied()]).toEqual([[], 1]);
});

test('what a modern server does not honor is refused, and what it does not declare is not asked for', async () => {
  const { interest, streams } = modern(({ lists }) => ({ lists, uris: [], tasks: [] }));
  const one = hearer();
  await interest.attach(one, () => undefined);
  await expect(interest.subscribe(one, 'thing://a')).rejects.toMatchObject({ code: 'METHOD_UNKNOWN' });
  expect(streams.every(({ filter }) => !filter.lists.includes('prompts'))).toBe(true);
});

test('the end of a stream ends the hearing of all; a server without such streams is left alone', async () => {
  const { interest, streams } = modern();
  const lost: unknown[] = [];
  for (const one of [hearer(), hearer()]) expect(await interest.attach(one, (fault) => lost.push(fault?.code))).toBe(true);
  streams[0]?.told.onOver(new Fault('UPSTREAM_LOST', { server }));
  expect([lost, interest.isOver]).toEqual([['UPSTREAM_LOST', 'UPSTREAM_LOST'], true]);

  const silent = modern(() => new Fault('METHOD_UNKNOWN', { method: 'subscriptions/listen' }));
  expect(await silent.interest.attach(hearer(), () => lost.push('again'))).toBe(true);
  expect([lost.length, silent.interest.isOver]).toEqual([2, false]);
});

test('a legacy server is told of the first hearer and of the last', async () => {
  const { interest, asked } = legacy();
  const [first, second] = [hearer(), hearer()];
  for (const one of [first, second]) await interest.attach(one, () => undefined);
  await interest.subscribe(first, 'thing://a');
  await interest.subscribe(second, 'thing://a');
  await interest.unsubscribe(first, 'thing://a');
  expect(asked.filter((one) => one.startsWith('resources/unsubscribe'))).toEqual([]);
  interest.detach(second);
  expect(asked.at(-1)).toBe('resources/unsubscribe thing://a');
});

test('news reaches whoever it is for', async () => {
  const { interest } = legacy((_, uri) =>
    uri === 'thing://refused' ? { error: { code: -32002, message: 'no' } } : { result: {} },
  );
  const [first, second] = [hearer(), hearer()];
  for (const one of [first, second]) await interest.attach(one, () => undefined);
  await interest.subscribe(first, 'thing://a');
  expect((await interest.subscribe(second, 'thing://refused')).message.error).toBeDefined();
  say(interest, 'notifications/tools/list_changed');
  for (const uri of ['thing://a', 'thing://a/part', 'thing://ab', 'thing://refused'])
    say(interest, 'notifications/resources/updated', { uri });
  expect([first.heard, second.heard]).toEqual([['tools', 'thing://a', 'thing://a'], ['tools']]);
});

test('a task is listened to for all who watch it, and told to just them; a server that knows no tasks is not asked', async () => {
  proves('protocol.task-listen', {
    file: 'gateway/upstream/interest.ts',
    find: "const hearers = typeof taskId === 'string' ? this.#tasks.to(taskId) : [];",
    replace: 'const hearers = [...this.#hearers.keys()];',
  });
  const { interest, open } = modern();
  const [first, second] = [hearer({ own: ['t1'] }), hearer()];
  for (const one of [first, second]) await interest.attach(one, () => undefined);
  await interest.watch(second, 't2');
  expect(open().map(({ filter }) => filter.tasks)).toEqual([['t1', 't2']]);
  for (const taskId of ['t1', 't2', 't3', 7]) say(interest, 'notifications/tasks', { taskId, status: 'working' });
  expect([first.heard, second.heard]).toEqual([['t1'], ['t2']]);
  interest.unwatch(second, 't2');
  await expect.poll(() => open().map(({ filter }) => filter.tasks)).toEqual([['t1']]);

  const deaf = modern(({ lists }) => ({ lists, uris: [], tasks: [] }));
  await deaf.interest.attach(second, () => undefined);
  await expect(deaf.interest.watch(second, 't2')).rejects.toMatchObject({ code: 'METHOD_UNKNOWN' });
  const old = legacy();
  await old.interest.attach(second, () => undefined);
  await expect(old.interest.watch(second, 't2')).rejects.toMatchObject({ code: 'METHOD_UNKNOWN' });
});

test('a server that says ten thousand times that a list changed is heard once, and once more after that; another kind at once', async () => {
  const { interest } = legacy();
  const one = hearer();
  await interest.attach(one, () => undefined);
  for (let said = 0; said < 10_000; said++) say(interest, 'notifications/tools/list_changed');
  say(interest, 'notifications/resources/list_changed');
  expect(one.heard).toEqual(['tools', 'resources']);
  await vi.waitFor(() => expect(one.heard).toEqual(['tools', 'resources', 'tools']));
  // Nothing was said since, so nothing more is told, and what comes next is told at once.
  await new Promise((resolve) => setTimeout(resolve, 150));
  say(interest, 'notifications/tools/list_changed');
  expect(one.heard).toEqual(['tools', 'resources', 'tools', 'tools']);
});

test('a server that says ten thousand times that a resource was updated is heard once, and after that with the last it said', async () => {
  const { interest } = legacy();
  const told: unknown[] = [];
  const one = { ...hearer(), updated: (_: Slug, uri: string, body: Buffer) => void told.push([uri, numberOf(body)]) };
  await interest.attach(one, () => undefined);
  for (const uri of ['thing://a', 'thing://b']) await interest.subscribe(one, uri);
  const lines = Buffer.alloc(200);
  for (let number = 0; number < 10_000; number++) sayIn(lines, interest, { uri: 'thing://a', number });
  sayIn(lines, interest, { uri: 'thing://b', number: 1 });
  expect(told).toEqual([
    ['thing://a', 0],
    ['thing://b', 1],
  ]);
  await vi.waitFor(() => expect(told.slice(2)).toEqual([['thing://a', 9999]]));
  await new Promise((resolve) => setTimeout(resolve, 150));
  sayIn(lines, interest, { uri: 'thing://a', number: 7 });
  sayIn(lines, interest, { uri: 'thing://a', number: 8 });
  expect(told.slice(3)).toEqual([['thing://a', 7]]);
  // Who wants to hear no more is told nothing of what came before.
  await interest.unsubscribe(one, 'thing://a');
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(told).toHaveLength(4);
});

/** In memory that is used again, as that of a tunnel is. */
function sayIn(memory: Buffer, interest: Interest, params: object): void {
  memory.fill(' ').write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params }));
  const message = readMessage(memory);
  if (message.kind === 'notification') interest.notified(memory, message);
}
function numberOf(body: Buffer): unknown {
  const message = readMessage(body);
  return message.kind === 'notification' ? message.params.value['number'] : undefined;
}
