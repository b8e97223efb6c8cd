// What is promised of hosts that sign in by themselves.
import type { Requirement } from '../requirement.ts';

export const signIn: readonly Requirement[] = [
  {
    id: 'sign-in.challenge',
    promise: 'A 401 of each MCP address names the metadata of exactly that address, and the scope.',
    source: 'RFC 9728, section 5.1; MCP 2026-07-28, basic/authorization',
  },
  {
    id: 'sign-in.stock-host',
    promise: 'A stock host that holds nothing but a URL signs in by itself and calls tools.',
    source: 'docs/sign-in.md',
  },
  {
    id: 'sign-in.consent-first',
    promise: 'Nobody is sent back to a client with a code before the person consented to that client, gateway and place.',
    source: 'docs/sign-in.md, Consent',
  },
  {
    id: 'sign-in.consent-proof',
    promise: 'Consent counts only where it was given on our own page.',
    source: 'docs/sign-in.md, Consent',
  },
  {
    id: 'sign-in.consent-remembered',
    promise: 'A second sign-in of the same client at the same gateway asks nothing, until the connection is revoked.',
    source: 'docs/sign-in.md, Consent',
  },
  {
    id: 'sign-in.one-host',
    promise:
      'A host that registers itself for each of its entries is asked about once: the next entry is let in without a question while the person stays signed in.',
    source: 'docs/sign-in.md, Consent',
  },
  {
    id: 'sign-in.one-host-only',
    promise:
      'Another name, place, person, gateway or sign-in is asked about, and the consent to a host that somebody vouches for is lent to none.',
    source: 'docs/sign-in.md, Consent',
  },
  {
    id: 'sign-in.one-host-here',
    promise: 'A consent is lent only to a program of the device that the person sits at, and where no other site led them to it.',
    source: 'docs/sign-in.md, Consent',
  },
  {
    id: 'sign-in.signed-out',
    promise: 'Who signs out on their page is signed out of that browser for hosts too.',
    source: 'docs/sign-in.md, Identity providers',
  },
  {
    id: 'sign-in.flood-network',
    promise: 'What one address may begin in a minute, all addresses of one IPv6 network of 64 bits may begin together.',
    source: 'docs/sign-in.md, Tokens',
  },
  {
    id: 'sign-in.address-as-written',
    promise: "An address that is nobody's until its letters are brought to another script signs nobody in.",
    source: 'docs/sign-in.md, Identity providers',
  },
  {
    id: 'sign-in.groups-end',
    promise: 'Teams that an identity provider gave end with the next sign-in after it may give none any more.',
    source: 'docs/sign-in.md, People of an identity provider',
  },
  {
    id: 'sign-in.guesses',
    promise: 'One address may try the emergency account twenty times a minute, whatever it tries.',
    source: 'docs/sign-in.md, The emergency account',
  },
  {
    id: 'sign-in.pages',
    promise: 'A person signs in and consents by keyboard alone in a browser that runs no script, and lands at the host.',
    source: 'docs/sign-in.md, Consent',
  },
  {
    id: 'sign-in.no-error-redirect',
    promise: 'A request that is wrong sends nobody to where it says.',
    source: 'RFC 9700, section 4.11.2',
  },
  {
    id: 'sign-in.redirect-exact',
    promise: 'A redirect that almost matches is refused; of loopback the port is free.',
    source: 'RFC 8252, section 7.3; MCP 2026-07-28, basic/authorization',
  },
  {
    id: 'sign-in.resource-ours',
    promise: 'A sign-in is for one MCP address of this gateway, and for nothing else.',
    source: 'RFC 8707; MCP 2026-07-28, basic/authorization',
  },
  {
    id: 'sign-in.replay-ends-family',
    promise: 'A spent refresh token that comes back ends every token of its sign-in.',
    source: 'docs/sign-in.md, Tokens',
  },
  {
    id: 'sign-in.spent-once',
    promise: 'A refresh token is spent for one of all who come with it at the same moment.',
    source: 'docs/sign-in.md, Tokens',
  },
  {
    id: 'sign-in.state-once',
    promise: 'An answer of the identity provider counts once, in the browser that was sent away for it.',
    source: 'docs/sign-in.md, Identity providers',
  },
  {
    id: 'sign-in.verified-email',
    promise: 'Only an e-mail address that the identity provider verified says who somebody is.',
    source: 'docs/sign-in.md, Identity providers',
  },
  {
    id: 'sign-in.account',
    promise:
      'A user comes by one account at the identity provider: an address that another account there has now makes nobody that user.',
    source: 'docs/sign-in.md, Identity providers',
  },
  {
    id: 'sign-in.account-refused',
    promise:
      'Who comes with the address of a user by another account is refused by name, on record, until an administrator lets them.',
    source: 'docs/sign-in.md, Identity providers',
  },
  {
    id: 'sign-in.domain',
    promise: 'An identity provider is believed about the people of its own domains only.',
    source: 'docs/sign-in.md, Identity providers',
  },
  {
    id: 'sign-in.egress',
    promise: 'An identity provider is asked by the way out that the file names, and by no other.',
    source: 'docs/sign-in.md, Identity providers',
  },
  {
    id: 'sign-in.secret-file',
    promise: 'The secret of an identity provider is taken only from a file that nobody but its owner can read.',
    source: 'docs/sign-in.md, Turn it on',
  },
  {
    id: 'sign-in.hashed',
    promise: 'No token, code or session lies in the database: only its SHA-256.',
    source: 'SECURITY.md, Secrets',
  },
  {
    id: 'sign-in.recorded',
    promise: 'Each sign-in, consent, token that is issued, renewed or ended is on record, before it happens.',
    source: 'docs/sign-in.md, Records',
  },
  {
    id: 'sign-in.emergency',
    promise:
      'With the identity provider gone, the emergency account lets its person in with a password and a code, and nobody without both.',
    source: 'docs/sign-in.md, The emergency account',
  },
  {
    id: 'sign-in.emergency-bounded',
    promise:
      'After five attempts at the emergency account an address is locked out for a quarter of an hour, however many come at once.',
    source: 'docs/sign-in.md, The emergency account',
  },
  {
    id: 'sign-in.emergency-open',
    promise: 'Whoever guesses at the emergency account keeps nobody out who comes from elsewhere with password and code.',
    source: 'docs/sign-in.md, The emergency account',
  },
  {
    id: 'sign-in.code-once',
    promise: 'A code of the emergency account counts once.',
    source: 'docs/sign-in.md, The emergency account',
  },
  {
    id: 'sign-in.document-in-place',
    promise: "A client's document is fetched from public addresses only, and is not followed to anywhere else.",
    source: 'docs/sign-in.md, Hosts',
  },
  {
    id: 'sign-in.only-listed',
    promise:
      'Where neither documents nor registration are allowed, only hosts that the administrator listed can ask for a sign-in.',
    source: 'docs/sign-in.md, Hosts',
  },
  {
    id: 'sign-in.document-guarded',
    promise: "A client's document counts only where it stands at the very address that is the client's id.",
    source: 'docs/sign-in.md, Hosts',
  },
  {
    id: 'sign-in.device',
    promise: 'A terminal without a browser signs in by a code that its person types in at another device.',
    source: 'RFC 8628; docs/sign-in.md, Devices without a browser',
  },
  {
    id: 'sign-in.device-asks',
    promise: 'Each device that shows a code is asked for anew, whatever its client was allowed before.',
    source: 'RFC 8628, section 5.4; docs/sign-in.md, Devices without a browser',
  },
  {
    id: 'sign-in.device-slow',
    promise: 'A device that asks sooner than it was told learns nothing.',
    source: 'RFC 8628, section 3.5',
  },
  {
    id: 'sign-in.device-guess',
    promise: 'The codes that devices show can not be guessed at one after the other.',
    source: 'RFC 8628, section 5.1; docs/sign-in.md, Devices without a browser',
  },
  {
    id: 'sign-in.client-secret',
    promise: 'A confidential client gets tokens only with its secret, of which nothing but the hash is kept.',
    source: 'docs/sign-in.md, Hosts',
  },
  {
    id: 'sign-in.client-unproven',
    promise: 'Who comes as a client and does not prove it is on record, without what they sent for a proof.',
    source: 'docs/sign-in.md, Records',
  },
  {
    id: 'sign-in.token-flood',
    promise: 'How often one address may ask for tokens or give them up is bounded; beyond it is told when to come again.',
    source: 'docs/sign-in.md, Tokens',
  },
  {
    id: 'sign-in.client-key',
    promise: 'A client with a key gets tokens only with what it signed by it, for this gateway, once.',
    source: 'RFC 7523; docs/sign-in.md, Hosts',
  },
  {
    id: 'sign-in.service-account',
    promise: 'A service account signs in by itself, and what it does is on record as its own.',
    source: 'RFC 6749, section 4.4; docs/sign-in.md, Service accounts',
  },
  {
    id: 'sign-in.service-reach',
    promise: 'A service account gets tokens only for gateways that its teams grant.',
    source: 'docs/sign-in.md, Service accounts',
  },
  {
    id: 'sign-in.service-ends',
    promise: 'The tokens of a service account end when its connection is revoked.',
    source: 'docs/sign-in.md, Service accounts',
  },
  {
    id: 'host.uses',
    promise: 'Of each host it is kept who used it at which gateway, with the first and the last time.',
    source: 'docs/gateway-cli.md, host',
  },
  {
    id: 'host.block',
    promise: 'A host that an administrator blocked is refused from its next request on, in an open session too.',
    source: 'docs/sign-in.md, Which hosts are let in',
  },
  {
    id: 'host.allow-list',
    promise: 'Where only hosts of the list are let in, another is refused by its identity, whatever it calls itself.',
    source: 'docs/sign-in.md, Which hosts are let in',
  },
  {
    id: 'token.agent',
    promise: 'An agent calls as each of its people with a token of theirs, and is blocked as one host.',
    source: 'docs/gateway-cli.md, token',
  },
  {
    id: 'sign-in.step-up',
    promise: 'A stock host that is refused a tool for want of consent asks its person for it, and goes on.',
    source: 'MCP 2026-07-28, basic/authorization; docs/sign-in.md, Step-up',
  },
  {
    id: 'sign-in.step-up-needed',
    promise: 'A tool that needs a consent of its own is called for nobody who has none.',
    source: 'docs/sign-in.md, Step-up',
  },
  {
    id: 'sign-in.step-up-shown',
    promise:
      'Consent to tools that need one of their own is to those that the page showed; one that is marked later is asked for.',
    source: 'docs/sign-in.md, Step-up',
  },
  {
    id: 'sign-in.step-up-asks',
    promise: 'The consent to tools that need one of their own is asked for at each sign-in that wants it.',
    source: 'docs/sign-in.md, Step-up',
  },
  {
    id: 'sign-in.creates',
    promise: 'Where an identity provider may make users, a first sign-in does, for people of its domains only.',
    source: 'docs/sign-in.md, People of an identity provider',
  },
  {
    id: 'sign-in.groups',
    promise: 'A team that a group at the identity provider gives is gone at the next sign-in without that group.',
    source: 'docs/sign-in.md, People of an identity provider',
  },
  {
    id: 'sign-in.made-stay',
    promise: 'Applying a policy file removes nobody whom a sign-in made, unless it names them.',
    source: 'docs/sign-in.md, People of an identity provider',
  },
  {
    id: 'sign-in.fresh',
    promise: 'Hosts of a person who did not come back to the identity provider in the stated time get no token renewed.',
    source: 'docs/sign-in.md, People of an identity provider',
  },
];
