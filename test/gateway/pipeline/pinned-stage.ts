// The whole pipeline over a server that says what it is told to, one assignment's policy, and pins in memory.
import pino from 'pino';
import type { AuditRecord } from '#contract/audit.ts';
import { newId, Slug, UserId } from '#contract/id.ts';
import type { PinState, SeenDefinition } from '#contract/pin.ts';
import { PolicyFile, type PolicyIds } from '#contract/policy.ts';
import type { Identified } from '../../../gateway/call.ts';
import { encoderFor } from '../../../gateway/mcp/encode.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { createPinning } from '../../../gateway/pipeline/pinning.ts';
import { createPipeline } from '../../../gateway/pipeline/pipeline.ts';
import { createPreview, type PreviewOf } from '../../../gateway/pipeline/preview.ts';
import { compile } from '../../../gateway/policy/compile.ts';
import { compilePins } from '../../../gateway/policy/pins.ts';
import type { Upstream } from '../../../gateway/upstream/upstream.ts';
import type { GatewayRules } from '../../../gateway/rule/compile.ts';
import { followsNothing } from './following.ts';
import { screenBy } from './screening.ts';

const eng = Slug.parse('eng');
const [ada, assignment] = [newId(), newId()];
const ids: PolicyIds = {
  users: { ada },
  teams: {},
  servers: { notes: newId() },
  gateways: { eng: newId() },
  assignments: { 'eng/notes': assignment },
};

/** One server whose lists are `said`, kind by kind (text as it is written), under a policy of its assignment. `rules`: of its gateway. */
export function stage(
  exposed: object,
  said: Record<string, Record<string, object | string>>,
  rules?: ReadonlyMap<string, GatewayRules>,
) {
  const rows: (SeenDefinition & { isBroken?: boolean })[] = [];
  const policy = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'a@example.org', teams: ['red'] } },
    teams: { red: { gateways: ['eng'] } },
    servers: { notes: { kind: 'workstation' } },
    gateways: { eng: { assignments: { notes: exposed } } },
  });
  const snapshotOf = () =>
    compile({
      policy,
      ids,
      offers: [],
      approvals: [],
      ...(rules && { rules }),
      pins: compilePins(rows.map((row) => ({ ...row, assignment, name: row.isBroken ? undefined : row.name, decidedAt: null }))),
    });
  let snapshot = snapshotOf();
  const refreshed = () => Promise.resolve(void (snapshot = snapshotOf()));
  const inForce = { current: () => snapshot, onChange: () => () => undefined, close: () => undefined, refreshed };
  const answer = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"content":[]}}');
  const response = readMessage(answer);
  if (response.kind !== 'response') throw new Error('not a response');
  let asked = 0;
  const server: Upstream = {
    async list(_listing, { kind, key }) {
      asked++;
      return Object.entries(said[kind] ?? {}).map(([name, of]) => {
        const json = Buffer.from(typeof of === 'string' ? of : JSON.stringify({ [key]: name, ...of }));
        const start = key.length + 4;
        return { name, json, nameSpan: { start, end: start + JSON.stringify(name).length } };
      });
    },
    call: () => Promise.resolve({ body: answer, message: response }),
    tell: () => Promise.resolve(),
    meet: () => Promise.resolve(),
    about: () => undefined,
    follow: followsNothing,
    hear: () => undefined,
    release: () => undefined,
    close: () => Promise.resolve(),
  };
  const records: AuditRecord[] = [];
  const recorder = {
    append: (record: AuditRecord) => Promise.resolve(void records.push(record)),
    close: () => Promise.resolve(),
  };
  const logger = pino({ level: 'silent' });
  let now = 1000;
  let [isFull, saw] = [false, 0];
  const store = {
    saw(_: string, seen: readonly SeenDefinition[]) {
      saw++;
      const kept = isFull ? [] : seen;
      rows.push(...kept);
      return Promise.resolve(kept);
    },
  };
  const pinning = createPinning({ inForce, store, recorder, logger, now: () => now });
  const pipeline = createPipeline({
    capture: { begin: () => undefined },
    sealSecret: Buffer.alloc(32),
    inForce,
    screen: screenBy(inForce),
    seen: pinning.seen,
    upstream: pinning.over(server),
    recorder,
    logger,
    stands: () => Promise.resolve(),
    onRecord: () => undefined,
  });

  const released: string[] = [];
  const preview = createPreview({
    inForce,
    screen: screenBy(inForce),
    upstream: { ...pinning.over(server), release: (conversation) => void released.push(conversation) },
    logger,
  });

  /** The code of what refused it, or the names of a list, or `answered`. */
  async function ask(method: string, params: object = {}): Promise<unknown> {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    const message = readMessage(body);
    if (message.kind !== 'request') throw new Error('not a request');
    const request: Identified = {
      era: 'legacy',
      method,
      target: { gateway: eng, server: Slug.parse('notes') },
      body,
      caller: {
        user: { id: UserId.parse(ada), slug: Slug.parse('ada') },
        host: 'codex',
        token: null,
        gateway: eng,
        via: 'http',
        workstation: null,
      },
      conversation: 'c',
      arrivedAt: { monotonic: 0, wall: 0 },
    };
    const encoded = await pipeline.handle(request, message, encoderFor('legacy', '1'), new AbortController());
    const parsed = JSON.parse(encoded.body.toString()) as {
      error?: { data: { code: string } };
      result?: { tools?: { name: string }[] };
    };
    return parsed.error?.data.code ?? parsed.result?.tools?.map(({ name }) => name) ?? 'answered';
  }
  return {
    ask,
    call: (name: string) => ask('tools/call', { name, arguments: {} }),
    read: (uri: string) => ask('resources/read', { uri }),
    preview: (of: Partial<PreviewOf> = {}) =>
      preview({ gateway: eng, user: Slug.parse('ada'), kind: 'tools', identity: 'none', ...of }),
    released,
    rows,
    records,
    refreshed,
    asked: () => asked,
    /** The store keeps no more definitions. */
    fill: () => void (isFull = true),
    /** How often the store was told of new ones. */
    saw: () => saw,
    pass: (ms: number) => void (now += ms),
    async decide(name: string, state: PinState) {
      for (const [at, row] of rows.entries()) if (row.name === name) rows[at] = { ...row, state };
      await refreshed();
    },
  };
}
