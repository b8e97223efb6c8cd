// What a request to a remote server bears, as whom the assignment says, and what the server's refusal of it means. The rule: tokens are read anew for each
// request, so that renewed ones reach every session that is open.
import { Fault } from '#contract/error.ts';
import { reveal, Secret } from '#contract/secret.ts';
import type { AllowedCall, AllowedListing, Remote } from '../call.ts';
import type { Identities, Identity } from '../identity/identities.ts';
import { bearerChallengeIn } from '../mcp/challenge.ts';
import type { Wanted } from '../vault/vault.ts';
import type { Peer } from './exchange.ts';

type Allowed = AllowedCall | AllowedListing;
type Newest = ReturnType<Identities['identity']>;
/** As whom a call went, or the newest of a session's. */
export interface Bearing {
  identity: Identity | undefined;
}

/** Read anew for each request, also for one that no call makes: `newest` is the identity as it is by then. */
export function credentialOf(remote: Remote, bears: Bearing, newest: () => Newest): Peer['credential'] {
  const { auth } = remote;
  if (!auth || !bears.identity) return undefined;
  const { isSignIn, setAt } = bears.identity;
  const { header, isBearer } = isSignIn ? { header: 'Authorization', isBearer: true } : auth;
  const renew = (one: Identity) => void (one.setAt === setAt && (bears.identity = one));
  return {
    header,
    get value() {
      // Where nothing but a stream goes on, nobody else sees to it that its tokens stay fresh.
      if (isSignIn) attend(newest, renew);
      const value = bears.identity?.value ?? new Secret('');
      return isBearer ? new Secret(`Bearer ${reveal(value)}`) : value;
    },
  };
}

function attend(newest: () => Newest, renew: (identity: Identity) => void): void {
  try {
    const found = newest();
    if (found instanceof Promise) found.then(renew, () => undefined);
    else renew(found);
  } catch {
    // It ended: the server says so itself to whoever asks it.
  }
}

/** What the server's refusal (401) of a request that no call makes comes to: true where there is another value now, and the session bears it. Never rejects. */
export function renewalOf(
  identities: Identities,
  allowed: Allowed,
  { auth, origin }: Remote,
  bears: Bearing,
): () => Promise<boolean> {
  return async () => {
    const before = bears.identity;
    if (!auth || !before) return false;
    const wanted = wantedBy(allowed, auth, origin);
    try {
      if (!(await identities.renewRefused(wanted, before))) return false;
      const now = await identities.identity(wanted);
      // One that was set anew may be somebody else: that is another session's.
      if (now.id !== before.id || now.setAt !== before.setAt) return false;
      bears.identity = now;
      return true;
    } catch {
      // It ended, or can't be renewed now: the refusal stands, and the next try asks again.
      return false;
    }
  };
}

export function wantedBy(
  { assignment, caller }: Allowed,
  { identity, scheme }: NonNullable<Remote['auth']>,
  origin: string,
): Wanted {
  return { kind: identity, server: assignment.server, user: caller.user, gateway: assignment.gateway.id, origin, scheme };
}

export function refused(
  identities: Identities,
  allowed: Allowed,
  { auth, origin }: Remote,
  status: number,
  header?: string,
): Fault {
  if (!auth) return new Fault('UPSTREAM_FAILED', { server: allowed.assignment.server.slug, status });
  const challenge = status === 403 ? bearerChallengeIn(header) : undefined;
  const scope = challenge?.error === 'insufficient_scope' ? challenge.scope : undefined;
  return identities.refusal(wantedBy(allowed, auth, origin), { status, scope });
}
