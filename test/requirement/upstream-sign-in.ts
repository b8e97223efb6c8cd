// What is promised of identities that people obtain by signing in at a remote server: whose they become, where their tokens go, and how they stay fresh.
import type { Requirement } from '../requirement.ts';

const source = 'docs/identities.md';

export const upstreamSignIn: readonly Requirement[] = [
  {
    id: 'upstream-sign-in.as-themselves',
    promise: 'Who connects to a server on their page is called there as whom they signed in, and nobody else is.',
    source,
  },
  {
    id: 'upstream-sign-in.one-refresh',
    promise: 'However many calls and gateway servers find the tokens of a sign-in expired, they are refreshed once.',
    source,
  },
  {
    id: 'upstream-sign-in.renewed-early',
    promise: 'Tokens of a sign-in are renewed after four fifths of their lifetime, before a call has to wait for it.',
    source,
  },
  {
    id: 'upstream-sign-in.kept-on-failure',
    promise: 'Only what the authorization server itself says ends a sign-in; while it is down, tokens that still count are used.',
    source,
  },
  {
    id: 'upstream-sign-in.ended-is-told',
    promise: 'A sign-in that its server ended is told with the server and the page to go to.',
    source,
  },
  {
    id: 'upstream-sign-in.stored-first',
    promise: 'Renewed tokens are stored before they are used.',
    source,
  },
  {
    id: 'upstream-sign-in.own-lease',
    promise: 'Who was slower than their lease ends neither the lease nor the sign-in of whoever renews it now.',
    source,
  },
  {
    id: 'upstream-sign-in.found-out',
    promise: 'What a server wants of who calls is found out at the server: nothing, a token, or a sign-in.',
    source,
  },
  {
    id: 'upstream-sign-in.pkce',
    promise: 'A sign-in is refused where the authorization server does not announce PKCE with S256.',
    source,
  },
  {
    id: 'upstream-sign-in.guarded',
    promise: 'Every address that a sign-in discovers is judged like the address of the server itself.',
    source,
  },
  {
    id: 'upstream-sign-in.moved',
    promise: 'A sign-in that was begun at one site is over where the policy moved the server to another meanwhile.',
    source,
  },
  {
    id: 'upstream-sign-in.bound',
    promise: 'What comes back from an authorization server counts once, in the browser that began it, for the person who did.',
    source,
  },
  {
    id: 'upstream-sign-in.issuer',
    promise: 'An answer in the name of another issuer is refused before its code is used.',
    source,
  },
  {
    id: 'upstream-sign-in.document-first',
    promise: 'The gateway server is known by its own document where that is taken, and registers itself only elsewhere.',
    source,
  },
  {
    id: 'upstream-sign-in.union',
    promise: 'A new sign-in asks for what the server wanted beyond what there was.',
    source,
  },
  {
    id: 'upstream-sign-in.given-back',
    promise: 'Removing an identity gives its tokens back at its server.',
    source,
  },
  {
    id: 'upstream-sign-in.sealed',
    promise: 'Tokens of a sign-in stand in no database, record or error in the clear.',
    source,
  },
  {
    id: 'upstream-sign-in.link-once',
    promise: 'A link behind which the shared identity is obtained counts once.',
    source,
  },
  {
    id: 'upstream-sign-in.renewed-on-401',
    promise: 'A call that a server refused for its tokens is sent again with renewed ones, within the same session.',
    source,
  },
  {
    id: 'upstream-sign-in.in-host-sign-in',
    promise: 'In the sign-in of a host the person comes by the identities of their own that are missing.',
    source,
  },
  {
    id: 'upstream-sign-in.own-forms',
    promise: 'Identities are changed by a form of our page in the browser of their person, and by nothing else.',
    source,
  },
  {
    id: 'upstream-sign-in.pages',
    promise: 'A person connects to a server by keyboard and without scripts.',
    source,
  },
  {
    id: 'upstream-sign-in.by-document',
    promise:
      'At an authorization server that takes documents the gateway server signs in by its own, over TLS, and registers nothing.',
    source: 'docs/identities.md',
  },
];
