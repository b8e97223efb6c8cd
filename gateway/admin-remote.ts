// What operations of administrators do at remote servers, as this gateway server does it. The rule: it is the one way in which people and administrators sign in there.
import type { Remote } from './admin/context.ts';
import { checkServer } from './identity/check.ts';
import type { SignInParts } from './identity/open.ts';
import { removeAndRevoke } from './identity/removal.ts';
import { makeLink } from './identity/shared-link.ts';

export function remoteOf(parts: SignInParts): Remote {
  return {
    removeIdentity: (store, id) => removeAndRevoke({ ...parts, store }, id),
    check: (server) => checkServer(parts, server),
    link: makeLink,
  };
}
