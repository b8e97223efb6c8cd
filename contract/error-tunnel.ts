// The part of the table in error.ts for the tunnel's handshake and frames, and for what a device keeps for them.
// The rule: words name the workstation's way out (enroll anew, set the clock, ask the administrator), never a key or a token.

export const tunnelErrors = {
  FRAME_INVALID: { status: 400, rpc: 7400, retry: 'no', message: 'A tunnel frame is not valid: {reason}.' },
  TUNNEL_VERSION: {
    status: 400,
    rpc: 7400,
    retry: 'no',
    message: 'No common tunnel version: here {here}, there {there}. Update the older side.',
  },
  PROOF_INVALID: {
    status: 401,
    rpc: 7401,
    retry: 'no',
    // the address is signed too: a gateway that is reached by another one than its own is the cause that nobody guesses
    message:
      "The workstation could not prove its key for this gateway, user and connection. Check that its address of the gateway is the gateway server's own --public-url, or enroll it anew.",
  },
  TUNNEL_REPLACED: {
    status: 409,
    rpc: 7409,
    retry: 'safe',
    message: 'Another connection with the key of this workstation took over.',
  },
  SECRET_UNREADABLE: {
    status: 500,
    rpc: 7500,
    retry: 'safe',
    message: 'The stored secret "{name}" can\'t be read: {reason}. Unlock the secret store, or enroll this workstation again.',
  },
  STATE_DAMAGED: {
    status: 500,
    rpc: 7500,
    retry: 'no',
    message:
      "The file {file} of Drawbridge's own state can't be used: {reason}. Nothing was changed. Bring it back from a backup.",
  },
  KEY_ENROLLED: {
    status: 409,
    rpc: 7409,
    retry: 'no',
    message: 'A workstation with this device key is enrolled already. Remove the key on the device and enroll again.',
  },
  AGENT_RUNNING: {
    status: 409,
    rpc: 7409,
    retry: 'no',
    message: 'An agent runs already for {stateDir}: process {pid}. Stop it first, or name another state directory with --state.',
  },
  AGENT_ENFORCES: {
    status: 409,
    rpc: 7409,
    retry: 'no',
    message:
      'The running agent (process {pid}) enforces the gateway and would undo this at once. Stop it first, or set EnforcementMode to observe.',
  },
  PROFILE_FORBIDS: { status: 403, rpc: 7403, retry: 'no', message: 'The profile of this workstation does not allow {what}.' },
} as const;
