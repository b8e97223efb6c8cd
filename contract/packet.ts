// Packets as whole binary WebSocket messages (RFC 6455, 5.2), laid out by us instead of by ws: head and payload are one buffer and one write, and what is longer
// than a page lies in memory that is used again. New memory for 64 KB, which is cold and has to be collected, costs seven times what copying into warm memory does.
// The rule: memory is used again only when its socket said that it has taken all of it; after an error it is left to the collector.
import { packetTargetBytes } from './frame.ts';

/** A WebSocket and the stream that it stands on. Without compression ws keeps nothing back, so what is written to either arrives in that order. */
export interface Line {
  readonly socket: {
    readonly readyState: number;
    readonly OPEN: number;
    send(payload: Buffer, onWritten?: (error?: Error) => void): void;
  };
  readonly stream: { write(bytes: Buffer, onWritten?: (error?: Error | null) => void): unknown };
}

/** What a client does to all that it sends (RFC 6455, 5.3), and a server to nothing. */
export interface Masking {
  /** Four bytes that nobody can foresee. They count until the next call. */
  newKey(): Buffer;
  /** In place. */
  apply(payload: Buffer, key: Buffer): void;
}

/** FIN and the opcode of a binary message. */
const whole = 0x82;
const masked = 0x80;
const keyBytes = 4;
/** As the length: two bytes of it follow, or eight. */
const shortFollows = 126;
const longFollows = 127;
/** Up to here a payload lies in a new buffer of its own size: Node cuts small ones from a page that they share. */
const smallBytes = 4000;
/** Where a payload begins in memory that is used again: behind room for the longest head, and so that it is masked by whole words. */
const laidAt = 16;
/** A packet may grow beyond its target by its last frame. */
const memoryBytes = packetTargetBytes + 80 * 1024;
const keptAtMost = 8;
const none = Buffer.alloc(0);

/** A short packet of a server as the message that it is, for any number of sockets. */
export function laidOut(packet: Buffer): Buffer {
  if (packet.length >= shortFollows) throw new Error('a longer packet than has a short head');
  return Buffer.concat([Buffer.from([whole, packet.length]), packet]);
}

/** Lays packets out and sends them, one after the other. Any number of sockets may share it. */
export class Packets {
  readonly #masking: Masking | undefined;
  #kept: Buffer[] = [];
  /** What room() gave last. */
  #memory: Buffer = none;
  #packet: Buffer = none;

  /** `masking`: of a client. */
  constructor(masking?: Masking) {
    this.#masking = masking;
  }

  /** Room for the payload of the next packet, which send() is to be given before there is room for another. */
  room(size: number): Buffer {
    const isSmall = size <= smallBytes;
    const at = isSmall ? this.#headBytes(size) : laidAt;
    this.#memory = isSmall ? Buffer.allocUnsafe(at + size) : this.#memoryFor(at + size);
    this.#packet = this.#memory.subarray(at, at + size);
    return this.#packet;
  }

  /** As the WebSocket's own send(); `onWritten` is also called after an error. */
  send({ socket, stream }: Line, packet: Buffer, onWritten?: () => void): void {
    const memory = this.#memory;
    if (packet !== this.#packet) throw new Error('a packet lies in other memory');
    // Sent again, its memory would be used by two.
    this.#packet = none;
    if (socket.readyState !== socket.OPEN) return socket.send(packet, onWritten);
    const { length } = packet;
    const start = packet.byteOffset - memory.byteOffset - this.#headBytes(length);
    this.#seal(memory, start, packet);
    if (length <= smallBytes) return void stream.write(memory, onWritten);
    stream.write(memory.subarray(start, packet.byteOffset - memory.byteOffset + length), (error) => {
      if (!error) this.#keep(memory);
      onWritten?.();
    });
  }

  /** A whole frame, or some, as a packet of its own. */
  sendFrames(line: Line, frames: Buffer): void {
    const packet = this.room(frames.length);
    frames.copy(packet);
    this.send(line, packet);
  }

  #headBytes(length: number): number {
    const lengthBytes = length < shortFollows ? 0 : length < 0x10000 ? 2 : 8;
    return 2 + lengthBytes + (this.#masking ? keyBytes : 0);
  }

  /** Writes the head, and masks what stands behind it. */
  #seal(memory: Buffer, start: number, packet: Buffer): void {
    const { length } = packet;
    const bit = this.#masking ? masked : 0;
    let at = start + 2;
    memory[start] = whole;
    if (length < shortFollows) memory[start + 1] = bit | length;
    else if (length < 0x10000) {
      memory[start + 1] = bit | shortFollows;
      at = memory.writeUInt16BE(length, at);
    } else {
      memory[start + 1] = bit | longFollows;
      at = memory.writeUInt32BE(length, memory.writeUInt32BE(0, at));
    }
    if (!this.#masking) return;
    const key = this.#masking.newKey();
    key.copy(memory, at);
    this.#masking.apply(packet, key);
  }

  #memoryFor(bytes: number): Buffer {
    return bytes > memoryBytes ? Buffer.allocUnsafeSlow(bytes) : (this.#kept.pop() ?? Buffer.allocUnsafeSlow(memoryBytes));
  }

  #keep(memory: Buffer): void {
    if (memory.length === memoryBytes && this.#kept.length < keptAtMost) this.#kept.push(memory);
  }
}
