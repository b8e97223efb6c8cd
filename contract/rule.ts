// Rules on what may flow through a gateway, as people write them in the policy: which messages, how something is found in them, and what is done then.
// The rule of these rules: they run in the order of the file, each on the text that the one before it left; a block ends it.
import { z } from 'zod';
import { Slug } from './id.ts';

/** What a message is about. `definitions`: what a server says of its items and itself: titles, descriptions, schemas, instructions. */
export const ruleScopes = ['tools', 'prompts', 'resources', 'definitions'] as const;
export type RuleScope = (typeof ruleScopes)[number];

/**
 * `block`: the message goes no further. `redact`: what was found becomes `[REDACTED]`; `replace`: `with`, or a tag of its type; `mask`: stars but for its last
 * `keep` characters; `hash`: a keyed hash, the same for the same text at one gateway. `alert`: nothing but the record.
 */
export const ruleActions = ['block', 'redact', 'replace', 'mask', 'hash', 'alert'] as const;
export type RuleAction = (typeof ruleActions)[number];

/** Names that Presidio has for them too, so that a rule reads alike whoever looks. */
export const piiTypes = [
  'EMAIL_ADDRESS',
  'PHONE_NUMBER',
  'CREDIT_CARD',
  'US_SSN',
  'US_ITIN',
  'UK_NHS',
  'IBAN_CODE',
  'IP_ADDRESS',
  'URL',
  'DATE_OF_BIRTH',
] as const;
export type PiiType = (typeof piiTypes)[number];

const base = {
  name: Slug,
  /** `request`: what goes to the server; `response`: what comes from it, whether an answer, an error, progress, a log message or a question. */
  on: z.enum(['request', 'response', 'both']).default('both'),
  /** Absent: tools, prompts and resources. */
  for: z.array(z.enum(ruleScopes)).min(1).default(['tools', 'prompts', 'resources']),
  /** Whether a hit deserves an alert, beside its record. */
  alert: z.boolean().default(false),
  /** What becomes of the message where the rule can't decide (in time). */
  onFailure: z.enum(['block', 'pass']).default('block'),
};
const acting = {
  action: z.enum(ruleActions),
  /** Of `replace`. */
  with: z.string().max(200).optional(),
  /** Of `mask`. */
  keep: z.number().int().min(0).max(8).optional(),
};
const allow = z.array(z.string().min(1).max(200)).max(1000).optional();
const score = z.number().min(0).max(1);

export const Rule = z
  .discriminatedUnion('method', [
    z.strictObject({
      ...base,
      ...acting,
      method: z.literal('pattern'),
      /** Any of them. JavaScript's syntax without look-around and back-references; slashes around it may stand. */
      patterns: z.array(z.string().min(1).max(1000)).min(1).max(100),
      /** `i`: whatever its case; `m`: ^ and $ at lines; `s`: . also at line ends. `g` and `u` go without saying. */
      flags: z
        .string()
        .regex(/^[gimsu]*$/)
        .optional(),
    }),
    z.strictObject({
      ...base,
      ...acting,
      method: z.literal('pii'),
      /** Absent: all. */
      types: z.array(z.enum(piiTypes)).min(1).optional(),
      /** From which score on something counts, for all types or each. */
      threshold: score.default(0.5),
      thresholds: z.partialRecord(z.enum(piiTypes), score).optional(),
      /** Values that are let by, whatever their case; one that begins with `*` lets by what ends so. */
      allow,
    }),
    z.strictObject({ ...base, ...acting, method: z.literal('secrets'), allow }),
    z.strictObject({ ...base, ...acting, method: z.literal('injection') }),
    z.strictObject({
      ...base,
      method: z.literal('limits'),
      action: z.enum(['block', 'alert']),
      /** Of what the rule looks at: params, result, error or one definition. */
      bytes: z.number().int().min(1).optional(),
      /** Texts in it, keys not counted; how deep it is nested; characters of one text. */
      texts: z.number().int().min(1).optional(),
      depth: z.number().int().min(1).optional(),
      characters: z.number().int().min(1).optional(),
    }),
    z.strictObject({ ...base, method: z.literal('webhook'), engine: Slug }),
    z.strictObject({
      ...base,
      ...acting,
      method: z.literal('presidio'),
      engine: Slug,
      /** Entities by Presidio's names. Absent: all that it knows. */
      types: z
        .array(z.string().regex(/^[A-Z_]{2,60}$/))
        .min(1)
        .optional(),
      threshold: score.default(0.5),
      allow,
    }),
  ])
  .superRefine((rule, context) => {
    const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (!('action' in rule)) return;
    if ('with' in rule && rule.with !== undefined && rule.action !== 'replace')
      wrong('with', 'it is of no use without action: replace');
    if ('keep' in rule && rule.keep !== undefined && rule.action !== 'mask')
      wrong('keep', 'it is of no use without action: mask');
    if (rule.method === 'limits' && [rule.bytes, rule.texts, rule.depth, rule.characters].every((limit) => limit === undefined))
      context.addIssue({ code: 'custom', message: 'name a limit: bytes, texts, depth or characters' });
  });
export type Rule = z.infer<typeof Rule>;

/** Of one gateway, in order. */
export const Rules = z
  .array(Rule)
  .max(20_000)
  .superRefine((rules, context) => {
    const seen = new Set<string>();
    for (const [index, { name }] of rules.entries()) {
      if (seen.has(name)) context.addIssue({ code: 'custom', path: [index, 'name'], message: 'a rule before it has this name' });
      seen.add(name);
    }
  });

/** One thing that a rule found. It says where, and never what. */
export const RuleHit = z.object({
  rule: Slug,
  /** What was done: the rule's action; `changed` by an engine; `failed` where it could not decide and the message went on. */
  action: z.enum([...ruleActions, 'changed', 'failed']),
  on: z.enum(['request', 'response']),
  /** A JSON pointer (RFC 6901) from the params, the result or the error; a key that could be content itself is `?`. */
  pointer: z.string(),
  /** The rule says that it deserves an alert. */
  alert: z.boolean(),
});
export type RuleHit = z.infer<typeof RuleHit>;
