// A pipeline whose servers say what a test makes them say, for hosts that listen while the policy changes under them.
import pino from 'pino';
import { onTestFinished } from 'vitest';
import type { AuditRecord } from '#contract/audit.ts';
import { Fault } from '#contract/error.ts';
import { newId, Slug, UserId } from '#contract/id.ts';
import { PolicyFile, type PolicyIds } from '#contract/policy.ts';
import type { Hearer, Identified } from '../../../gateway/call.ts';
import { noAbilities } from '../../../gateway/mcp/ability.ts';
import { encoderFor } from '../../../gateway/mcp/encode.ts';
import { capabilitiesKey } from '../../../gateway/mcp/era.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { tasksExtension } from '../../../gateway/mcp/task-name.ts';
import type { InForce } from '../../../gateway/in-force.ts';
import { createPipeline } from '../../../gateway/pipeline/pipeline.ts';
import type { Pinning } from '../../../gateway/pipeline/pinning.ts';
import { compile, type Snapshot, type Source } from '../../../gateway/policy/compile.ts';
import type { Reply, Upstream } from '../../../gateway/upstream/upstream.ts';
import { screenBy } from './screening.ts';

export const [eng, notes, wiki] = [Slug.parse('eng'), Slug.parse('notes'), Slug.parse('wiki')];
export const ids: PolicyIds = {
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
export const exposed = { tools: 'all', resources: ['thing://a', 'thing://refused'] };

function reply(answer: object): Reply {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, ...answer }));
  const message = readMessage(body);
  if (message.kind !== 'response') throw new Error('no response');
  return { body, message };
}

export function scene(
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
  const calls: string[] = [];
  /** What tasks/get answers of each. */
  const tasks: Record<string, object> = {};
  const upstream: Upstream = {
    list: () => Promise.resolve([]),
    call: async ({ task, method }) => {
      calls.push(`${method} ${task?.own}`);
      await Promise.resolve();
      return reply({ result: { resultType: 'complete', taskId: task?.own, ...(task && tasks[task.own]) } });
    },
    tell: () => Promise.resolve(),
    meet: () => Promise.resolve(),
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
        async watch(task) {
          asked.push(`+${task}`);
          if (task === 'unheard') throw new Fault('METHOD_UNKNOWN', { method: 'subscriptions/listen' });
        },
        unwatch: (task) => void asked.push(`-${task}`),
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
    capture: { begin: () => undefined },
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

  function listen(notifications: object, id = 'one', can: object = { extensions: { [tasksExtension]: {} } }) {
    const told: { method: string; params?: Record<string, unknown> }[] = [];
    const params = { notifications, _meta: { [capabilitiesKey]: can } };
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'subscriptions/listen', params }));
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
    const answered = pipeline.handle(request, message, encoderFor('modern', JSON.stringify(id)), controller).then(
      ({ body: answer }) =>
        JSON.parse(answer.toString()) as {
          result?: object;
          error?: { code: number; data: { code: string; requiredCapabilities?: object } };
        },
    );
    return { told, answered, cancel: () => controller.abort(), methods: () => told.slice(1).map(({ method }) => method) };
  }
  return {
    listen,
    hearers,
    records,
    asked,
    again,
    calls,
    tasks,
    closed,
    pipeline,
    apply(after: object, gateways?: string[], now: More = {}) {
      snapshot = snapshotOf(after, gateways, now);
      for (const listener of changed) listener();
    },
  };
}
