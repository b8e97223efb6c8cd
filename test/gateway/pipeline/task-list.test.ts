// tasks/list over many servers, some of which never answer.
import { expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { newId, Slug, UserId } from '#contract/id.ts';
import { PolicyFile, type PolicyIds } from '#contract/policy.ts';
import type { AllowedCall, Identified } from '../../../gateway/call.ts';
import { noAbilities } from '../../../gateway/mcp/ability.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { TaskNames } from '../../../gateway/mcp/task-name.ts';
import { beginRecord } from '../../../gateway/pipeline/draft.ts';
import { createMute } from '../../../gateway/pipeline/mute.ts';
import { createSeal } from '../../../gateway/pipeline/seal.ts';
import { listTasks } from '../../../gateway/pipeline/task-list.ts';
import { compile } from '../../../gateway/policy/compile.ts';
import { compileOff } from '../../../gateway/policy/switch.ts';
import type { Reply, Upstream } from '../../../gateway/upstream/upstream.ts';
import { proves } from '../../requirement.ts';
import { screenBy } from './screening.ts';

const servers = Array.from({ length: 40 }, (_, at) => `s${String(at).padStart(2, '0')}`);
const each = <T>(value: (slug: string) => T) => Object.fromEntries(servers.map((slug) => [slug, value(slug)]));
const ids: PolicyIds = {
  users: { ada: newId() },
  teams: {},
  servers: each(() => newId()),
  gateways: { eng: newId() },
  assignments: {},
};
const snapshot = compile({
  policy: PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'a@example.org', teams: ['red'] } },
    teams: { red: { gateways: ['eng'] } },
    servers: each(() => ({ kind: 'workstation' })),
    gateways: { eng: { assignments: each(() => ({ tools: 'all' })) } },
  }),
  ids,
  offers: [],
  approvals: [],
});

function answer(call: AllowedCall, id: string): Reply {
  const result = { taskId: id, status: 'working', server: call.assignment.server.slug };
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result }));
  const message = readMessage(body);
  if (message.kind !== 'response') throw new Error('no response');
  return { body, message };
}

/** A conversation with two tasks at each server; `dead` ones never answer. */
function scene(dead: ReadonlySet<string>, current = () => snapshot) {
  const taskSeal = createSeal(Buffer.alloc(32), 'task');
  const tasks = new TaskNames();
  const user = UserId.parse(ids.users['ada']);
  const eng = Slug.parse('eng');
  for (const own of ['first', 'second'])
    for (const slug of servers)
      tasks.set(
        slug,
        own,
        taskSeal.seal(JSON.stringify(['legacy', user, eng, ids.servers[slug], slug, 'bake', `${own}-${slug}`])),
      );
  const running = new Set<string>();
  let [most, asked] = [0, 0];
  const upstream = {
    async call(call: AllowedCall, _: unknown, __: unknown, signal: AbortSignal) {
      const { slug } = call.assignment.server;
      running.add(slug);
      most = Math.max(most, running.size);
      asked++;
      try {
        if (!dead.has(slug)) {
          await new Promise((resolve) => setImmediate(resolve));
          return answer(call, call.task?.own ?? '');
        }
        return await new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Fault('CANCELLED')), { once: true });
        });
      } finally {
        running.delete(slug);
      }
    },
  } as unknown as Upstream;
  const conversation = { logLevel: undefined, isThere: true, isOver: false, tell: () => undefined, tasks };
  const request: Identified = {
    era: 'legacy',
    method: 'tasks/list',
    target: { gateway: eng, server: undefined },
    body: Buffer.alloc(0),
    caller: {
      user: { id: user, slug: Slug.parse('ada') },
      host: 'codex',
      token: null,
      gateway: eng,
      via: 'http',
      workstation: null,
    },
    conversation: 'c',
    audience: {
      abilities: noAbilities,
      logLevel: undefined,
      conversation,
      tell: () => undefined,
      wants: () => undefined,
      ask: () => Promise.reject(new Error('asks nothing')),
    },
    arrivedAt: { monotonic: performance.now(), wall: Date.now() },
  };
  const inForce = { current, onChange: () => () => undefined, close: () => undefined };
  const screen = screenBy(inForce);
  const deps = {
    inForce,
    screen,
    upstream,
    taskSeal,
    mute: createMute(),
    questionEdits: () => Promise.resolve([]),
    seen: () => undefined,
    withinMs: 100,
  };
  async function list(signal = new AbortController().signal) {
    const draft = beginRecord(request, 'tasks/list', request);
    const answered = await listTasks(deps, request, draft, signal);
    if (answered.kind !== 'listed') throw new Error('no list');
    const listed = answered.items.map((json) => JSON.parse(json.toString()) as { taskId: string; server: string });
    return { listed, leftOut: draft.leftOut };
  }
  return { list, most: () => most, asked: () => asked, shown: () => tasks.shown() };
}

test('a server that never answers keeps only its own tasks out of the list, and the record names it', async () => {
  proves('edge.task-list-in-time', {
    file: 'gateway/pipeline/task-list.ts',
    find: 'const inTime = AbortSignal.any([signal, late]);',
    replace: 'const inTime = signal;',
  });
  proves('edge.task-list-in-time', {
    file: 'gateway/pipeline/task-list.ts',
    find: "if (settled.some(({ status }) => status === 'rejected')) draft.leftOut.push(slug);",
    replace: '',
  });
  const dead = new Set(['s03', 's20']);
  const { list, most, shown } = scene(dead);
  const { listed, leftOut } = await list();
  const alive = servers.filter((slug) => !dead.has(slug));
  expect(listed.map(({ server }) => server)).toEqual([...alive, ...alive]);
  expect(new Set(listed.map(({ taskId }) => taskId))).toEqual(
    new Set(shown().filter((_, at) => !dead.has(servers[at % servers.length] ?? ''))),
  );
  expect(leftOut.toSorted()).toEqual(['s03', 's20']);
  expect(most()).toBe(16);
});

test('a list that nobody waits for any more asks no further server', async () => {
  const { list, asked } = scene(new Set(servers));
  const controller = new AbortController();
  const listed = list(controller.signal);
  controller.abort();
  await expect(listed).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(asked()).toBeLessThanOrEqual(32);
});

test('tasks of a server that is switched off while another is waited for are not in the list', async () => {
  let current = snapshot;
  const one = {
    kind: 'server',
    name: 's01',
    owner: null,
    reason: 'a leak',
    isTold: false,
    since: 1,
    until: null,
    by: 'test',
  } as const;
  const { list } = scene(new Set(['s07']), () => current);
  const listing = list();
  setTimeout(() => (current = { ...snapshot, off: compileOff([one], Date.now) }), 50);
  const { listed } = await listing;
  expect(new Set(listed.map(({ server }) => server))).toEqual(
    new Set(servers.filter((slug) => slug !== 's01' && slug !== 's07')),
  );
});
