// The first frames of a tunnel, as the gateway speaks them: hello -> challenge -> proof. One packet a step, all within a deadline.
// The nonce is 32 random bytes made for this connection and forgotten with it, so a recorded handshake proves nothing anywhere.
import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import { Fault } from '#contract/error.ts';
import { frameType, tunnelVersions } from '#contract/frame.ts';
import { frame, jsonFrame, readStep, toWire } from '#contract/frame-codec.ts';
import type { OrganizationId, WorkstationId } from '#contract/id.ts';
import type { Packets } from '#contract/packet.ts';
import type { Claim, Member, Proof } from '../workstation/proof.ts';
import { hungUp, type Asked, type Guest } from './guest.ts';

export interface Handshake {
  readonly member: Member;
  /** The store's revision that the member is known for. */
  readonly asOf: number;
  readonly version: number;
  readonly product: string;
}
/** `gone`: the peer hung up first, so there is nobody to refuse. `reason` is for the record. */
export type Outcome =
  | { readonly kind: 'proven'; readonly hands: Handshake }
  | { readonly kind: 'refused'; readonly fault: Fault; readonly reason: string; readonly workstation: WorkstationId | null }
  | { readonly kind: 'gone' };

/** Answers a hello with a challenge. Throws FRAME_INVALID or TUNNEL_VERSION. */
export function challenge(guest: Guest, hello: Buffer, organization: OrganizationId, packets: Packets): Asked {
  const { versions, product, workstation, user } = readStep(hello, ['hello']).body;
  const version = newestCommon(versions);
  if (version === undefined) throw new Fault('TUNNEL_VERSION', { here: tunnelVersions.join(', '), there: versions.join(', ') });
  const nonce = randomBytes(32).toString('base64url');
  packets.sendFrames(guest.line, jsonFrame('challenge', 0, { version, nonce, organization }));
  return { version, nonce, workstation, user, product };
}

/** What the answer to the challenge is worth. Rejects only where something of ours failed. */
export async function shakeHands(guest: Guest, prove: (claim: Claim) => Promise<Proof>): Promise<Outcome> {
  try {
    const { asked, proof: packet } = guest.begin();
    const { version, nonce, workstation, user, product } = asked;
    const { signature } = readStep(packet, ['proof']).body;
    const proof = await guest.during(prove({ version, nonce, workstation, user, signature }));
    if (proof.kind === 'refused') return proof;
    return { kind: 'proven', hands: { member: proof.member, asOf: proof.asOf, version, product } };
  } catch (error) {
    if (error === hungUp) return { kind: 'gone' };
    if (error instanceof Fault) return { kind: 'refused', fault: error, reason: error.message, workstation: null };
    throw error;
  } finally {
    guest.stop();
  }
}

/** Says why, then closes; a peer that does not answer the close is cut. */
export function refuse(socket: WebSocket, fault: Fault, code: number): void {
  if (socket.readyState !== socket.OPEN) return socket.terminate();
  socket.send(frame(frameType.refuse, 0, Buffer.from(JSON.stringify(toWire(fault)))));
  socket.close(code, fault.code);
  const cut = setTimeout(() => socket.terminate(), 1000);
  socket.once('close', () => clearTimeout(cut));
}

function newestCommon(theirs: readonly number[]): number | undefined {
  return tunnelVersions.toSorted((a, b) => b - a).find((version) => theirs.includes(version));
}
