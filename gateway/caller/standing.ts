// Whether that by which a caller came still counts: their token, the connection of a host that signed in, or the workstation that the shim runs on. Asked of
// callers that are not here now, for whom something is kept. The rule: whatever is not surely there is gone.
import { Fault } from '#contract/error.ts';
import { ConnectionId, TokenId } from '#contract/id.ts';
import type { Caller } from '../call.ts';
import type { Store } from '../store/store.ts';
import { isAhead } from './ahead.ts';

/** Resolves where it does; rejects with TOKEN_REVOKED, TOKEN_EXPIRED, WORKSTATION_REVOKED, or as the store does. */
export type Standing = (caller: Caller) => Promise<void>;

export function createStanding({ store, now }: { readonly store: Store; readonly now: () => number }): Standing {
  return async ({ token, workstation, user }) => {
    if (token === null) {
      const live = workstation === null ? undefined : (await store.liveWorkstations([workstation])).get(workstation);
      if (live !== user.slug) throw new Fault('WORKSTATION_REVOKED');
      return;
    }
    const made = await store.tokenById(TokenId.parse(token));
    const found = made ?? (await store.signIn.connection(ConnectionId.parse(token)));
    if (!found || found.revokedAt !== null) throw new Fault('TOKEN_REVOKED');
    if (made && isAhead(made.createdAt, now())) throw new Fault('TOKEN_REVOKED');
    // The tokens of a connection come and go.
    if (made && now() >= made.expiresAt) throw new Fault('TOKEN_EXPIRED', { at: new Date(made.expiresAt).toISOString() });
  };
}
