// What can go wrong where records are sent.
// Part of the table in error.ts; `reason` is always a sentence of ours, never what a receiver said.

export const sinkErrors = {
  SINK_FULL: {
    status: 503,
    rpc: 7507,
    retry: 'safe',
    message:
      'The call was not made: {owed} audit records wait for the sink "{sink}", and no more than {limit} may. Ask your administrator to see to `drawbridge-gateway sink list`.',
  },
  SINK_SECRET_MISSING: {
    status: 409,
    rpc: 7409,
    retry: 'no',
    message: 'The secret "{name}" of the sink "{sink}" {reason}. Set it with `drawbridge-gateway sink secret {sink}`.',
  },
} as const;
