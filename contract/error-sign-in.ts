// The part of the table in error.ts for a host that signs in, and for the pages its person sees.
// The rule: words say what to do next; no code, token or address is in any of them.

export const signInErrors = {
  CLIENT_REFUSED: { status: 400, rpc: 7400, retry: 'no', message: 'This app can not be registered: {reason}.' },
  CLIENT_UNREACHED: {
    status: 502,
    rpc: 7502,
    retry: 'safe',
    message:
      'The site that says what this app is did not answer as it should. Try again in a moment; if it stays so, ask your administrator.',
  },
  SIGN_IN_REFUSED: { status: 403, rpc: 7403, retry: 'no', message: 'You could not be signed in: {reason}' },
  ACCOUNT_OF_ANOTHER: {
    status: 403,
    rpc: 7403,
    retry: 'no',
    message:
      'You could not be signed in: the user of your address, "{user}", comes by another account. Where that is you, ask your administrator (`drawbridge-gateway person rebind`).',
  },
  SIGN_IN_OVER: {
    status: 400,
    rpc: 7400,
    retry: 'no',
    message: 'This sign-in is over, or was begun in another browser. Go back to your app and connect again.',
  },
  IDENTITY_PROVIDER_FAILED: {
    status: 502,
    rpc: 7502,
    retry: 'safe',
    message: 'The sign-in service "{name}" did not answer as it should. Try again, or tell your administrator.',
  },
} as const;
