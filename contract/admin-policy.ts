// The admin API's operations on the policy as a whole, as `apply` has it.
import { z } from 'zod';
import { operation } from './admin-operation.ts';
import { PolicyFile } from './policy.ts';

/** YAML, as in a file; JSON is YAML. */
const body = z.strictObject({ text: z.string().max(16 * 1024 * 1024) });
const example = { body: { text: 'version: 1\nusers: { ada: { email: ada@example.org, role: super-admin } }\n' } };
const Change = z.object({
  action: z.enum(['add', 'change', 'remove']),
  what: z.string(),
  name: z.string(),
  detail: z.array(z.string()),
});
const limitBytes = 17 * 1024 * 1024;

export const policyOperations = {
  'policy.read': operation({
    method: 'GET',
    path: '/policy',
    capability: 'policy.read',
    summary: 'Shows the policy as it was filed: without what sign-ins and directories made. Applying it changes nothing.',
    answer: z.object({ policy: PolicyFile }),
  }),
  'policy.plan': operation({
    method: 'POST',
    path: '/policy/plan',
    isConditional: true,
    capability: 'policy.read',
    status: 200,
    summary: 'Says what applying a policy would change, and changes nothing.',
    body,
    answer: z.object({ changes: z.array(Change) }),
    example,
    limitBytes,
  }),
  'policy.apply': operation({
    method: 'PUT',
    path: '/policy',
    isConditional: true,
    capability: 'policy.apply',
    summary: 'Makes this policy the one in force, all or nothing.',
    body,
    answer: z.object({ changes: z.array(Change), isApplied: z.boolean() }),
    example,
    limitBytes,
  }),
};
