// The part of the table in error.ts for what administrators ask of the gateway server. The rule: a refusal names what is missing, so that whoever is refused knows
// what to ask for.

export const adminErrors = {
  ACCESS_TOKEN_NEEDED: {
    status: 401,
    rpc: 7401,
    retry: 'no',
    message: 'Send a valid personal access token as "Authorization: Bearer dbp_...".',
  },
  CAPABILITY_NEEDED: {
    status: 403,
    rpc: 7403,
    retry: 'no',
    message: 'This needs the capability "{capability}", which {lacking} not grant. Ask whoever gives roles here.',
  },
  ABOVE_OWN: {
    status: 403,
    rpc: 7403,
    retry: 'no',
    message:
      'This is about the capability "{capability}", which you do not have: nobody gives or takes more than they have themselves.',
  },
  LAST_SUPER_ADMIN: {
    status: 409,
    rpc: 7409,
    retry: 'no',
    message: 'Nobody would be a super admin any more. Nothing was changed: give somebody else the role "super-admin" first.',
  },
  ADMIN_REFUSED: { status: 403, rpc: 7403, retry: 'no', message: 'The gateway server refuses it ({code}): {message}' },
  ADMIN_UNANSWERED: {
    status: 502,
    rpc: 7502,
    retry: 'unknown',
    message: 'No admin API answers at {origin}. Check that `serve` runs, and name where with --url.',
  },
  PREVIEW_NOT_AS_THEM: {
    status: 409,
    rpc: 7409,
    retry: 'no',
    message:
      'The server "{server}" knows each caller by their own identity, and a preview does not use that of somebody else by itself. Ask with the identity "own" to use it for this list: that is on record.',
  },
  INPUT_INVALID: { status: 400, rpc: 7400, retry: 'no', message: 'The request is not valid: {reason}' },
  NAME_TAKEN: { status: 409, rpc: 7409, retry: 'no', message: 'There is a {what} "{name}" already.' },
  UNCHANGEABLE: { status: 409, rpc: 7409, retry: 'no', message: 'The {what} "{name}" can not be changed so: {reason}' },
  CHANGED_MEANWHILE: {
    status: 412,
    rpc: 7412,
    retry: 'no',
    message: 'It is not any more as If-Match says. Read it again, and send the change for how it is now.',
  },
  KEY_REUSED: {
    status: 409,
    rpc: 7409,
    retry: 'no',
    message: 'This Idempotency-Key came with another request before. Use a new key for each request.',
  },
  JOB_ELSEWHERE: {
    status: 421,
    rpc: 7421,
    retry: 'safe',
    message:
      'The {what} "{id}" runs at another gateway server of this database, whose chain is "{chain}" (here: "{here}"). Ask that one, or begin one here.',
  },
  KEY_UNDER_WAY: {
    status: 409,
    rpc: 7409,
    retry: 'safe',
    message: 'The first request with this Idempotency-Key is still under way. Send it again in a moment.',
  },
  KEY_LOST: {
    status: 409,
    rpc: 7409,
    retry: 'unknown',
    message:
      'The first request with this Idempotency-Key did not come to an end that is known here. Look whether it was done before you send it with a new key.',
  },
} as const;
