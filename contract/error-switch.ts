// The part of the table in error.ts for what an administrator switched off. The rule: words say what is off, since when and until when; why, only where the
// administrator wanted it told.

export const switchErrors = {
  SWITCHED_OFF: {
    status: 403,
    rpc: 7423,
    retry: 'no',
    message: '{what} was switched off by an administrator at {since}{until}.{reason} Ask your administrator.',
  },
} as const;
