// What is promised of servers elsewhere: where the gateway may connect, what it sends there and as whom, and what becomes of a call.
import type { Requirement } from '../requirement.ts';

const security = 'SECURITY.md';
const walk = 'ARCHITECTURE.md, remote servers';
const egress = 'docs/egress.md';
const data = 'docs/data.md, identities';

export const remote: readonly Requirement[] = [
  {
    id: 'egress.private-refused',
    promise:
      'An address that is private is connected to only where the policy lists it; link-local and metadata addresses never.',
    source: security,
  },
  {
    id: 'egress.looked-up-once',
    promise: 'A name is resolved once, and the connection goes to an address that was judged.',
    source: security,
  },
  {
    id: 'egress.certificate-checked',
    promise: 'A server elsewhere has to show a certificate for the name in its URL.',
    source: security,
  },
  { id: 'egress.redirect-judged', promise: 'Each hop of a redirect is judged like the first address.', source: security },
  {
    id: 'egress.credential-at-home',
    promise: 'A credential is sent to the origin it is for, and to no other.',
    source: security,
  },
  {
    id: 'egress.source-address',
    promise: 'A server whose policy names a source address is called from it.',
    source: egress,
  },
  {
    id: 'egress.no-other-way',
    promise: 'A server whose policy names a way that is not there is not called.',
    source: egress,
  },
  {
    id: 'egress.proxy-pinned',
    promise: 'A proxy is told the address that was judged, unless its way says that it resolves by itself.',
    source: egress,
  },
  {
    id: 'egress.proxy-judged',
    promise: 'What the gateway may not connect to is asked of no proxy.',
    source: egress,
  },
  {
    id: 'egress.proxy-encrypted',
    promise: 'What is not encrypted goes through no proxy on another machine.',
    source: egress,
  },
  {
    id: 'egress.signed-as-sent',
    promise: 'The signature of a request covers its method, its address, the bytes of its body and its credential.',
    source: egress,
  },
  { id: 'egress.signature-at-home', promise: 'A signature is made for the origin of the server alone.', source: egress },
  { id: 'egress.unsigned-not-sent', promise: 'What has to be signed is not sent without.', source: egress },
  {
    id: 'egress.key-announced',
    promise: 'A new key is published before it signs, and the one before it while it still may be met.',
    source: egress,
  },
  {
    id: 'egress.published',
    promise: 'The addresses and keys at /.well-known/egress.json are those that servers observe.',
    source: egress,
  },
  { id: 'egress.body-at-home', promise: 'What a request carries is not sent on to another origin.', source: security },
  { id: 'egress.bounded', promise: 'An answer is read up to its limit and no further.', source: security },
  { id: 'remote.event-stream-bounded', promise: 'An event of a stream is kept up to the limit and no further.', source: walk },
  {
    id: 'remote.sent-once',
    promise: 'A call is sent to a remote server once, whatever becomes of the connection.',
    source: walk,
  },
  {
    id: 'remote.own-identity',
    promise: 'A remote server sees the identity of the person who calls, and of nobody else.',
    source: walk,
  },
  { id: 'remote.no-fallback', promise: 'A call without the identity that its assignment wants is not sent.', source: walk },
  {
    id: 'remote.named-on-record',
    promise: 'The record names the identity that a call bore.',
    source: 'ARCHITECTURE.md, records',
  },
  {
    id: 'remote.beside-the-answer',
    promise: 'What a remote server says on the stream of a call reaches the host of that call.',
    source: walk,
  },
  {
    id: 'remote.params-mirrored',
    promise: 'A modern server gets the parameters in headers that its tool wants there, as they stand in the body.',
    source: walk,
  },
  {
    id: 'remote.news-followed',
    promise: 'What a legacy server says on its GET stream reaches the conversation that it is for.',
    source: walk,
  },
  {
    id: 'remote.stream-goes-on',
    promise: 'An answer whose stream broke off is asked for again, without sending the call again.',
    source: walk,
  },
  {
    id: 'remote.oldest-found-out',
    promise: 'A remote server that only knows the transport of 2024-11-05 is found out, and called over that.',
    source: walk,
  },
  {
    id: 'remote.endpoint-at-home',
    promise: 'A server of that transport gets what is posted at an address of its own origin, and at no other.',
    source: walk,
  },
  {
    id: 'remote.endless',
    promise: 'A server that never ends what it sends ends its own call, at its limit or in its time.',
    source: 'docs/attacks.md',
  },
  {
    id: 'remote.listened-renewed',
    promise: 'Who listens to a server hears on after its tokens were refused there, also where nobody calls it.',
    source: 'docs/identities.md',
  },
  { id: 'remote.era-found-out', promise: 'A remote server of either era is called as it wants it.', source: walk },
  {
    id: 'vault.sealed-whole',
    promise: 'What is sealed opens whole, under its own key and for what it is about, or not at all.',
    source: data,
  },
  {
    id: 'vault.bound',
    promise: 'A sealed value opens only for the row, server, user, gateway and origin it was sealed for.',
    source: data,
  },
  {
    id: 'vault.rotated',
    promise: 'After the key was rotated the old one opens nothing, and every identity still works.',
    source: data,
  },
  { id: 'vault.removed-stays', promise: 'An identity that was removed does not come back with an older backup.', source: data },
  {
    id: 'vault.other-origin',
    promise: 'A value that was set for one origin is not sent to another one of the same server.',
    source: data,
  },
  {
    id: 'vault.not-echoed',
    promise: 'A token that is typed at a terminal is not echoed.',
    source: 'docs/gateway-cli.md, identity',
  },
  { id: 'vault.no-value-shown', promise: 'No command, log, record or database shows the value of an identity.', source: data },
  {
    id: 'remote.item-header',
    promise: 'A remote server gets its own name of the item in Mcp-Name, as in the body.',
    source: 'MCP 2026-07-28, basic/transports/streamable-http',
  },
  {
    id: 'remote.asked-again',
    promise: 'A remote server that refuses a revision and says that it serves it is asked once more.',
    source: 'MCP 2026-07-28, basic/versioning',
  },
];
