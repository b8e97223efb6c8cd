// The rules of a gateway: shown, replaced as a whole, and tried on a sample by what the gateway server itself runs.
import type { ruleOperations } from '#contract/admin-rule.ts';
import type { Slug } from '#contract/id.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { createEngines } from '../rule/engines.ts';
import { openEngineSecret } from '../vault/engine-secret.ts';
import type { HandlersFor } from './context.ts';
import { existingGateway } from './gateway.ts';
import { changePolicy } from './policy-part.ts';
import { rulesOf, tryRules } from './rule-test.ts';

export const ruleHandlers: HandlersFor<typeof ruleOperations> = {
  'rules.list': async ({ store }, { params }) => shown(await store.filedPolicy(), params.gateway),
  async 'rules.replace'(context, { params: { gateway }, body: { rules } }) {
    const after = await changePolicy(context, {
      operation: 'rules.replace',
      target: gateway,
      show: (policy) => shown(policy, gateway),
      change(policy) {
        const { rules: _, ...of } = existingGateway(policy, gateway);
        // No rules are none, however that is written: so the file that is exported says it in one way.
        const changed = rules.length === 0 ? of : { ...of, rules };
        return { ...policy, gateways: { ...policy.gateways, [gateway]: changed } };
      },
    });
    return shown(after, gateway);
  },
  async 'rules.test'({ store, keys, compile, sinkParts }, { params, body }) {
    const { policy } = await store.policy();
    existingGateway(policy, params.gateway);
    const engineOf = new Map(Object.entries(policy.engines ?? {}));
    const engines = createEngines({
      engineOf: (slug) => engineOf.get(slug),
      egress: sinkParts.egress,
      secretOf: (slug, engine) => openEngineSecret({ store, keys }, slug, engine),
    });
    const rules = body.rules ?? rulesOf(policy, params.gateway, body.rule);
    const trial = { on: body.on, scope: body.for, sample: Buffer.from(body.sample) };
    const { hits, message, ...tried } = await tryRules(rules, trial, { compile, engines });
    return { ...tried, hits: [...hits], message: message ?? null };
  },
};

function shown(policy: PolicyFile, gateway: Slug) {
  return { gateway, rules: existingGateway(policy, gateway).rules ?? [] };
}
