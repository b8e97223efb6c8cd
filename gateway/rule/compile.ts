// The rules of a gateway, compiled from its policy into chains: one for each direction and each thing that a message can be about.
// The rule: a gateway without rules has none of it, and a chain knows beforehand which of its rules a text has to be shown to.
import { createHmac } from 'node:crypto';
import { assertNever } from '#contract/assert.ts';
import type { Slug } from '#contract/id.ts';
import type { CaptureMode } from '#contract/payload.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { type Rule, type RuleAction, type RuleScope, ruleScopes } from '#contract/rule.ts';
import { injectionDetector } from './injection.ts';
import { type Glance, glanceOf } from './glance.ts';
import type { Detector } from './match.ts';
import type { PatternEngine } from './pattern.ts';
import { allowing } from './allow.ts';
import type { PiiSettings } from './pii.ts';
import { secretDetector } from './secret.ts';
import { type Sift, siftOf } from './sift.ts';

/** Loaded for the first rule that needs it: the tables of telephone numbers are large. */
type PiiDetectorOf = (settings: PiiSettings) => Detector;

export type Direction = 'request' | 'response';
interface Named {
  readonly name: Slug;
  readonly isAlert: boolean;
  readonly onFailure: 'block' | 'pass';
}
interface Acting {
  readonly action: RuleAction;
  readonly with: string | undefined;
  readonly keep: number | undefined;
}
export interface TextRule extends Named, Acting {
  readonly kind: 'text';
  readonly detector: Detector;
}
/** How much there may be of a message; infinite where nothing is said. */
export interface Limits {
  readonly bytes: number;
  readonly texts: number;
  readonly depth: number;
  /** Of one text. */
  readonly characters: number;
}
export interface LimitsRule extends Named, Limits {
  readonly kind: 'limits';
  readonly action: 'block' | 'alert';
}
export interface WebhookRule extends Named {
  readonly kind: 'webhook';
  readonly engine: Slug;
}
export interface AnalyzerRule extends Named, Acting {
  readonly kind: 'analyzer';
  readonly engine: Slug;
  readonly types: readonly string[] | undefined;
  readonly threshold: number;
  readonly isAllowed: (value: string) => boolean;
}
export type CompiledRule = TextRule | LimitsRule | WebhookRule | AnalyzerRule;

/** What a message is about. Of a foreign method nobody could say it, so every rule is for it, whatever it is for. */
export type Scope = RuleScope | 'methods';

/** Rules in order, and which of them can find nothing in a text. */
export interface Chain {
  readonly rules: readonly CompiledRule[];
  /** Indexes of those that are always asked, in order. */
  readonly always: readonly number[];
  /** Indexes of those that limit how much there is, and the least that each of them allows: where there is no more than that, none of them has to be asked. */
  readonly limiting: readonly number[];
  readonly least: Limits;
  /** Of the others: whoever may find something. */
  readonly sift: Sift | undefined;
  /** Tells of most messages at once that there is nothing for any of the rules; undefined where these have to be asked. */
  readonly glance: Glance | undefined;
  readonly hashKey: Buffer;
}
export interface GatewayRules {
  /** Undefined where nothing is in force for it. */
  chain(on: Direction, scope: Scope): Chain | undefined;
}

export interface Masked {
  readonly text: string;
  /** It is only the beginning. */
  readonly isCut: boolean;
}
/** How a gateway captures. */
export interface Capturing {
  readonly mode: CaptureMode;
  /** A message (JSON) as it may be kept, about `limit` bytes of it at most. Calls go on while a large one is looked through. */
  readonly mask: (body: Buffer, limit: number) => Promise<Masked>;
  /** Whether engines elsewhere have to see a request before it may go on: what they would change nobody here can tell. */
  readonly isJudgedElsewhere: boolean;
}

export interface CompileDeps {
  /** Of the gateway server, the same after a restart: the hashes of the action `hash` are made with keys of it. */
  readonly hashSecret: Buffer;
  readonly patterns: () => PatternEngine;
  readonly pii: () => Promise<PiiDetectorOf>;
}

/** The rules of each gateway that has some, by its slug. Rejects with RULE_PATTERN. */
export async function compileRules(
  { gateways }: Pick<PolicyFile, 'gateways'>,
  deps: CompileDeps,
): Promise<ReadonlyMap<string, GatewayRules>> {
  const compiled = new Map<string, GatewayRules>();
  for (const [slug, { rules = [] }] of Object.entries(gateways)) {
    if (rules.length === 0) continue;
    const patterns = rules.some(({ method }) => method === 'pattern') ? deps.patterns() : undefined;
    const pii = rules.some(({ method }) => method === 'pii') ? await deps.pii() : undefined;
    const hashKey = createHmac('sha256', deps.hashSecret).update(`rule hash ${slug}`).digest();
    const made = rules.map((rule, index) => ({ rule, index, compiled: compileRule(rule, patterns, pii) }));
    const chains: Readonly<Record<Direction, Map<Scope, Chain>>> = { request: new Map(), response: new Map() };
    /** By the rules in them: most rules are for all that there is, both ways. */
    const known = new Map<string, Chain>();
    for (const on of ['request', 'response'] as const)
      for (const scope of [...ruleScopes, 'methods'] as const) {
        const own = made.filter(
          ({ rule }) => (rule.on === on || rule.on === 'both') && (scope === 'methods' || rule.for.includes(scope)),
        );
        if (own.length === 0) continue;
        const key = own.map(({ index }) => index).join();
        const chain =
          known.get(key) ??
          chainOf(
            own.map((one) => one.compiled),
            hashKey,
            patterns,
          );
        known.set(key, chain);
        chains[on].set(scope, chain);
      }
    compiled.set(slug, { chain: (on, scope) => chains[on].get(scope) });
  }
  return compiled;
}

function compileRule(rule: Rule, patterns: PatternEngine | undefined, pii: PiiDetectorOf | undefined): CompiledRule {
  const { name, alert: isAlert, onFailure } = rule;
  const named = { name, isAlert, onFailure };
  switch (rule.method) {
    case 'limits': {
      const { bytes = Infinity, texts = Infinity, depth = Infinity, characters = Infinity, action } = rule;
      return { ...named, kind: 'limits', action, bytes, texts, depth, characters };
    }
    case 'webhook':
      return { ...named, kind: 'webhook', engine: rule.engine };
    case 'presidio': {
      const { engine, types, threshold, allow = [] } = rule;
      return { ...named, ...acting(rule), kind: 'analyzer', engine, types, threshold, isAllowed: allowing(allow) };
    }
    case 'pattern':
      return { ...named, ...acting(rule), kind: 'text', detector: loaded(patterns).detector(rule.patterns, rule.flags ?? '') };
    case 'pii':
      return { ...named, ...acting(rule), kind: 'text', detector: loaded(pii)(rule) };
    case 'secrets':
      return { ...named, ...acting(rule), kind: 'text', detector: secretDetector(rule.allow) };
    case 'injection':
      return { ...named, ...acting(rule), kind: 'text', detector: injectionDetector() };
    default:
      return assertNever(rule);
  }
}

function acting(rule: {
  readonly action: RuleAction;
  readonly with?: string | undefined;
  readonly keep?: number | undefined;
}): Acting {
  return { action: rule.action, with: rule.with, keep: rule.keep };
}

function loaded<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('a method of a rule was not loaded');
  return part;
}

function chainOf(rules: readonly CompiledRule[], hashKey: Buffer, patterns: PatternEngine | undefined): Chain {
  const triggers = rules.map((rule) =>
    rule.kind === 'text' && rule.detector.trigger !== 'always' ? rule.detector.trigger : undefined,
  );
  const limits = rules.filter((rule) => rule.kind === 'limits');
  const leastOf = (of: (limits: Limits) => number) => limits.reduce((least, one) => Math.min(least, of(one)), Infinity);
  const least = {
    bytes: leastOf(({ bytes }) => bytes),
    texts: leastOf(({ texts }) => texts),
    depth: leastOf(({ depth }) => depth),
    characters: leastOf(({ characters }) => characters),
  };
  const asked = rules.flatMap(({ kind }, index) => (kind === 'limits' ? [] : [triggers[index]]));
  return {
    rules,
    always: rules.flatMap(({ kind }, index) => (triggers[index] || kind === 'limits' ? [] : [index])),
    limiting: rules.flatMap(({ kind }, index) => (kind === 'limits' ? [index] : [])),
    least,
    sift: siftOf(triggers, patterns?.sieve),
    glance: glanceOf(asked, least),
    hashKey,
  };
}
