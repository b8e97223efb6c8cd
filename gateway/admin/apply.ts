// Policy as code: from the policy in force to the one in a file, all or nothing. Applying the same policy again changes nothing.
import { Fault } from '#contract/error.ts';
import type { PolicyFile } from '#contract/policy.ts';
import type { Store } from '../store/store.ts';
import { planPolicy, type Change } from './plan.ts';

export interface Applied {
  readonly changes: readonly Change[];
  /** False where there was nothing to change, or only the plan was asked for. */
  readonly isApplied: boolean;
}

/** Rejects with STORE_UNAVAILABLE where the database fails, or where others keep changing it meanwhile; then nothing was changed. */
export async function applyPolicy(deps: {
  store: Store;
  policy: PolicyFile;
  now: number;
  isPlanOnly: boolean;
}): Promise<Applied> {
  try {
    return await applyOnce(deps);
  } catch (error) {
    // Somebody else changed the data between the look and the change: look again, once.
    if (error instanceof Fault && error.code === 'STORE_UNAVAILABLE') return await applyOnce(deps);
    throw error;
  }
}

async function applyOnce({ store, policy, now, isPlanOnly }: Parameters<typeof applyPolicy>[0]): Promise<Applied> {
  // The revision is read first: what changes after it makes the replacement fail.
  const revision = await store.revision();
  const [before, tokens, workstations, made] = await Promise.all([
    store.filedPolicy(),
    store.tokens(),
    store.workstations(),
    store.signIn.madePeople(),
  ]);
  const changes = planPolicy(before, policy, { tokens, workstations, made, now });
  if (isPlanOnly || changes.length === 0) return { changes, isApplied: false };
  await store.replacePolicy(policy, revision, now);
  return { changes, isApplied: true };
}
