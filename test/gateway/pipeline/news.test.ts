// Hosts that listen, against a policy that changes under them: what is honored, what is told, and when it is over.
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { AuditRecord } from '#contract/audit.ts';
import { newId, Slug, UserId } from '#contract/id.ts';
import { PolicyFile, type PolicyIds } from '#contract/policy.ts';
import type { Hearer, Identified } from '../../../gateway/call.ts';
import { noAbilities } from '../../../gateway/mcp/ability.ts';
import { encoderFor } from '../../../gateway/mcp/encode.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import type { InForce } from '../../../gateway/in-force.ts';
import { createPipeline } from '../../../gateway/pipeline/pipeline.ts';
import type { Pinning } from '../../../gateway/pipeline/pinning.ts';
import { compile, type Snapshot, type Source } from '../../../gateway/policy/compile.ts';
import { compilePins } from '../../../gateway/policy/pins.ts';
import { compileRules } from '../../../gateway/rule/compile.ts';
import type { Reply, Upstream } from '../../../gateway/upstream/upstream.ts';
import { proves } from '../../requirement.ts';
import { compileDeps, policyWith } from '../rule/stage.ts';
import { screenBy } from './screening.ts';

const [eng, notes, wiki] = [Slug.parse('eng'), Slug.parse('notes'), Slug.parse('wiki')];
const ids: PolicyIds = {
  users: { ada: newId() },
  teams: {},
  servers: { notes: newId(), wiki: newId() },
  gateways: { eng: newId() },
  assignments: { 'eng/notes': newId(), 'eng/wiki': newId() },
};
type More = Pick<Source, 'pins' | 'rules'>;
const snapshotOf = (assignments: object, gateways = ['eng'], more: More = {}): Snapshot =>
  compile({
    ...more,
    policy: PolicyFile.parse({
      version: 1,
      users: { ada: { email: 'a@example.org', teams: ['red'] } },
      teams: { red: { gateways } },
      servers: { notes: { kind: 'workstation' }, wiki: { kind: 'workstation' } },
      gateways: { eng: { assignments } },
    }),
    ids,
    offers: [],
    approvals: [],
  });
const exposed = { tools: 'all', resources: ['thing://a', 'thing://refused'] };

function reply(answer: object): Reply {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, ...answer }));
  const message = readMessage(body);
  if (message.kind !== 'response') throw new Error('no response');
  return { body, message };
}

/** A pipeline whose servers say what the test makes them say. */
function scene(
  assignments: object = { notes: exposed, wiki: { tools: 'all' } },
  more: More = {},
  seen: Pinning['seen'] = () => undefined,
) {
  let snapshot = snapshotOf(assignments, ['eng'], more);
  const changed = new Set<() => void>();
  const hearers = new Map<string, Hearer>();
  const records: AuditRecord[] = [];
  const closed: string[] = [];
  const asked: string[] = [];
  const again: string[] = [];
  const upstream: Upstream = {
    list: () => Promise.resolve([]),
    call: () => Promise.resolve(reply({ result: {} })),
    about: () => undefined,
    follow({ assignment }, hearer, isAgain) {
      const { slug } = assignment.server;
      if (isAgain) again.push(slug);
      hearers.set(slug, hearer);
      return {
        isSettled: true,
        refresh: () => undefined,
        async subscribe(uri, isOn) {
          asked.push(`${isOn ? '+' : '-'}${uri}`);
          return reply(uri.endsWith('refused') ? { error: { code: -32002, message: 'no such thing' } } : { result: {} });
        },
        close: () => void closed.push(slug),
      };
    },
    hear: () => undefined,
    release: () => undefined,
    close: () => Promise.resolve(),
  };
  const inForce: InForce = {
    current: () => snapshot,
    onChange: (listener) => {
      changed.add(listener);
      return () => void changed.delete(listener);
    },
    close: () => undefined,
  };
  const pipeline = createPipeline({
    sealSecret: Buffer.alloc(32),
    inForce,
    screen: screenBy(inForce),
    upstream,
    recorder: { append: (record) => Promise.resolve(void records.push(record)), close: () => Promise.resolve() },
    logger: pino({ level: 'silent' }),
    stands: () => Promise.resolve(),
    seen,
    onRecord: () => undefined,
  });
  onTestFinished(() => pipeline.close());

  function listen(notifications: object, id = 'one') {
    const told: { method: string; params?: Record<string, unknown> }[] = [];
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'subscriptions/listen', params: { notifications } }));
    const message = readMessage(body);
    if (message.kind !== 'request') throw new Error('no request');
    const controller = new AbortController();
    const request: Identified = {
      era: 'modern',
      method: message.method,
      target: { gateway: eng, server: undefined },
      body,
      caller: {
        user: { id: UserId.parse(ids.users['ada']), slug: Slug.parse('ada') },
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
        conversation: undefined,
        tell: () => undefined,
        wants: () => undefined,
        ask: () => Promise.reject(new Error('asks nothing')),
        hold: () => ({ tell: (notification) => void told.push(JSON.parse(notification.toString())) }),
      },
      arrivedAt: { monotonic: 0, wall: 0 },
    };
    const answered = pipeline
      .handle(request, message, encoderFor('modern', JSON.stringify(id)), controller)
      .then(({ body: answer }) => JSON.parse(answer.toString()) as { result?: object; error?: { data: { code: string } } });
    return { told, answered, cancel: () => controller.abort(), methods: () => told.slice(1).map(({ method }) => method) };
  }
  return {
    listen,
    hearers,
    records,
    asked,
    again,
    closed,
    pipeline,
    apply(after: object, gateways?: string[], now: More = {}) {
      snapshot = snapshotOf(after, gateways, now);
      for (const listener of changed) listener();
    },
  };
}

function say(hearer: Hearer | undefined, subscribed: string, more: object = {}): void {
  const params = { uri: subscribed, ...more };
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params }));
  hearer?.updated(notes, subscribed, body);
}
const lists = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };

test('what is honored is what policy and server allow; it is said first, and only that is heard', async () => {
  proves('protocol.listen-honored', {
    file: 'gateway/pipeline/news.ts',
    find: "return decision.kind === 'allowed' ? decision.call : shown;",
    replace: "return decision.kind === 'allowed' ? decision.call : (request as AllowedCall);",
  });
  const { listen, hearers, asked } = scene();
  const uris = ['thing://notes__a', 'thing://notes__b', 'thing://notes__refused', 'thing://nobody__a', 'nonsense'];
  const { told } = listen({ toolsListChanged: true, resourceSubscriptions: uris });
  await expect.poll(() => told).toHaveLength(1);
  expect(told[0]).toMatchObject({
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['thing://notes__a'] } },
  });
  expect(asked).toEqual(['+thing://a', '+thing://refused']);
  say(hearers.get('notes'), 'thing://a');
  say(hearers.get('notes'), 'thing://refused');
  expect(told.slice(1)).toMatchObject([{ params: { uri: 'thing://notes__a' } }]);
});

test('much news is told once, and news of what is not exposed never', async () => {
  const { listen, hearers } = scene();
  const { told, methods } = listen(lists);
  await expect.poll(() => hearers.size).toBe(2);
  for (let times = 0; times < 1000; times++)
    for (const server of [notes, wiki]) hearers.get(server)?.listChanged(server, 'tools');
  hearers.get('wiki')?.listChanged(wiki, 'resources');
  hearers.get('notes')?.listChanged(notes, 'prompts');
  await expect.poll(() => told.length).toBeGreaterThan(1);
  hearers.get('notes')?.missed(notes);
  await expect.poll(() => methods().includes('notifications/resources/list_changed')).toBe(true);
  expect(methods().filter((method) => method.includes('tools')).length).toBe(2);
  expect(methods()).not.toContain('notifications/prompts/list_changed');
});

test('a resource that the policy takes away is heard of no more, and its server is told', async () => {
  const { listen, hearers, asked, apply } = scene();
  const { told, methods } = listen({ resourceSubscriptions: ['thing://notes__a'] });
  await expect.poll(() => told).toHaveLength(1);
  apply({ notes: { tools: 'all' }, wiki: { tools: 'all' } });
  say(hearers.get('notes'), 'thing://a');
  expect(asked).toEqual(['+thing://a', '-thing://a']);
  expect(methods()).toEqual([]);
});

test('a resource whose definition counts is heard of, and no more once it does not', async () => {
  proves('pin.subscription', {
    file: 'gateway/pipeline/listening.ts',
    find: '{ ...resolved, seen }',
    replace: '{ ...resolved, seen: undefined }',
  });
  const row = {
    assignment: String(ids.assignments['eng/notes']),
    kind: 'resources',
    name: 'thing://a',
    hash: 'h',
    body: 'b',
    hints: {},
  } as const;
  const pinned = (state: 'accepted' | 'rejected') => ({ pins: compilePins([{ ...row, state, decidedAt: null }]) });
  const seen = () => ({ kind: 'resources', name: 'thing://a', definition: 'h' }) as const;
  const assignments = { notes: exposed };
  const { listen, hearers, asked, apply } = scene(assignments, pinned('accepted'), seen);
  const { told, methods } = listen({ resourceSubscriptions: ['thing://notes__a'] });
  await expect.poll(() => told).toHaveLength(1);
  say(hearers.get('notes'), 'thing://a');
  expect(methods()).toEqual(['notifications/resources/updated']);
  apply(assignments, ['eng'], pinned('rejected'));
  say(hearers.get('notes'), 'thing://a');
  expect(methods()).toEqual(['notifications/resources/updated']);
  expect(asked).toEqual(['+thing://a', '-thing://a']);
});

test('what is listened to passes the rules for requests, and what is heard of it those for answers', async () => {
  proves('rule.listen', {
    file: 'gateway/pipeline/news.ts',
    find: "if (decision.kind === 'allowed') await deps.screen.request(",
    replace: "if (decision.kind === 'refused') await deps.screen.request(",
  });
  const written = [
    { name: 'no-plan', method: 'pattern', patterns: ['plan-\\d+'], for: ['resources'], action: 'block', on: 'request' },
    { name: 'no-words', method: 'pattern', patterns: ['secret'], for: ['resources'], action: 'redact', on: 'response' },
  ];
  const rules = await compileRules(policyWith(written), compileDeps);
  const { listen, hearers, asked, records } = scene({ notes: { resources: ['thing://a', 'thing://plan-7'] } }, { rules });
  const { told } = listen({ resourceSubscriptions: ['thing://notes__a', 'thing://notes__plan-7'] });
  await expect.poll(() => told).toHaveLength(1);
  expect(asked).toEqual(['+thing://a']);
  expect(records).toContainEqual(expect.objectContaining({ method: 'subscriptions/listen', hidden: ['?'] }));
  expect(JSON.stringify(records)).not.toContain('plan-7');
  say(hearers.get('notes'), 'thing://a', { note: 'a secret' });
  await expect.poll(() => told.slice(1)).toMatchObject([{ params: { uri: 'thing://notes__a', note: 'a [REDACTED]' } }]);
});

test('a server that is assigned later is listened to as well, one that is taken away no more', async () => {
  const { listen, hearers, closed, apply } = scene({ wiki: { tools: 'all' } });
  const { told, methods } = listen(lists);
  await expect.poll(() => hearers.size).toBe(1);
  apply({ notes: exposed });
  await expect.poll(() => told).toHaveLength(3);
  expect(methods().toSorted()).toEqual(['notifications/resources/list_changed', 'notifications/tools/list_changed']);
  expect([closed, hearers.has('notes')]).toEqual([['wiki'], true]);
});

test('a server that is taken away and given back may have said something meanwhile', async () => {
  const { listen, hearers, again, apply } = scene();
  listen(lists);
  await expect.poll(() => hearers.size).toBe(2);
  apply({ wiki: { tools: 'all' } });
  expect(again).toEqual([]);
  apply({ notes: exposed, wiki: { tools: 'all' } });
  expect(again).toEqual(['notes']);
});

test('a listen ends with its host, with the gateway, and with the right to be there', async () => {
  const { listen, pipeline, apply, closed } = scene();
  const [cancelled, revoked] = [listen(lists, 'one'), listen(lists, 'two')];
  await expect.poll(() => [cancelled.told.length, revoked.told.length]).toEqual([1, 1]);
  cancelled.cancel();
  expect((await cancelled.answered).error?.data.code).toBe('CANCELLED');
  apply({ notes: exposed }, []);
  expect((await revoked.answered).error?.data.code).toBe('GATEWAY_NOT_GRANTED');
  expect((await listen(lists, 'none').answered).error?.data.code).toBe('GATEWAY_NOT_GRANTED');
  apply({ notes: exposed });
  const stopped = listen(lists, 'three');
  await expect.poll(() => stopped.told).toHaveLength(1);
  await pipeline.close();
  expect((await stopped.answered).result).toMatchObject({
    resultType: 'complete',
    _meta: { 'io.modelcontextprotocol/subscriptionId': 'three' },
  });
  // All three heard of two servers at most, and none hears any more.
  expect(closed.length).toBe(5);
});

test('a user who listens too often is refused', async () => {
  const { listen } = scene();
  const all = Array.from({ length: 200 }, (_, index) => listen(lists, String(index)));
  await expect.poll(() => all.every(({ told }) => told.length > 0)).toBe(true);
  expect((await listen(lists, 'more').answered).error?.data.code).toBe('SESSION_LIMIT');
});
