// The first frames of a tunnel, as the bridge speaks them: hello, then the proof over the gateway's challenge, then its welcome or refusal.
// The signature names the gateway that was dialed, so a gateway that passes it on to another proves nothing there.
import type { WebSocket } from 'ws';
import { Fault } from '#contract/error.ts';
import { proofText, tunnelVersions, type FrameBody } from '#contract/frame.ts';
import { fromWire, invalid, jsonFrame, readStep } from '#contract/frame-codec.ts';
import type { OrganizationId, UserId, WorkstationId } from '#contract/id.ts';

/** The device as the tunnel needs it (bridge/device). */
export interface Device {
  readonly workstation: WorkstationId;
  readonly user: UserId;
  readonly organization: OrganizationId;
  /** ES256, IEEE P1363 form, base64url. */
  sign(text: string): string;
}

/** Says hello on a socket that just opened and calls `onWelcome` in the same turn as the welcome arrives, so that no frame after it is missed. */
export function shakeHands(
  socket: WebSocket,
  deps: {
    readonly device: Device;
    /** The gateway's origin as it was dialed. */
    readonly origin: string;
    readonly product: string;
    readonly onWelcome: (welcome: FrameBody<'welcome'>, version: number) => void;
    readonly onRefused: (fault: Fault) => void;
  },
): void {
  const { device } = deps;
  const { workstation, user } = device;
  const hello = { versions: [...tunnelVersions], product: deps.product, workstation, user };
  /** Once the gateway has chosen one. */
  let chosen: number | undefined;

  function onMessage(data: unknown, isBinary: boolean): void {
    try {
      if (!isBinary || !(data instanceof Buffer)) throw invalid('text');
      if (chosen === undefined) answerChallenge(data);
      else finish(data, chosen);
    } catch (error) {
      socket.off('message', onMessage);
      deps.onRefused(error instanceof Fault ? error : new Fault('FRAME_INVALID', { reason: 'its handshake' }, { cause: error }));
    }
  }

  function answerChallenge(packet: Buffer): void {
    const step = readStep(packet, ['challenge', 'refuse']);
    if (step.name === 'refuse') throw fromWire(step.body);
    const { version, nonce, organization } = step.body;
    chosen = version;
    if (!tunnelVersions.some((known) => known === version))
      throw new Fault('TUNNEL_VERSION', { here: tunnelVersions.join(', '), there: version });
    // The address leads to somebody else's gateway server: nothing is signed for it.
    if (organization !== device.organization) throw new Fault('PROOF_INVALID');
    const text = proofText({ version, nonce, origin: deps.origin, workstation, user });
    socket.send(jsonFrame('proof', 0, { signature: device.sign(text) }));
  }

  function finish(packet: Buffer, version: number): void {
    const step = readStep(packet, ['welcome', 'refuse']);
    if (step.name === 'refuse') throw fromWire(step.body);
    socket.off('message', onMessage);
    deps.onWelcome(step.body, version);
  }

  socket.on('message', onMessage);
  socket.send(jsonFrame('hello', 0, hello));
}
