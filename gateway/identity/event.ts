// Records of what becomes of identities at remote servers: whose, at which server, at whose authorization server. Never a token, nor an address with one in it.
import type { EventRecord } from '#contract/audit.ts';
import type { ErrorCode } from '#contract/error.ts';
import { newRecordId } from '#contract/id.ts';
import type { Recorder } from '../audit/record.ts';
import type { StoredIdentity } from '../store/store.ts';

export interface IdentityEvent {
  readonly event:
    | 'identity_obtained'
    | 'identity_removed'
    // what its authorization server made of that
    | 'identity_revoked'
    // a sign-in at a remote server that a person began came to nothing
    | 'identity_sign_in_failed'
    | 'identity_renewal_failed'
    // its server took it back: a person has to sign in again
    | 'identity_ended'
    // this gateway server made itself known to an authorization server
    | 'identity_client_registered';
  readonly of: Pick<StoredIdentity, 'server' | 'user' | 'gateway'> & { readonly id?: string };
  readonly code?: ErrorCode;
  readonly detail?: EventRecord['detail'];
}
/** Rejects with AUDIT_UNAVAILABLE, and then what it tells of must not happen. */
export type RecordIdentity = (event: IdentityEvent) => Promise<void>;

export function createIdentityEvents(recorder: Pick<Recorder, 'append'>, now: () => number): RecordIdentity {
  return async ({ event, of, code = null, detail }) => {
    const at = now();
    const { id, server, user, gateway } = of;
    await recorder.append({
      version: 1,
      kind: 'event',
      id: newRecordId(at),
      at,
      event,
      user: user && { id: user.id, name: user.slug },
      workstation: null,
      code,
      detail: {
        server: server.slug,
        kind: user ? 'own' : 'shared',
        ...(gateway ? { gateway: gateway.slug } : {}),
        ...(id === undefined ? {} : { identity: id }),
        ...detail,
      },
    });
  };
}
