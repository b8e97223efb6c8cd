// A device becomes a workstation: a one-time token, given to one person, is spent for a key made on the device.
// The signature binds token, key, gateway and OS user; the token is spent and the workstation added together, or neither.
import { hash } from 'node:crypto';
import { EnrollRequest, type EnrollResponse } from '#contract/enrollment.ts';
import { Fault } from '#contract/error.ts';
import { enrollText } from '#contract/frame.ts';
import { newId, WorkstationId, type OrganizationId } from '#contract/id.ts';
import { isAhead } from '../caller/ahead.ts';
import { peopleIn } from '../policy/people.ts';
import type { Store, Workstation } from '../store/store.ts';
import { eventRecord, type RecordEvent } from './event.ts';
import { membersOf, thumbprint } from './proof.ts';
import { isSigned } from './signature.ts';

export interface EnrollDeps {
  readonly store: Store;
  readonly record: RecordEvent;
  readonly organization: OrganizationId;
  readonly publicOrigin: string;
  readonly now: () => number;
}

/** Throws INVALID_REQUEST, PROOF_INVALID, ENROLL_TOKEN_INVALID, TOKEN_SPENT, TOKEN_EXPIRED, TOKEN_REVOKED or KEY_ENROLLED. */
export async function enroll(deps: EnrollDeps, body: unknown, address: string): Promise<EnrollResponse> {
  const { store, publicOrigin } = deps;
  const parsed = EnrollRequest.safeParse(body);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new Fault('INVALID_REQUEST', { reason: `"${where}" is missing or wrong` });
  }
  const request = parsed.data;
  const tokenHash = hash('sha256', request.token);
  const publicKeyThumbprint = thumbprint(request.publicKey);
  const text = enrollText({ tokenHash, publicKeyThumbprint, origin: publicOrigin, osUser: request.osUser });
  if (!(await isSigned({ publicKey: request.publicKey, text, signature: request.signature }))) throw new Fault('PROOF_INVALID');
  const token = await store.tokenByHash(tokenHash);
  if (token?.kind !== 'enroll') throw new Fault('ENROLL_TOKEN_INVALID');
  const now = deps.now();
  if (isAhead(token.createdAt, now)) throw new Fault('ENROLL_TOKEN_INVALID');
  const workstation: Workstation = {
    id: WorkstationId.parse(newId(now)),
    user: token.user,
    publicKey: request.publicKey,
    thumbprint: publicKeyThumbprint,
    hostname: request.hostname,
    osUser: request.osUser,
    platform: request.platform,
    enrolledAt: now,
    revokedAt: null,
    lastSeenAt: null,
  };
  const member = membersOf(peopleIn(await store.policy({ by: 'slug', is: token.user })))(workstation);
  if (member === undefined) throw new Fault('ENROLL_TOKEN_INVALID');
  const outcome = await store.enroll(tokenHash, workstation, now);
  if (outcome !== 'enrolled') throw refusal(outcome, token.expiresAt);
  const { id, name } = member.user;
  try {
    const detail = { hostname: request.hostname, osUser: request.osUser, platform: request.platform, token: token.id, address };
    await deps.record(
      eventRecord({ event: 'workstation_enrolled', user: { id, name }, workstation: workstation.id, detail }, now),
    );
  } catch (error) {
    // A workstation that is not on record may not be one.
    await store.revokeWorkstation(workstation.id, now);
    throw error;
  }
  return { workstation: workstation.id, user: id, userName: name, organization: deps.organization };
}

function refusal(outcome: 'spent' | 'expired' | 'revoked' | 'unknown', expiresAt: number): Fault {
  if (outcome === 'spent') return new Fault('TOKEN_SPENT');
  if (outcome === 'expired') return new Fault('TOKEN_EXPIRED', { at: new Date(expiresAt).toISOString() });
  return outcome === 'revoked' ? new Fault('TOKEN_REVOKED') : new Fault('ENROLL_TOKEN_INVALID');
}
