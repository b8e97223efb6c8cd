// A workstation's end of a tunnel in as few steps as the protocol allows: what is measured is the gateway server, and ten thousand bridges would need as much of
// the machine as it does. It proves its key, answers pings and dials again as the bridge does, with the bridge's own pauses; it carries no channel.
import { connect, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { frameType, handshakeWithinMs, proofText, tunnelPath, tunnelSubprotocol, tunnelVersions } from '#contract/frame.ts';
import { frame, jsonFrame, readFrames, readStep } from '#contract/frame-codec.ts';
import { createBackOff } from '../../../bridge/tunnel/backoff.ts';
import type { Device } from '../../../bridge/tunnel/handshake.ts';
import { createSecure } from '../../../bridge/tunnel/secure.ts';
import { MessageReader, ownMessage } from './web-socket.ts';

export interface LightTunnel {
  close(): void;
}

const pong = ownMessage(frame(frameType.pong, 0));

/** `onUp`: whether it is welcome now; called when that changes. */
export function keepLightTunnel(deps: {
  readonly origin: string;
  readonly device: Device;
  readonly product: string;
  readonly onUp: (isUp: boolean) => void;
}): LightTunnel {
  const { device } = deps;
  const { workstation, user } = device;
  const { origin, protocol, host, hostname, port } = new URL(deps.origin);
  const secure = createSecure(undefined);
  const backOff = createBackOff(Math.random);
  const key = 'ZHJhd2JyaWRnZS1iZW5jaA==';
  const upgrade = [
    `GET ${tunnelPath} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Protocol: ${tunnelSubprotocol}`,
    '\r\n',
  ].join('\r\n');
  let socket: Socket | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;

  function dial(): void {
    const to = { host: hostname, port: Number(port), noDelay: true };
    const current = protocol === 'https:' ? connectSecure({ ...to, ...secure.options() }) : connect(to);
    secure.learn(current);
    socket = current;
    let upSince: number | undefined;
    let version: number | undefined;
    const reader = new MessageReader(key, (message) => {
      if (upSince !== undefined) return readFrames(message, { frame: answered });
      if (version === undefined) return prove(message);
      readStep(message, ['welcome']);
      current.setTimeout(0);
      upSince = Date.now();
      deps.onUp(true);
    });
    const answered = (type: number): void => {
      if (type === frameType.ping) current.write(pong);
    };
    const prove = (message: Buffer): void => {
      const step = readStep(message, ['challenge']).body;
      version = step.version;
      if (step.organization !== device.organization) throw new Error('this is another organization');
      const text = proofText({ version, nonce: step.nonce, origin, workstation, user });
      current.write(ownMessage(jsonFrame('proof', 0, { signature: device.sign(text) })));
    };
    current.setTimeout(handshakeWithinMs, () => current.destroy());
    const hello = { versions: [...tunnelVersions], product: deps.product, workstation, user };
    current.write(upgrade);
    reader.onUpgraded = () => current.write(ownMessage(jsonFrame('hello', 0, hello)));
    current.on('data', (bytes: Buffer) => {
      try {
        reader.read(bytes);
      } catch {
        current.destroy();
      }
    });
    current.on('error', () => undefined);
    current.on('end', () => current.destroy());
    current.on('close', () => {
      const nowMs = Date.now();
      if (upSince !== undefined) {
        backOff.worked(upSince, nowMs);
        deps.onUp(false);
      }
      if (!isClosed) retry = setTimeout(dial, backOff.next(nowMs));
    });
  }

  dial();
  return {
    close() {
      isClosed = true;
      clearTimeout(retry);
      socket?.destroy();
    },
  };
}
