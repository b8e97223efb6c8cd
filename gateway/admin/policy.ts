// The policy as a whole, by the admin API: the same plan and the same change as by `apply` at the command line, from the same text.
import { setImmediate } from 'node:timers/promises';
import type { policyOperations } from '#contract/admin-policy.ts';
import { Fault } from '#contract/error.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { applyPolicy } from './apply.ts';
import type { AdminContext, HandlersFor } from './context.ts';
import { refuseStale } from './policy-part.ts';
import { describeProblem } from './policy-file.ts';
import { readPolicyAside } from './policy-reader.ts';

export const policyHandlers: HandlersFor<typeof policyOperations> = {
  'policy.read': async ({ store }) => ({ policy: await store.filedPolicy() }),
  async 'policy.plan'(context, { body }) {
    const { changes, refusal } = await apply(context, body.text, true);
    return { changes, refusal: refusal ? { code: refusal.code, message: refusal.message } : null };
  },
  async 'policy.apply'(context, { body }) {
    const { changes, isApplied } = await apply(context, body.text, false);
    return { changes, isApplied };
  },
};

async function apply(context: AdminContext, text: string, isPlanOnly: boolean) {
  const read = await readPolicyAside(text);
  if (read.kind === 'invalid') {
    const words = read.problems.map((problem) => describeProblem('text', problem));
    throw new Fault('INPUT_INVALID', { reason: words.join('; ') });
  }
  const expect = (before: PolicyFile) => refuseStale(context, { policy: before });
  const done = await applyPolicy({ ...context, policy: read.policy, now: context.now(), isPlanOnly, expect });
  // The answer may be as large as the policy.
  await setImmediate();
  return { ...done, changes: done.changes.map((change) => ({ ...change, detail: [...change.detail] })) };
}
