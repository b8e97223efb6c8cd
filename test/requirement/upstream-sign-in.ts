// What is promised of identities that people obtain by signing in at a remote server: whose they become, where their tokens go, and how they stay fresh.
import type { Requirement } from '../requirement.ts';

const source = 'docs/identities.md';

export const upstreamSignIn: readonly Requirement[] = [
  {
    id: 'upstream-sign-in.as-themselves',
    promise: 'Who connects to a server on their page is called there as whom they signed in, and nobody else is.',
    source,
  },
];
