// What the product promises about the tunnel between a workstation and the gateway server.
import type { Requirement } from '../requirement.ts';

const section = 'ARCHITECTURE.md, The tunnel';
const protocol = 'docs/tunnel.md';

export const tunnel: readonly Requirement[] = [
  {
    id: 'tunnel.hostile-bytes',
    promise: 'Whatever bytes a peer sends, they are read as frames or refused; nothing else happens.',
    source: protocol,
  },
  {
    id: 'tunnel.whole-in-order',
    promise: 'Messages arrive whole and in order, whatever the interleaving and the credit.',
    source: section,
  },
  {
    id: 'tunnel.sent-as-it-was',
    promise: 'What was sent arrives as it was, however late its peer reads.',
    source: protocol,
  },
  { id: 'tunnel.fair', promise: 'A large message on one channel does not hold small ones on others back.', source: section },
  {
    id: 'tunnel.bounded-queues',
    promise: 'What waits to be sent has a bound per channel and per tunnel; above it BUSY is the answer.',
    source: section,
  },
  { id: 'tunnel.credit-enforced', promise: 'A peer that sends beyond its credit loses its tunnel.', source: protocol },
  {
    id: 'tunnel.message-limit',
    promise: 'A message over the limit is read away and reported with the limit; its channel lives on.',
    source: section,
  },
  {
    id: 'tunnel.message-whole',
    promise: 'A message in several chunks arrives whole, whatever else stands in their packet, and leaves that as it is.',
    source: section,
  },
  {
    id: 'tunnel.oversize-aborted',
    promise: 'An answer over the limit is given up, and its local server goes on.',
    source: section,
  },
  { id: 'tunnel.close-ends-child', promise: 'A local server ends with its channel.', source: section },
  {
    id: 'tunnel.lost-at-once',
    promise: 'A lost tunnel ends each of its channels at once, once, with TUNNEL_LOST.',
    source: section,
  },
  {
    id: 'tunnel.silence-noticed',
    promise: 'A tunnel on which nothing arrives any more is noticed by both ends and ended.',
    source: section,
  },
  {
    id: 'tunnel.one-ping-for-both',
    promise: 'On an idle tunnel one ping and its answer tell both ends that the other lives; who heard something does not ask.',
    source: protocol,
  },
  {
    id: 'tunnel.pong-alone',
    promise: 'A pong that comes alone is heard without a message being made of it, and nothing else is ever taken for one.',
    source: protocol,
  },
  {
    id: 'tunnel.one-write-a-turn',
    promise: 'Where many frames come, those of one turn of the event loop are one message on the tunnel.',
    source: protocol,
  },
  {
    id: 'tunnel.lone-frame-at-once',
    promise: 'Where frames come alone, each leaves at once instead of at the end of its turn.',
    source: protocol,
  },
  {
    id: 'tunnel.pings-spread',
    promise: 'Tunnels that came back in one storm are not pinged in one storm.',
    source: protocol,
  },
  {
    id: 'tunnel.tick-looks-at-what-is-due',
    promise:
      'A tick looks at the tunnels that are due and at no other, so that an idle tunnel costs its pings and nothing beside.',
    source: protocol,
  },
  {
    id: 'tunnel.one-look-for-all',
    promise: 'However many workstations come back at once, one look a tick finds the newest calls of all their users.',
    source: protocol,
  },
  { id: 'tunnel.no-replay', promise: 'A recorded handshake proves nothing when it is played again.', source: section },
  { id: 'tunnel.key-of-its-user', promise: 'A device key opens a tunnel for its own user only.', source: section },
  { id: 'tunnel.origin-bound', promise: 'A proof counts only for the gateway that the bridge dialed.', source: section },
  {
    id: 'tunnel.own-organization',
    promise: 'A bridge signs nothing for a gateway server of another organization.',
    source: protocol,
  },
  { id: 'tunnel.one-per-key', promise: 'The same key twice: the older tunnel is cut and both are on record.', source: section },
  {
    id: 'tunnel.handshakes-bounded',
    promise: 'Handshakes are bounded in number and time, so a storm crowds nobody out for long.',
    source: protocol,
  },
  {
    id: 'tunnel.silent-make-room',
    promise: 'Where the places for handshakes are taken, a connection that said nothing loses its own to who comes.',
    source: protocol,
  },
  {
    id: 'tunnel.unproven-hold-nothing',
    promise: 'However many peers say hello and never prove themselves, a bridge that does gets in at once.',
    source: protocol,
  },
  {
    id: 'tunnel.handshakes-in-turn',
    promise: 'Whose proof comes while enough of them are worked on waits in order instead of being sent away.',
    source: protocol,
  },
  {
    id: 'tunnel.storm-own-proof',
    promise: 'When many prove themselves at once, each is judged by their own signature.',
    source: protocol,
  },
  {
    id: 'tunnel.storm-thread-lost',
    promise: 'A proof is judged by its signature also where the thread that checks those of a storm ends.',
    source: protocol,
  },
  {
    id: 'tunnel.storm-thread-starts',
    promise: 'The first proofs of a storm do not wait until the thread that is started for it can answer.',
    source: protocol,
  },
  {
    id: 'tunnel.storm-thread-astray',
    promise: 'What the thread that checks signatures says of others than it was asked for counts for nobody.',
    source: protocol,
  },
  {
    id: 'tunnel.storm-no-thread',
    promise: 'A storm of proofs is judged, and nothing ends, where no thread is to be had for it.',
    source: protocol,
  },
  {
    id: 'tunnel.storm-shares',
    promise: 'When many tunnels come back at once, one commit puts all that were opened within a few milliseconds on record.',
    source: protocol,
  },
  {
    id: 'tunnel.patient',
    promise: 'A bridge gives up on a handshake of which a step takes too long, not on one whose steps each come in time.',
    source: protocol,
  },
  {
    id: 'tunnel.tls-resumed',
    promise: 'A bridge that comes back over TLS takes up the session of before.',
    source: protocol,
  },
  {
    id: 'tunnel.ticket-key-kept',
    promise: 'The key of TLS tickets survives a restart, lasts a week, and nobody but its owner can read it.',
    source: protocol,
  },
  {
    id: 'tunnel.certificate-replaced',
    promise:
      'A certificate that was renewed is shown within a minute, without a restart; one that can not be used never takes its place.',
    source: 'docs/gateway-cli.md, "serve"',
  },
  {
    id: 'tunnel.ticket-key-renewed',
    promise:
      'The key of TLS tickets is renewed after a week also while the gateway server runs on, and nobody is kept out by it.',
    source: protocol,
  },
  {
    id: 'tunnel.memory-given-back',
    promise: 'Memory that a storm of returning tunnels took goes back to the system when nothing is under way.',
    source: protocol,
  },
  { id: 'tunnel.opened-on-record', promise: 'A tunnel that can not be put on record is not opened.', source: protocol },
  {
    id: 'tunnel.revoked-cut',
    promise: 'A revoked workstation loses its tunnel and its local servers within 2 s.',
    source: 'SECURITY.md',
  },
  {
    id: 'tunnel.joined-reviewed',
    promise: 'What changed while a workstation shook hands is applied to its tunnel once that is up.',
    source: protocol,
  },
  { id: 'tunnel.denied-ends', promise: 'A local server that is denied while it runs is ended.', source: protocol },
  {
    id: 'tunnel.offers-answered',
    promise: 'What a device offers is stored and answered with what was decided on it.',
    source: protocol,
  },
  {
    id: 'tunnel.back-off',
    promise: 'A bridge dials again at random up to a cap that doubles from 0.5 s to 30 s.',
    source: section,
  },
  { id: 'tunnel.back-soon', promise: 'In the first minute after a working tunnel a bridge waits 2 s at most.', source: section },
  {
    id: 'tunnel.sleep-noticed',
    promise: 'After sleep or a clock jump the bridge drops its socket and dials at once.',
    source: section,
  },
  { id: 'tunnel.encrypted', promise: 'A tunnel is encrypted everywhere but on loopback.', source: protocol },
  {
    id: 'tunnel.certificate-checked',
    promise: "A gateway's certificate is checked; an authority can be added, and the check can't be switched off.",
    source: protocol,
  },
  {
    id: 'tunnel.hostile-gateway',
    promise: 'A hostile gateway server makes no command run that the device does not sanction.',
    source: 'ARCHITECTURE.md, Where commands come from',
  },
  {
    id: 'tunnel.offers-known',
    promise:
      'A bridge tells nothing of its local servers before it knows them: until then what it offered before stays on record.',
    source: 'docs/tunnel.md',
  },
  {
    id: 'tunnel.report-once',
    promise: 'What a workstation reports is on record once, however often it is told.',
    source: 'contract/report.ts',
  },
  {
    id: 'tunnel.report-kept',
    promise: 'A report that is not on record is not noted, so it is told again.',
    source: 'docs/tunnel.md',
  },
  {
    id: 'tunnel.older-bridge',
    promise: 'A bridge of version 1 is served, and is sent nothing that it does not know.',
    source: 'docs/tunnel.md',
  },
  {
    id: 'tunnel.older-gateway',
    promise: 'A gateway server of version 1 is dialed, and is sent nothing that it does not know.',
    source: 'docs/tunnel.md',
  },
  {
    id: 'tunnel.posture-told',
    promise:
      'A bridge tells its gateway the short of its posture at connect and when it changes, and the gateway keeps the newest.',
    source: 'docs/posture.md, What the gateway server is told',
  },
];
