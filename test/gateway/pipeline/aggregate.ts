// A pipeline over real remote servers and a real store, at the gateway's one URL, for tests in which the policy changes while a host waits for an answer.
import { onTestFinished } from 'vitest';
import { Slug } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import type { SwitchKind } from '#contract/switch.ts';
import type { Caller, Identified } from '../../../gateway/call.ts';
import { createStanding } from '../../../gateway/caller/standing.ts';
import { openInForce } from '../../../gateway/in-force.ts';
import { readAbilities } from '../../../gateway/mcp/ability.ts';
import { encoderFor } from '../../../gateway/mcp/encode.ts';
import { isObject, readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { createPinning } from '../../../gateway/pipeline/pinning.ts';
import { createPipeline } from '../../../gateway/pipeline/pipeline.ts';
import type { Heard } from '../../fake/remote/listen.ts';
import { hostToken } from '../../suite/sample.ts';
import { openData, quiet } from '../data.ts';
import { upstreamFor } from '../upstream/remote-fixture.ts';
import { screenBy } from './screening.ts';

export interface Aggregate {
  /** What a modern host is answered. */
  ask(method: string, params?: object, closed?: AbortController): Promise<Record<string, unknown>>;
  /** What a legacy host is answered, whose person answers each question so. */
  askOld(method: string, params: object, answer: () => Promise<object>): Promise<Record<string, unknown>>;
  switchOff(kind: SwitchKind, name: string): Promise<void>;
  /** Replaces these parts of the policy; resolves once it is in force. */
  change(policy: object): Promise<void>;
  /** Happens from now on before the rules look at a request, as if an engine took its time. */
  beforeRules(work: () => Promise<void>): void;
  /** What was seen of all items counts no more. */
  quarantine(): Promise<void>;
}

/** `ada` at the gateway `main` with all tools of these servers. */
export async function aggregateOf(servers: Readonly<Record<string, Heard>>): Promise<Aggregate> {
  const slugs = Object.keys(servers);
  const written = {
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['eng'] } },
    teams: { eng: { gateways: ['main'] } },
    servers: Object.fromEntries(
      Object.entries(servers).map(([slug, { origin }]) => [
        slug,
        { kind: 'remote', url: `${origin}/mcp`, allowPrivate: ['127.0.0.1'], timeoutSeconds: 5 },
      ]),
    ),
    gateways: { main: { assignments: Object.fromEntries(slugs.map((slug) => [slug, { tools: 'all' }])) } },
  };
  const token = hostToken('ada');
  const data = await openData(PolicyFile.parse(written));
  await data.store.addToken(token);
  const inForce = await openInForce({ store: data.store, bus: data.bus, logger: quiet, hashSecret: Buffer.alloc(32) });
  const recorder = { append: () => Promise.resolve(), close: () => Promise.resolve() };
  const pinning = createPinning({ inForce, store: data.store.pin, recorder, logger: quiet, now: Date.now });
  const screen = screenBy(inForce);
  let before: () => Promise<void> = () => Promise.resolve();
  const pipeline = createPipeline({
    capture: { begin: () => undefined },
    sealSecret: Buffer.alloc(32),
    inForce,
    screen: {
      ...screen,
      async request(...asked) {
        await before();
        return await screen.request(...asked);
      },
    },
    upstream: pinning.over(upstreamFor()),
    recorder,
    logger: quiet,
    stands: createStanding({ store: data.store, now: () => 5000 }),
    seen: pinning.seen,
    onRecord: () => undefined,
  });
  onTestFinished(async () => {
    await pipeline.close();
    inForce.close();
    await data.close();
  });
  const user = inForce.current().people.bySlug('ada');
  if (!user) throw new Error('nobody');
  const gateway = Slug.parse('main');
  const caller: Caller = {
    user: { id: user.id, slug: Slug.parse('ada') },
    host: 'test',
    token: token.id,
    gateway,
    via: 'http',
    workstation: null,
  };
  async function handle(of: Pick<Identified, 'era' | 'method' | 'audience'>, params: object, closed: AbortController) {
    const { era, method } = of;
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    const message = readMessage(body);
    if (message.kind !== 'request') throw new Error('not a request');
    const arrivedAt = { monotonic: performance.now(), wall: Date.now() };
    const request: Identified = { ...of, target: { gateway, server: undefined }, body, caller, conversation: 'one', arrivedAt };
    const encoded = await pipeline.handle(request, message, encoderFor(era, '1'), closed);
    const answer: unknown = JSON.parse(encoded.body.toString());
    if (!isObject(answer)) throw new Error('no answer');
    return answer;
  }
  return {
    ask: (method, params = {}, closed = new AbortController()) => handle({ era: 'modern', method }, params, closed),
    askOld(method, params, answer) {
      const audience: Identified['audience'] = {
        abilities: readAbilities({ elicitation: {} }),
        logLevel: undefined,
        conversation: undefined,
        tell: () => undefined,
        wants: () => undefined,
        ask: async () => {
          const body = Buffer.from(JSON.stringify({ id: 7, jsonrpc: '2.0', result: await answer() }));
          return { body, id: { start: 6, end: 7 } };
        },
      };
      return handle({ era: 'legacy', method, audience }, params, new AbortController());
    },
    async switchOff(kind, name) {
      await data.store.switchOff({ kind, name, owner: null, reason: 'a leak', isTold: false, since: 1, until: null, by: 'test' });
      data.bus.publish('changed');
    },
    async change(policy) {
      await data.store.replacePolicy(PolicyFile.parse({ ...written, ...policy }), await data.store.revision(), Date.now());
      data.bus.publish('changed');
      await inForce.refreshed();
    },
    beforeRules: (work) => void (before = work),
    async quarantine() {
      const page = await data.store.pin.page({}, 100);
      await data.store.pin.decide(page?.pins ?? [], 'rejected', null, Date.now());
      data.bus.publish('changed');
      await inForce.refreshed();
    },
  };
}
