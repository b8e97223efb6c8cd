// A whole pipeline with rules in force and servers that say what a test makes them say, for one request.
import pino from 'pino';
import { expect } from 'vitest';
import type { AuditRecord, CallRecord } from '#contract/audit.ts';
import { newId, Slug, UserId } from '#contract/id.ts';
import { type Capture, Payload, type SealedPayload } from '#contract/payload.ts';
import { PolicyFile, type PolicyIds } from '#contract/policy.ts';
import type { AllowedCall, Era, Identified } from '../../../gateway/call.ts';
import { encoderFor, encoderForTold } from '../../../gateway/mcp/encode.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { membersOf } from '../../../gateway/mcp/span.ts';
import { type CaptureDeps, createCapture } from '../../../gateway/pipeline/capture.ts';
import { noting } from '../../../gateway/pipeline/flow.ts';
import { createPipeline } from '../../../gateway/pipeline/pipeline.ts';
import type { Screen } from '../../../gateway/pipeline/screen.ts';
import { compile, type Snapshot } from '../../../gateway/policy/compile.ts';
import { compileRules } from '../../../gateway/rule/compile.ts';
import type { Engines } from '../../../gateway/rule/engine.ts';
import { compileCaptures } from '../../../gateway/rule/mask.ts';
import type { Upstream } from '../../../gateway/upstream/upstream.ts';
import { compileDeps } from '../rule/stage.ts';
import { followsNothing } from './following.ts';
import { screenBy } from './screening.ts';

/** What the host answers to a question. */
const answered = '523-45-6789';

/** Sealing is the vault's: here what would be sealed is looked at. */
export const inTheClear: ReturnType<CaptureDeps['seals']['current']> = {
  seal: (of, text) => ({ ...of, key: 'none', sealed: text }),
};

const eng = Slug.parse('eng');
const ids: PolicyIds = {
  users: { ada: newId() },
  teams: {},
  servers: { notes: newId() },
  gateways: { eng: newId() },
  assignments: {},
};

async function snapshotOf(rules: readonly object[], capture: Capture, methods: 'all' | 'none' = 'all'): Promise<Snapshot> {
  const policy = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'a@example.org', teams: ['red'] } },
    teams: { red: { gateways: ['eng'] } },
    servers: { notes: { kind: 'workstation' } },
    gateways: {
      eng: {
        assignments: { notes: { tools: 'all', prompts: 'all', resources: 'all', templates: 'all', methods } },
        rules,
        capture,
      },
    },
  });
  const compiled = await compileRules(policy, compileDeps);
  const captures = await compileCaptures(policy, compiled, compileDeps);
  return compile({ policy, ids, offers: [], approvals: [], rules: compiled, captures });
}

export type Meanwhile = (call: AllowedCall, screen: Screen) => Promise<void> | void;

interface Scene {
  readonly rules: readonly object[];
  readonly method?: string;
  readonly params?: object;
  /** What stands beside `params` in the request. */
  readonly beside?: object;
  /** Of the server: `result` or `error`. */
  readonly answer?: object;
  readonly items?: readonly object[];
  readonly instructions?: string;
  /** What the server declares beside MCP, as JSON text. */
  readonly beyond?: string;
  /** `legacy` where it is not said. */
  readonly era?: Era;
  /** It comes to the URL of the one server, not to the gateway's. */
  readonly isAtServer?: boolean;
  /** No foreign method is exposed any more once it is under way. */
  readonly isClosedMeanwhile?: boolean;
  /** A notification in place of a request. */
  readonly isTold?: boolean;
  /** What the server says while the call is under way. */
  readonly meanwhile?: Meanwhile;
  readonly engines?: Engines;
  readonly capture?: Capture;
  /** What the host says of its progress with a question. */
  readonly report?: string;
  /** What payloads are sealed with. */
  readonly seals?: CaptureDeps['seals'];
  /** In place of a recorder that keeps at once; `withinMs` of the capture. */
  readonly keep?: CaptureDeps['recorder']['keep'];
  readonly withinMs?: number;
}

/** One request through the pipeline: what came back, what its server got, and what was said and recorded meanwhile. */
export async function played({ rules, method = 'tools/call', params = { name: 'notes__save', arguments: {} }, ...scene }: Scene) {
  let snapshot = await snapshotOf(rules, scene.capture ?? 'off');
  const inForce = { current: () => snapshot, onChange: () => () => undefined, close: () => undefined };
  const records: AuditRecord[] = [];
  const told: string[] = [];
  const forwarded: unknown[] = [];
  /** The same as it came. */
  const sent: unknown[] = [];
  let dropped = 0;
  const screen = noting(screenBy(inForce, records, scene.engines, () => void dropped++));
  const kept: SealedPayload[] = [];
  const upstream: Upstream = {
    list: () =>
      Promise.resolve(
        (scene.items ?? []).map((item) => {
          const json = Buffer.from(JSON.stringify(item));
          const nameSpan = membersOf(json, 0).find(({ key }) => key === 'name')?.value ?? { start: 0, end: 0 };
          return { name: 'name' in item ? String(item.name) : '', json, nameSpan };
        }),
      ),
    async call(call, message, trace) {
      trace.forwardedAt = performance.now();
      forwarded.push(message.params.value);
      sent.push(JSON.parse(call.body.toString()));
      expect(readMessage(call.body)).toMatchObject({ params: { value: message.params.value } });
      if (scene.isClosedMeanwhile) snapshot = await snapshotOf(rules, scene.capture ?? 'off', 'none');
      await scene.meanwhile?.(call, screen);
      const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, ...(scene.answer ?? { result: { content: [] } }) }));
      const response = readMessage(body);
      if (response.kind !== 'response') throw new Error('not a response');
      return { body, message: response };
    },
    tell: (call) => Promise.resolve(void sent.push(JSON.parse(call.body.toString()))),
    meet: () => Promise.resolve(),
    about: () => ({
      instructions: scene.instructions,
      capabilities: new Set(),
      listChanged: [],
      isSubscribable: false,
      hasTasks: false,
      beyond: scene.beyond,
    }),
    follow: followsNothing,
    hear: () => undefined,
    release: () => undefined,
    close: () => Promise.resolve(),
  };
  const recorder = {
    append: (record: AuditRecord) => Promise.resolve(void records.push(record)),
    keep(record: AuditRecord, payloads: readonly SealedPayload[] = []) {
      kept.push(...payloads);
      return recorder.append(record);
    },
    close: () => Promise.resolve(),
  };
  const logger = pino({ level: 'silent' });
  const capture = createCapture({
    inForce,
    recorder: { keep: scene.keep ?? recorder.keep },
    logger,
    seals: scene.seals ?? { current: () => inTheClear, forget: () => undefined },
    ...(scene.withinMs !== undefined && { withinMs: scene.withinMs }),
  });
  const pipeline = createPipeline({
    capture,
    sealSecret: Buffer.alloc(32),
    inForce,
    upstream,
    recorder,
    screen,
    stands: () => Promise.resolve(),
    seen: () => undefined,
    logger,
    onRecord: () => undefined,
  });
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...(!scene.isTold && { id: 1 }), method, params, ...scene.beside }));
  const message = readMessage(body);
  if (message.kind === 'response') throw new Error('a response');
  const request: Identified = {
    era: scene.era ?? 'legacy',
    method,
    target: { gateway: eng, server: scene.isAtServer ? Slug.parse('notes') : undefined },
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
    arrivedAt: { monotonic: 0, wall: 0 },
    audience: {
      logLevel: 'debug',
      abilities: { roots: true, sampling: true, samplingTools: true, form: true, url: true, declared: '{}' },
      conversation: undefined,
      tell: (notification) => void told.push(notification.toString()),
      wants: () => undefined,
      ask: (question, signal) =>
        pipeline.ask(
          question,
          {
            abilities: { roots: true, sampling: true, samplingTools: true, form: true, url: true, declared: '{}' },
            pose(posed) {
              told.push(posed.body.toString());
              if (scene.report !== undefined) {
                const params = { progressToken: 1, progress: 1, message: scene.report };
                posed.onProgress(Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })));
              }
              const answer = Buffer.from(`{"jsonrpc":"2.0","id":7,"result":{"action":"accept","content":{"ssn":"${answered}"}}}`);
              return Promise.resolve({ body: answer, id: { start: 21, end: 22 } });
            },
          },
          signal,
        ),
    },
  };
  const encode = scene.isTold ? encoderForTold(request.era) : encoderFor(request.era, '1');
  const encoded = await pipeline.handle(request, message, encode, new AbortController());
  await pipeline.close();
  const answer = JSON.parse(encoded.body.toString() || '{}') as {
    result?: unknown;
    error?: { message: string; data: { code: string } };
  };
  const record = records.find((one): one is CallRecord => one.kind === 'call');
  const payloads = new Map(kept.map(({ direction, sealed }) => [direction, Payload.parse(JSON.parse(sealed))]));
  return { answer, forwarded, sent, told, record, records, dropped, kept, payloads, code: answer.error?.data.code };
}
