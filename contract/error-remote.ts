// The part of the table in error.ts for the way to a remote server, and for the identity that a call bears there.
// The rule: words name the server and whose identity it is; an address or a value is in none of them.

export const remoteErrors = {
  EGRESS_FORBIDDEN: {
    status: 200,
    rpc: 7403,
    retry: 'no',
    message: 'The gateway may not connect to the server "{server}": {reason}. Ask your administrator.',
  },
  UPSTREAM_UNREACHABLE: {
    status: 200,
    rpc: 7502,
    retry: 'safe',
    message: 'The server "{server}" can\'t be reached: {reason}. Try again in a moment.',
  },
  UPSTREAM_LOST: {
    status: 200,
    rpc: 7502,
    retry: 'unknown',
    message:
      'The connection to the server "{server}" ended before its answer was whole. The call may or may not have run: check before you repeat it.',
  },
  UPSTREAM_MOVED: {
    status: 200,
    rpc: 7502,
    retry: 'unknown',
    message:
      'The address of the server "{server}" was changed while the call waited for its AI host. The call may or may not have run: check before you repeat it.',
  },
  UPSTREAM_FAILED: {
    status: 200,
    rpc: 7502,
    retry: 'unknown',
    message: 'The server "{server}" answered with the HTTP status {status} and no MCP message.',
  },
  UPSTREAM_BUSY: {
    status: 503,
    rpc: 7429,
    retry: 'safe',
    message: 'The server "{server}" takes no more requests for now and asks to wait. Try again {when}.',
  },
  UPSTREAM_VERSION: {
    status: 200,
    rpc: 7502,
    retry: 'no',
    message: 'The server "{server}" speaks no version of MCP that this gateway knows: {versions}. Ask your administrator.',
  },
  UPSTREAM_SESSION_LOST: {
    status: 200,
    rpc: 7502,
    retry: 'safe',
    message: 'The server "{server}" has ended its session and did not take the call. Try again: a new session is begun.',
  },
  SESSIONS_SPENT: {
    status: 503,
    rpc: 7429,
    retry: 'safe',
    message: 'Too many sessions with {what} are open for "{user}": end some of its AI hosts, or try again in some minutes.',
  },
  IDENTITY_MISSING: {
    status: 200,
    rpc: 7401,
    retry: 'safe',
    message: 'There is no {whose} for the server "{server}" yet. {how}',
  },
  IDENTITY_REFUSED: {
    status: 200,
    rpc: 7401,
    retry: 'safe',
    message: 'The server "{server}" does not accept the {whose} (HTTP status {status}). {how}',
  },
  IDENTITY_ENDED: {
    status: 200,
    rpc: 7401,
    retry: 'safe',
    message: 'The server "{server}" has ended the sign-in of the {whose}. {how}',
  },
  IDENTITY_SCOPE: {
    status: 200,
    rpc: 7403,
    retry: 'safe',
    message: 'The server "{server}" wants more of the {whose} than it was given: {scope}. {how}',
  },
  IDENTITY_RENEWAL_FAILED: {
    status: 200,
    rpc: 7503,
    retry: 'safe',
    message: 'The {whose} for the server "{server}" could not be renewed just now. Try again in a moment.',
  },
  UPSTREAM_SIGN_IN_FAILED: {
    status: 502,
    rpc: 7502,
    retry: 'safe',
    message: 'A sign-in at the server "{server}" is not possible: {reason}.',
  },
  UPSTREAM_SIGN_IN_OVER: {
    status: 400,
    rpc: 7400,
    retry: 'no',
    message:
      'This sign-in is over, or was begun in another browser or by somebody else. Begin it again on the page of your identities.',
  },
  VAULT_KEY_MISSING: {
    status: 200,
    rpc: 7503,
    retry: 'safe',
    message:
      'The identity is sealed with the key {kid}, which is not here. Ask your administrator to bring back key/vault.key, or to set the identity again.',
  },
  VAULT_DAMAGED: {
    status: 200,
    rpc: 7503,
    retry: 'no',
    message: 'The stored identity is not what was sealed. Ask your administrator to set it again.',
  },
} as const;
