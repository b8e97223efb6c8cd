// A bridge by hand, one frame at a time: what an honest one says, and whatever a test puts in its place.
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { proofText, tunnelSubprotocol, type FrameBody } from '#contract/frame.ts';
import { jsonFrame, readFrames, readStep } from '#contract/frame-codec.ts';
import type { UserId, WorkstationId } from '#contract/id.ts';

export interface RawBridge {
  readonly socket: WebSocket;
  /** Packets that were received and not taken yet. */
  next(): Promise<Buffer>;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
}

export interface Party {
  readonly workstation: WorkstationId;
  readonly user: UserId;
  sign(text: string): string;
}

export async function openRaw(port: number): Promise<RawBridge> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/tunnel`, tunnelSubprotocol, { perMessageDeflate: false });
  onTestFinished(() => socket.terminate());
  const packets: Buffer[] = [];
  let waiting: ((packet: Buffer) => void) | undefined;
  socket.on('message', (data: unknown) => {
    if (!(data instanceof Buffer)) return;
    if (waiting === undefined) packets.push(data);
    else waiting(data);
    waiting = undefined;
  });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close').then(([code]) => Number(code));
  await once(socket, 'open');
  return {
    socket,
    closed,
    next() {
      const packet = packets.shift();
      return packet === undefined ? new Promise((resolve) => (waiting = resolve)) : Promise.resolve(packet);
    },
  };
}

export const helloOf = (party: Pick<Party, 'workstation' | 'user'>, versions = [1]): Buffer =>
  jsonFrame('hello', 0, { versions, product: 'raw', workstation: party.workstation, user: party.user });

export async function challenge(bridge: RawBridge, hello: Buffer): Promise<FrameBody<'challenge'>> {
  bridge.socket.send(hello);
  return readStep(await bridge.next(), ['challenge']).body;
}

export function proofOf(party: Party, origin: string, { version, nonce }: FrameBody<'challenge'>): Buffer {
  const text = proofText({ version, nonce, origin, workstation: party.workstation, user: party.user });
  return jsonFrame('proof', 0, { signature: party.sign(text) });
}

/** Says hello and the proof; resolves with what the gateway answers. */
export async function shake(bridge: RawBridge, party: Party, origin: string) {
  const asked = await challenge(bridge, helloOf(party));
  bridge.socket.send(proofOf(party, origin, asked));
  return readStep(await bridge.next(), ['welcome', 'refuse']);
}

export const typesIn = (packet: Buffer): number[] => {
  const types: number[] = [];
  readFrames(packet, { frame: (type) => void types.push(type) });
  return types;
};
