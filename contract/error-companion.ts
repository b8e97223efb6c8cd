// The part of the table in error.ts for what the companion's page asks of the tray program.
// The rule: words are for the person at the window.

export const companionErrors = {
  PAGE_FORBIDDEN: { status: 403, rpc: 7403, retry: 'no', message: 'Only the page of the Drawbridge window may ask this.' },
  PAGE_REQUEST_INVALID: {
    status: 400,
    rpc: 7400,
    retry: 'no',
    message: 'The window asked "{channel}" with something else than expected.',
  },
  AGENT_ABSENT: {
    status: 503,
    rpc: 7503,
    retry: 'safe',
    message: 'The Drawbridge agent does not answer: {reason}. Try again in a moment.',
  },
  NOTHING_TO_OPEN: { status: 404, rpc: 7404, retry: 'no', message: 'Your organization named no https address for this.' },
  LINK_GONE: {
    status: 404,
    rpc: 7404,
    retry: 'no',
    message: 'There is no enrollment link any more. Open it again, or paste the token.',
  },
} as const;
