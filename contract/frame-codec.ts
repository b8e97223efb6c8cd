// Bytes <-> frames, as contract/frame.ts draws them. Every byte from a peer is hostile: what is off by anything throws FRAME_INVALID.
// Bodies are handed out as views into the packet: who keeps one for long, or many, copies it first (own()).
import { assertNever } from './assert.ts';
import { Fault, type ErrorCode } from './error.ts';
import { chunkBytes, frameBody, frameType, jsonLimitBytes, wordsLimit, type FrameBody, type JsonFrameName } from './frame.ts';

const lengthBytes = 4;
/** Length, type and channel. */
export const headerBytes = 9;
const afterLength = headerBytes - lengthBytes;

/** Where a type may stand (0: unknown, 1: channel 0, 2: any other channel) and how long its body is. Filled once: read for each frame. */
const place = new Uint8Array(256);
const shortest = new Uint32Array(256);
const longest = new Uint32Array(256);
for (const type of Object.values(frameType)) {
  const { place: where, range } = ruleOf(type);
  place[type] = where;
  [shortest[type], longest[type]] = range;
}

function ruleOf(type: (typeof frameType)[keyof typeof frameType]): { place: 1 | 2; range: [number, number] } {
  switch (type) {
    case frameType.hello:
    case frameType.challenge:
    case frameType.proof:
    case frameType.welcome:
    case frameType.refuse:
    case frameType.offer:
    case frameType.verdict:
    case frameType.calls:
    case frameType.report:
    case frameType.noted:
      return { place: 1, range: [2, jsonLimitBytes] };
    case frameType.ping:
    case frameType.pong:
      return { place: 1, range: [0, 0] };
    case frameType.open:
    case frameType.opened:
    case frameType.credit:
    case frameType.abort:
    case frameType.close:
      return { place: 2, range: [2, jsonLimitBytes] };
    case frameType.data:
      return { place: 2, range: [chunkBytes, chunkBytes] };
    case frameType.dataEnd:
      return { place: 2, range: [1, chunkBytes] };
    default:
      return assertNever(type);
  }
}

/** Receives the frames of a packet in order. */
export interface FrameReader {
  frame(type: number, channel: number, body: Buffer): void;
}

const empty = Buffer.alloc(0);

/** Reads a WebSocket message. Throws FRAME_INVALID at the first frame that is off; the frames before it were handed out. */
export function readFrames(packet: Buffer, reader: FrameReader): void {
  const end = packet.length;
  if (end === 0) throw invalid('an empty packet');
  let at = 0;
  while (at < end) {
    if (end - at < headerBytes) throw invalid('cut off in its header');
    const bodyLength = packet.readUInt32BE(at) - afterLength;
    // Indexing by a byte stays inside the tables.
    const type = packet[at + lengthBytes] ?? 0;
    const channel = packet.readUInt32BE(at + lengthBytes + 1);
    const where = place[type];
    if (where === 0) throw invalid(`unknown type ${type}`);
    if ((where === 1) !== (channel === 0)) throw invalid(`type ${type} on channel ${channel}`);
    if (bodyLength < (shortest[type] ?? 0) || bodyLength > (longest[type] ?? 0))
      throw invalid(`type ${type} with a wrong length`);
    const bodyAt = at + headerBytes;
    at = bodyAt + bodyLength;
    if (at > end) throw invalid('cut off in its body');
    reader.frame(type, channel, bodyLength === 0 ? empty : packet.subarray(bodyAt, at));
  }
}

/** Reads a packet that must hold exactly one frame of the given names on channel 0: a step of the handshake. */
export function readStep<N extends JsonFrameName>(
  packet: Buffer,
  names: readonly N[],
): { [K in N]: { name: K; body: FrameBody<K> } }[N] {
  const steps: { name: N; body: FrameBody<N> }[] = [];
  readFrames(packet, {
    frame(type, channel, body) {
      const name = names.find((candidate) => frameType[candidate] === type);
      if (name === undefined || channel !== 0 || steps.length > 0) throw invalid(`type ${type} out of order`);
      steps.push({ name, body: readBody(name, body) });
    },
  });
  // readFrames handed out at least one frame, or threw.
  return steps[0] as { [K in N]: { name: K; body: FrameBody<K> } }[N];
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Parses the JSON body of a frame. Unknown keys are kept. */
export function readBody<N extends JsonFrameName>(name: N, body: Buffer): FrameBody<N> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch (cause) {
    throw new Fault('FRAME_INVALID', { reason: `${name} is not JSON` }, { cause });
  }
  const parsed = frameBody[name].safeParse(value);
  if (!parsed.success) throw new Fault('FRAME_INVALID', { reason: `${name} has a wrong body` }, { cause: parsed.error });
  return parsed.data as FrameBody<N>;
}

/** Writes a frame's header; the body follows at `at + headerBytes`. */
export function writeHeader(packet: Buffer, at: number, type: number, channel: number, bodyLength: number): void {
  packet.writeUInt32BE(bodyLength + afterLength, at);
  packet[at + lengthBytes] = type;
  packet.writeUInt32BE(channel, at + lengthBytes + 1);
}

/** A whole frame with any body. */
export function frame(type: number, channel: number, body: Buffer = empty): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + body.length);
  writeHeader(bytes, 0, type, channel, body.length);
  body.copy(bytes, headerBytes);
  return bytes;
}

/** Of these there are the most, on tunnels that do nothing else. */
export const pingFrame = frame(frameType.ping, 0);
export const pongFrame = frame(frameType.pong, 0);

/** A whole frame with a JSON body. Throws FRAME_INVALID where it would be longer than a peer accepts. */
export function jsonFrame<N extends JsonFrameName>(name: N, channel: number, body: FrameBody<N>): Buffer {
  const bytes = Buffer.from(JSON.stringify(body));
  if (bytes.length > jsonLimitBytes) throw invalid(`${name} would be longer than ${jsonLimitBytes} bytes`);
  return frame(frameType[name], channel, bytes);
}

/** A fault as the wire carries it. */
export function toWire(fault: Fault): { code: ErrorCode; message: string } {
  return { code: fault.code, message: fault.message.slice(0, wordsLimit) };
}

/** A fault from the wire: the peer's code, and its words as it said them. */
export function fromWire(of: { code: ErrorCode; message?: string | undefined }): Fault {
  const fault = new Fault(of.code);
  if (of.message !== undefined) fault.message = of.message;
  return fault;
}

/** The bytes themselves, or a copy of them where they would keep a much larger packet in memory. */
export function own(bytes: Buffer): Buffer {
  return bytes.buffer.byteLength > 8 * bytes.length ? Buffer.from(bytes) : bytes;
}

export function invalid(reason: string): Fault {
  return new Fault('FRAME_INVALID', { reason });
}
