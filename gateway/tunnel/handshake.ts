// The first frames of a tunnel, as the gateway speaks them: hello -> challenge -> proof. One packet a step, all within a deadline.
// The nonce is 32 random bytes made for this connection and forgotten with it, so a recorded handshake proves nothing anywhere.
import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import { Fault } from '#contract/error.ts';
import { frameType, tunnelVersions } from '#contract/frame.ts';
import { frame, invalid, jsonFrame, readStep, toWire } from '#contract/frame-codec.ts';
import type { OrganizationId, WorkstationId } from '#contract/id.ts';
import type { Claim, Member, Proof } from '../workstation/proof.ts';

export interface Handshake {
  readonly member: Member;
  readonly version: number;
  readonly product: string;
}

/** Why a handshake was refused, for the record. */
export class Refusal extends Error {
  readonly fault: Fault;
  readonly reason: string;
  readonly workstation: WorkstationId | null;

  constructor(fault: Fault, reason: string, workstation: WorkstationId | null = null) {
    super(reason);
    this.fault = fault;
    this.reason = reason;
    this.workstation = workstation;
  }
}

/** Rejects with a Refusal, or with GoneAway where the peer hung up first. */
export async function shakeHands(
  socket: WebSocket,
  deps: {
    readonly organization: OrganizationId;
    readonly prove: (claim: Claim) => Promise<Proof>;
    readonly withinMs: number;
  },
): Promise<Handshake> {
  const steps = listen(socket, deps.withinMs);
  try {
    const hello = readStep(await steps.next(), ['hello']).body;
    const version = newestCommon(hello.versions);
    if (version === undefined) {
      const fault = new Fault('TUNNEL_VERSION', { here: tunnelVersions.join(', '), there: hello.versions.join(', ') });
      throw new Refusal(fault, 'no common version');
    }
    const nonce = randomBytes(32).toString('base64url');
    socket.send(jsonFrame('challenge', 0, { version, nonce, organization: deps.organization }));
    const { signature } = readStep(await steps.next(), ['proof']).body;
    const { workstation, user, product } = hello;
    const proof = await Promise.race([deps.prove({ version, nonce, workstation, user, signature }), steps.failed]);
    if (proof.kind === 'refused') throw new Refusal(proof.fault, proof.reason, proof.workstation);
    return { member: proof.member, version, product };
  } catch (error) {
    if (error instanceof Fault) throw new Refusal(error, error.message);
    throw error;
  } finally {
    steps.stop();
  }
}

/** The peer hung up in the middle: there is nobody to refuse. */
export class GoneAway extends Error {}

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

/** Packets one by one: one that nobody asked for yet waits, two are a breach. */
function listen(socket: WebSocket, withinMs: number) {
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  let early: Buffer | undefined;
  let waiting: ((packet: Buffer) => void) | undefined;

  const onMessage = (data: unknown, isBinary: boolean): void => {
    if (!isBinary || !(data instanceof Buffer)) return failure.reject(invalid('text'));
    if (waiting !== undefined) {
      const take = waiting;
      waiting = undefined;
      take(data);
    } else if (early === undefined) early = data;
    else failure.reject(invalid('frames before the handshake ended'));
  };
  const onClose = (): void => failure.reject(new GoneAway());
  const deadline = setTimeout(() => failure.reject(invalid(`no handshake within ${withinMs} ms`)), withinMs);
  socket.on('message', onMessage);
  socket.on('close', onClose);

  return {
    failed: failure.promise,
    next(): Promise<Buffer> {
      const packet = early;
      early = undefined;
      if (packet !== undefined) return Promise.resolve(packet);
      return Promise.race([new Promise<Buffer>((resolve) => (waiting = resolve)), failure.promise]);
    },
    stop(): void {
      clearTimeout(deadline);
      socket.off('message', onMessage);
      socket.off('close', onClose);
    },
  };
}
