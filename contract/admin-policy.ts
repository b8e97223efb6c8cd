// The admin API's operations on the policy as a whole, as `apply` has it.
import { z } from 'zod';
import { operation } from './admin-operation.ts';
import { PolicyFile } from './policy.ts';

const longest = 4 * 1024 * 1024;
const tooLong = 'a policy has 4 MiB at most here: give a larger one to `drawbridge-gateway apply`, beside the gateway server';
/** YAML, as in a file; JSON is YAML. */
const body = z.strictObject({ text: z.string().max(longest, tooLong) });
const example = { body: { text: 'version: 1\nusers: { ada: { email: ada@example.org, role: super-admin } }\n' } };
const Change = z.object({
  action: z.enum(['add', 'change', 'remove']),
  what: z.string(),
  name: z.string(),
  detail: z.array(z.string()),
});
/** JSON writes some characters with two. */
const limitBytes = 9 * 1024 * 1024;

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
    summary: 'Says what applying a policy would change, and changes nothing. `refusal`: why applying it would be refused.',
    body,
    answer: z.object({
      changes: z.array(Change),
      refusal: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
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
