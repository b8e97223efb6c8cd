// The part of the table in error.ts for directories that provision people by SCIM (RFC 7644, section 3.12). The rule: the reason names the attribute, so that whoever
// runs the directory finds it there.

export const directoryErrors = {
  DIRECTORY_TOKEN_NEEDED: {
    status: 401,
    rpc: 7401,
    retry: 'no',
    message:
      'Send the token of a directory as "Authorization: Bearer dbs_...": `drawbridge-gateway directory token create` makes one.',
  },
  /** `scimType` as RFC 7644 names it. */
  DIRECTORY_INVALID: { status: 400, rpc: 7400, retry: 'no', message: '{reason}' },
} as const;
