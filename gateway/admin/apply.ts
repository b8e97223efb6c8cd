// Policy as code: from the policy in force to the one in a file, all or nothing. Applying the same policy again changes nothing.
import { isDeepStrictEqual } from 'node:util';
import { Fault } from '#contract/error.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { pauses, sliced } from '../slice.ts';
import { refuseAbove, refuseTaking } from './above.ts';
import { need } from './actor.ts';
import { type Acting, doing } from './context.ts';
import { planPolicy, type Change } from './plan.ts';

export interface Applied {
  readonly changes: readonly Change[];
  /** False where there was nothing to change, or only the plan was asked for. */
  readonly isApplied: boolean;
  /** Why applying it would be refused; only of a plan. */
  readonly refusal?: Fault;
}

/** Rejects with STORE_UNAVAILABLE where the database fails, or where others keep changing it meanwhile; then nothing was changed. */
export async function applyPolicy(
  deps: Acting & {
    readonly policy: PolicyFile;
    readonly now: number;
    readonly isPlanOnly: boolean;
    /** Throws where the policy that is in force is not the one that was meant. */
    readonly expect?: (before: PolicyFile) => void;
  },
): Promise<Applied> {
  try {
    return await applyOnce(deps);
  } catch (error) {
    // Somebody else changed the data between the look and the change: look again, once.
    if (error instanceof Fault && error.code === 'STORE_UNAVAILABLE') return await applyOnce(deps);
    throw error;
  }
}

async function applyOnce(deps: Parameters<typeof applyPolicy>[0]): Promise<Applied> {
  const { store, policy, now, isPlanOnly } = deps;
  const pause = pauses();
  // The revision is read first: what changes after it makes the replacement fail.
  const revision = await store.revision();
  const [before, tokens, workstations, made] = await Promise.all([
    store.filedPolicy(),
    store.tokens(),
    store.workstations(),
    store.signIn.madePeople(),
  ]);
  // Between the parts of it calls go on: each of a large policy takes its moment, and the revision tells whether anything came in between.
  await pause();
  deps.expect?.(before);
  const changes = await sliced(planPolicy(before, policy, { tokens, workstations, made, now }));
  if (changes.length === 0) return { changes, isApplied: false };
  await pause();
  if (isPlanOnly) {
    const refusal = await refusalOf(deps, before, changes);
    return { changes, isApplied: false, ...(refusal && { refusal }) };
  }
  await refuse(deps, before);
  await pause();
  const [was, is] = await differentParts(before, policy);
  await pause();
  const to = doing(deps, now, { operation: 'policy.apply', target: null, before: was, after: is });
  await to.replacePolicy(policy, revision, now);
  return { changes, isApplied: true };
}

/** Rejects where this actor may not make the one policy of the other. */
async function refuse({ store, actor, policy }: Parameters<typeof applyPolicy>[0], before: PolicyFile): Promise<void> {
  const pause = pauses();
  await refuseAbove(actor, before, policy);
  const { policy: inForce } = await store.policy();
  await pause();
  await refuseTaking(actor, inForce, before, policy);
}

/** Changes of these alone may leave nobody who may do everything. */
const ofPeople: ReadonlySet<Change['what']> = new Set(['user', 'role', 'directory']);

/** What `apply` would be refused with, by the same checks in the same order. */
async function refusalOf(
  deps: Parameters<typeof applyPolicy>[0],
  before: PolicyFile,
  changes: readonly Change[],
): Promise<Fault | undefined> {
  try {
    // Whoever applies it was asked for this already; a plan is for whoever may read.
    need(deps.actor, 'policy.apply');
    await refuse(deps, before);
    if (changes.some(({ what }) => ofPeople.has(what))) await deps.store.tryPolicy(deps.policy, deps.now);
    return undefined;
  } catch (error) {
    if (error instanceof Fault && refusals.has(error.code)) return error;
    throw error;
  }
}

const refusals: ReadonlySet<Fault['code']> = new Set([
  'CAPABILITY_NEEDED',
  'ABOVE_OWN',
  'GATEWAY_NOT_GRANTED',
  'LAST_SUPER_ADMIN',
]);

/** What of the two is not the same, thing by thing: a record of the whole of both would hide it. */
async function differentParts(before: PolicyFile, after: PolicyFile): Promise<readonly [object, object]> {
  const pause = pauses();
  const [olds, nows] = [new Map<string, unknown>(Object.entries(before)), new Map<string, unknown>(Object.entries(after))];
  const was: Record<string, unknown> = {};
  const is: Record<string, unknown> = {};
  for (const noun of new Set([...olds.keys(), ...nows.keys()])) {
    const [old, now] = [olds.get(noun), nows.get(noun)];
    // Of the directory's groups also the order counts.
    const isSame = noun === 'directory' ? isSameText : isDeepStrictEqual;
    const names = new Set([old, now].flatMap((one) => (one instanceof Object ? Object.keys(one) : [])));
    const changed: string[] = [];
    for (const name of names) {
      await pause();
      if (!isSame(valueIn(old, name), valueIn(now, name))) changed.push(name);
    }
    if (changed.length === 0 && (names.size > 0 || isSame(old, now))) continue;
    const pick = (of: unknown) => Object.fromEntries(changed.map((name) => [name, valueIn(of, name) ?? null]));
    was[noun] = names.size > 0 ? pick(old) : (old ?? null);
    is[noun] = names.size > 0 ? pick(now) : (now ?? null);
  }
  return [was, is];
}

function isSameText(old: unknown, now: unknown): boolean {
  return JSON.stringify(old) === JSON.stringify(now);
}

function valueIn(of: unknown, name: string): unknown {
  return of instanceof Object && Object.hasOwn(of, name) ? Reflect.get(of, name) : undefined;
}
