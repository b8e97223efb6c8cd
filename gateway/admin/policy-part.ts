// Changes a part of the policy: reads the filed policy, changes it, judges the whole as `apply` does, and replaces it if nobody changed anything meanwhile. So the
// API, the command line and a file can't disagree, and nobody gives or takes more than they have themselves.
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Fault } from '#contract/error.ts';
import { PolicyFile } from '#contract/policy.ts';
import { refuseAbove, refuseTaking } from './above.ts';
import { may } from './actor.ts';
import { type AdminContext, doing } from './context.ts';
import { type Finding, findingsIn } from './policy-check.ts';
import { addressesIn, sharedAddresses } from './shared-address.ts';

/** The tag of a thing as it is shown: another one as soon as anything of it is different. */
export function etagOf(shown: unknown): string {
  return `"${hash('sha256', JSON.stringify(shown ?? null)).slice(0, 32)}"`;
}

/** Throws CHANGED_MEANWHILE where the asker saw it in another state. */
export function refuseStale({ ifMatch }: Pick<AdminContext, 'ifMatch'>, shown: unknown): void {
  if (ifMatch === undefined || ifMatch === '*') return;
  if (!ifMatch.includes(etagOf(shown))) throw new Fault('CHANGED_MEANWHILE');
}

const tries = 5;

/** `show`: the thing as an operation shows it, null where it is not there. Resolves with the new policy. */
export async function changePolicy(
  context: AdminContext,
  of: {
    readonly operation: string;
    readonly target: string;
    readonly show: (policy: PolicyFile) => unknown;
    /** Throws where it can't be. */
    readonly change: (policy: PolicyFile) => PolicyFile;
  },
): Promise<PolicyFile> {
  const { store, actor, now } = context;
  for (let left = tries; ; left--) {
    // The revision is read first: what changes after it makes the replacement fail.
    const revision = await store.revision();
    const [before, { policy: inForce }] = await Promise.all([store.filedPolicy(), store.policy()]);
    const shown = of.show(before);
    refuseStale(context, shown);
    const after = judged(of.change(before), may(actor, 'policy.read'));
    await refuseAbove(actor, before, after);
    await refuseTaking(actor, inForce, before, after);
    // Whoever may not take the address of somebody with more is told that, and not whose it is.
    refuseSharing(before, after);
    if (isDeepStrictEqual(before, after)) return after;
    const { operation, target } = of;
    try {
      await doing(context, now(), { operation, target, before: shown, after: of.show(after) }).replacePolicy(
        after,
        revision,
        now(),
      );
      return after;
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'STORE_UNAVAILABLE' || left <= 1) throw error;
    }
  }
}

/** The policy, if it holds together. Throws INPUT_INVALID with every problem. `mayHint`: as findingsIn() has it. */
function judged(policy: PolicyFile, mayHint: boolean): PolicyFile {
  const parsed = PolicyFile.safeParse(policy);
  const found = parsed.success ? findingsIn(parsed.data, mayHint) : parsed.error.issues;
  if (parsed.success && found.length === 0) return parsed.data;
  throw invalid(found);
}

/** Throws INPUT_INVALID where users have one address who had not before: those who had keep nobody from changing something else. */
function refuseSharing(before: PolicyFile, after: PolicyFile): void {
  const addressesOf = ({ users }: PolicyFile) =>
    new Map(Object.entries(users).map(([slug, { email }]) => [slug, email?.toLowerCase()]));
  const [old, had, has] = [new Set(sharedAddresses(before).flat()), addressesOf(before), addressesOf(after)];
  const isOld = (slug: string) => old.has(slug) && had.get(slug) === has.get(slug);
  const found = addressesIn(after).filter(({ path }) => !isOld(String(path[1])));
  if (found.length > 0) throw invalid(found);
}

function invalid(found: readonly Pick<Finding, 'path' | 'message'>[]): Fault {
  const reason = found.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; ');
  return new Fault('INPUT_INVALID', { reason });
}
