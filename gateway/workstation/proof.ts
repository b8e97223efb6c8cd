// Is this the workstation that it says it is? Its key must have signed this connection's challenge, for this gateway and its own user.
// Whoever can't prove that learns nothing: unknown, wrong key, wrong user, wrong origin and a replay are all PROOF_INVALID.
import { hash } from 'node:crypto';
import { thumbprintText, type PublicKey } from '#contract/enrollment.ts';
import { Fault } from '#contract/error.ts';
import { proofText } from '#contract/frame.ts';
import type { Slug, UserId, WorkstationId } from '#contract/id.ts';
import type { People } from '../policy/people.ts';
import type { Workstation } from '../store/store.ts';
import type { Signed } from './signature.ts';

export interface Claim {
  readonly version: number;
  readonly nonce: string;
  readonly workstation: WorkstationId;
  readonly user: UserId;
  readonly signature: string;
}

/** Who stands behind a tunnel. */
export interface Member {
  readonly workstation: { readonly id: WorkstationId };
  readonly user: { readonly id: UserId; readonly slug: Slug; readonly name: string };
  /** The gateways that the user may reach now. */
  readonly gateways: readonly Slug[];
}
export type Proof =
  /** `asOf`: what changed in the store after this revision may not be in it. */
  | { readonly kind: 'proven'; readonly member: Member; readonly asOf: number }
  /** `reason` is for the record; `workstation` is one that exists. */
  | { readonly kind: 'refused'; readonly fault: Fault; readonly reason: string; readonly workstation: WorkstationId | null };

export async function checkProof(
  deps: {
    /** What the store says now, of this workstation too. */
    readonly standing: (workstation: WorkstationId) => Promise<{
      readonly revision: number;
      readonly memberOf: MemberOf;
      readonly workstations: ReadonlyMap<WorkstationId, Workstation>;
    }>;
    readonly publicOrigin: string;
    readonly isSigned: (of: Signed) => Promise<boolean>;
  },
  claim: Claim,
): Promise<Proof> {
  const { revision, memberOf, workstations } = await deps.standing(claim.workstation);
  const workstation = workstations.get(claim.workstation);
  const refused = (fault: Fault, reason: string): Proof => ({
    kind: 'refused',
    fault,
    reason,
    workstation: workstation?.id ?? null,
  });
  if (workstation === undefined) return refused(new Fault('PROOF_INVALID'), 'unknown workstation');
  const text = proofText({ ...claim, origin: deps.publicOrigin });
  if (!(await deps.isSigned({ publicKey: workstation.publicKey, text, signature: claim.signature })))
    return refused(new Fault('PROOF_INVALID'), 'wrong signature');
  // From here on the key is proven: the peer may be told why.
  if (workstation.revokedAt !== null) return refused(new Fault('WORKSTATION_REVOKED'), 'revoked');
  const member = memberOf(workstation);
  if (member === undefined) return refused(new Fault('WORKSTATION_REVOKED'), 'its user is gone');
  if (member.user.id !== claim.user) return refused(new Fault('PROOF_INVALID'), 'another user');
  return { kind: 'proven', member, asOf: revision };
}

export type MemberOf = (workstation: Pick<Workstation, 'id' | 'user' | 'revokedAt'>) => Member | undefined;

/** Who stands behind a workstation; undefined where it or its user may no longer connect. What members of one user have in common is made once. */
export function membersOf(people: People): MemberOf {
  const known = new Map<Slug, Omit<Member, 'workstation'> | undefined>();
  const reachOf = (name: Slug): Omit<Member, 'workstation'> | undefined => {
    const person = people.bySlug(name);
    return person && { user: { id: person.id, slug: name, name: person.name }, gateways: [...person.gateways].toSorted() };
  };
  return ({ id, user, revokedAt }) => {
    if (!known.has(user)) known.set(user, reachOf(user));
    const reach = known.get(user);
    return revokedAt !== null || reach === undefined ? undefined : { workstation: { id }, ...reach };
  };
}

export function thumbprint(publicKey: PublicKey): string {
  return hash('sha256', thumbprintText(publicKey), 'base64url');
}
