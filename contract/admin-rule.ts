// The admin API's operations on the rules of a gateway: what may flow, in order. They are changed as a whole, because each runs on what the one before it left.
import { z } from 'zod';
import { operation, slugs } from './admin-operation.ts';
import { Slug } from './id.ts';
import { Rule, RuleHit, Rules, ruleScopes } from './rule.ts';

const GatewayRules = z.object({ gateway: Slug, rules: Rules });

const gateway = 'gateway';
const params = slugs(gateway);
const example = { params: { gateway: 'main' } };
const redact = { name: 'pii', method: 'pii', action: 'redact' };
/** A message as large as one that flows has no place here: a sample shows what rules do. */
const longestSample = 200_000;

export const ruleOperations = {
  'rules.list': operation({
    method: 'GET',
    path: '/gateways/{gateway}/rules',
    capability: 'gateways.view',
    gateway,
    summary: 'Shows the rules of a gateway, in the order in which they run.',
    params,
    answer: GatewayRules,
    example,
  }),
  'rules.replace': operation({
    method: 'PUT',
    path: '/gateways/{gateway}/rules',
    isConditional: true,
    capability: 'rules.manage',
    gateway,
    summary: 'Replaces the rules of a gateway, all of them in their order. They hold from the next message on.',
    params,
    body: z.strictObject({ rules: Rules }),
    answer: GatewayRules,
    example: { ...example, body: { rules: [redact] } },
    limitBytes: 1024 * 1024,
  }),
  'rules.test': operation({
    method: 'POST',
    path: '/gateways/{gateway}/rules/test',
    capability: 'rules.manage',
    gateway,
    status: 200,
    summary:
      'Says what rules would do with a sample: those of the gateway, one of them, or others that are sent along. Engines are asked for real.',
    params,
    body: z.strictObject({
      on: z.enum(['request', 'response']).default('request'),
      for: z.enum(ruleScopes).default('tools'),
      /** A text, JSON, or a whole MCP message. */
      sample: z.string().max(longestSample),
      /** Only this one of the gateway's. */
      rule: Slug.optional(),
      /** These instead of the gateway's. */
      rules: z.array(Rule).min(1).max(1000).optional(),
    }),
    answer: z.object({
      outcome: z.enum(['passed', 'changed', 'blocked']),
      code: z.string().nullable(),
      reason: z.string().nullable(),
      hits: z.array(RuleHit),
      /** What goes on; null where nothing does. */
      message: z.unknown(),
    }),
    example: { ...example, body: { sample: 'Write to ada@example.org', rules: [redact] } },
  }),
};
