// Engines: programs of the organization's own that rules ask. What the policy says of them is changed like all of it; a test asks one as a rule would.
import type { Engine, engineOperations } from '#contract/admin-engine.ts';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import { Secret } from '#contract/secret.ts';
import type { Engines } from '../rule/engine.ts';
import { createEngines, type EnginesDeps } from '../rule/engines.ts';
import { openEngineSecret } from '../vault/engine-secret.ts';
import type { KeyEncryption } from '../vault/seal.ts';
import { type Acting, doing, type HandlersFor } from './context.ts';
import { engineNamed, engineStatus, removeEngineSecret, setEngineSecret } from './engine-secret.ts';
import { policyNoun } from './policy-noun.ts';

const engines = policyNoun({
  what: 'engine',
  plural: 'engines',
  values: (policy) => policy.engines ?? {},
  put: (policy, values) => ({ ...policy, engines: values }),
  show: (slug, engine): Engine => ({ slug, engine }),
  detach(policy, slug) {
    const asking = Object.entries(policy.gateways).flatMap(([gateway, { rules = [] }]) =>
      rules.flatMap((rule) => ('engine' in rule && rule.engine === slug ? [`${gateway}/${rule.name}`] : [])),
    );
    if (asking.length > 0) throw asked(slug, asking);
    return policy;
  },
});

export const engineHandlers: HandlersFor<typeof engineOperations> = {
  'engines.list': async ({ store }, { query }) => engines.list(await store.filedPolicy(), query),
  'engines.read': async ({ store }, { params }) => engines.read(await store.filedPolicy(), params.engine),
  'engines.create': (context, { body: { slug, engine } }) => engines.create(context, slug, engine),
  'engines.replace': (context, { params, body }) => engines.replace(context, params.engine, body),
  async 'engines.remove'(context, { params }) {
    await engines.remove(context, params.engine);
    return { done: true };
  },
  'engines.status': async ({ store }) => ({ items: [...(await engineStatus(store, await store.filedPolicy()))] }),
  'engines.set-secret': (context, { params, body }) =>
    setEngineSecret(context, { keys: context.keys, slug: params.engine, value: new Secret(body.value), now: context.now() }),
  async 'engines.remove-secret'(context, { params }) {
    await removeEngineSecret(context, params.engine, context.now());
    return { done: true };
  },
  'engines.test': (context, { params }) =>
    testEngine({ ...context, egress: context.sinkParts.egress, slug: params.engine, signal: AbortSignal.timeout(withinMs) }),
};

/** One question takes 30 s at most. */
const withinMs = 60_000;
const question = 'Engine test: John Smith can be reached at john.smith@example.org or +1 212 555 0123.';

export interface EngineTest {
  readonly engine: Slug;
  readonly outcome: 'answered' | 'failed';
  /** What it decided or found, or why that does not count. */
  readonly words: string;
  readonly tookMs: number;
}

/** Asks it about a message of no real person; that somebody did is a deed. Rejects with NAME_UNKNOWN. */
export async function testEngine(
  of: Acting & {
    readonly now: () => number;
    readonly egress: EnginesDeps['egress'];
    readonly keys: KeyEncryption;
    readonly slug: string;
    readonly signal: AbortSignal;
  },
): Promise<EngineTest> {
  const { store, slug, egress, signal, now } = of;
  const { policy } = await store.policy();
  const config = engineNamed(policy, slug);
  const engine = Slug.parse(slug);
  const deed = { operation: 'engines.test', target: engine, before: null, after: null };
  await doing(of, now(), deed).administration.noteDeed();
  const asking = createEngines({
    engineOf: (name) => (name === slug ? config : undefined),
    egress,
    secretOf: (name, one) => openEngineSecret(of, name, one),
  });
  const began = performance.now();
  const took = () => Math.round(performance.now() - began);
  try {
    const words = config.kind === 'webhook' ? await judged(asking, engine, signal) : await analyzed(asking, engine, signal);
    return { engine, outcome: 'answered', words, tookMs: took() };
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'ENGINE_FAILED') throw error;
    return { engine, outcome: 'failed', words: String(error.fields['reason']), tookMs: took() };
  }
}

async function judged(asking: Engines, engine: string, signal: AbortSignal): Promise<string> {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'engine_test', arguments: { text: question } },
  });
  const metadata = { direction: 'request', method: 'engine test', user: null, gateway: null, server: null, item: null };
  return `verdict: ${(await asking.judge(engine, { metadata, body: Buffer.from(body) }, signal)).kind}`;
}

async function analyzed(asking: Engines, engine: string, signal: AbortSignal): Promise<string> {
  const [found = []] = await asking.analyze(engine, [question], { types: undefined, threshold: 0.3 }, signal);
  const types = [...new Set(found.map(({ type }) => type))];
  return types.length === 0 ? 'it found nothing' : `it found: ${types.join(', ')}`;
}

function asked(name: string, rules: readonly string[]): Fault {
  const told = rules.slice(0, 20).join(', ');
  const reason = `${rules.length === 1 ? 'the rule' : 'rules'} ${told}${rules.length > 20 ? ' and others' : ''} would ask it. Change ${rules.length === 1 ? 'it' : 'them'} first.`;
  return new Fault('UNCHANGEABLE', { what: 'engine', name, reason });
}
