// Compiles the rules of a policy again and again as it changes. The rule: what compiling needs is loaded for the first rule that needs it, so that nobody else
// pays for it at a start; and rules that stayed as they were stay compiled: the store changes for many reasons.
import type { PolicyFile } from '#contract/policy.ts';
import { type Capturing, type CompileDeps, compileRules, type GatewayRules } from './compile.ts';
import { compileCaptures } from './mask.ts';
import { openPatternEngine, type PatternEngine } from './pattern.ts';

export function compileDepsOf(hashSecret: Buffer): CompileDeps {
  let patterns: PatternEngine | undefined;
  return {
    hashSecret,
    patterns: () => (patterns ??= openPatternEngine()),
    pii: async () => (await import('./pii.ts')).piiDetector,
  };
}

/** Of the gateways that have some, by their slugs. */
interface Compiled {
  readonly rules: ReadonlyMap<string, GatewayRules>;
  readonly captures: ReadonlyMap<string, Capturing> | undefined;
}
export type RuleCompiler = (policy: Pick<PolicyFile, 'gateways'>) => Promise<Compiled>;

export function createRuleCompiler(deps: CompileDeps): RuleCompiler {
  let known: ReadonlyMap<string, { readonly text: string; readonly rules: GatewayRules }> = new Map();
  return async ({ gateways }) => {
    const next = new Map<string, { readonly text: string; readonly rules: GatewayRules }>();
    for (const [slug, gateway] of Object.entries(gateways)) {
      if (gateway.rules === undefined || gateway.rules.length === 0) continue;
      const text = JSON.stringify(gateway.rules);
      const before = known.get(slug);
      const rules =
        before?.text === text ? before.rules : (await compileRules({ gateways: { [slug]: gateway } }, deps)).get(slug);
      if (rules) next.set(slug, { text, rules });
    }
    known = next;
    const compiled = new Map([...next].map(([slug, { rules }]) => [slug, rules]));
    return { rules: compiled, captures: await compileCaptures({ gateways }, compiled, deps) };
  };
}
