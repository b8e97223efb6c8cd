// What a side of the tunnel is about to write: frames in their order, packed into one WebSocket message per turn of the event loop, or per two where many come.
// Bodies of data are copied once, into the packet, which lies where its owner gives room.
import { frameType, packetTargetBytes } from './frame.ts';
import { headerBytes, pingFrame, pongFrame, writeHeader } from './frame-codec.ts';

const nothing = Buffer.alloc(0);

/** A data frame whose header is written when it is packed; or a whole frame. */
interface Part {
  /** 0: the body is the whole frame. */
  readonly type: number;
  readonly channel: number;
  readonly body: Buffer;
}

export class Outbox {
  #parts: Part[] = [];
  /** The newest of each of the tunnel's own frames: an older one that still waits says nothing more. */
  #told: Map<number, Buffer> | undefined;
  #pongDue = false;
  #pingDue = false;
  #endedInPacket = 0;

  /** Messages that ended in the last packet. */
  get endedInPacket(): number {
    return this.#endedInPacket;
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0 && (this.#told?.size ?? 0) === 0 && !this.#pongDue && !this.#pingDue;
  }

  /** Frames that wait, without the tunnel's own. */
  get size(): number {
    return this.#parts.length;
  }

  /** A whole frame. */
  push(bytes: Buffer): void {
    this.#parts.push({ type: 0, channel: 0, body: bytes });
  }

  chunk(channel: number, body: Buffer, last: boolean): void {
    this.#parts.push({ type: last ? frameType.dataEnd : frameType.data, channel, body });
  }

  /** A whole frame that replaces the one of its type that still waits. */
  tell(type: number, bytes: Buffer): void {
    (this.#told ??= new Map()).set(type, bytes);
  }

  isTelling(type: number): boolean {
    return this.#told?.has(type) ?? false;
  }

  ping(): void {
    this.#pingDue = true;
  }

  /** However many pings came: one answer. */
  pong(): void {
    this.#pongDue = true;
  }

  /**
   * The next packet. `more` adds frames where there is room for them, and says whether it did; `room` gives so many bytes to lay it out in. Empty where
   * nothing waits.
   */
  packet(more: () => boolean, room: (size: number) => Buffer): Buffer {
    if (this.#pingDue) this.push(pingFrame);
    if (this.#pongDue) this.push(pongFrame);
    this.#pingDue = false;
    this.#pongDue = false;
    if (this.#told !== undefined) for (const bytes of this.#told.values()) this.push(bytes);
    this.#told = undefined;
    let size = 0;
    let taken = 0;
    do {
      for (let part = this.#parts[taken]; part !== undefined && size < packetTargetBytes; part = this.#parts[++taken])
        size += part.body.length + (part.type === 0 ? 0 : headerBytes);
    } while (size < packetTargetBytes && more());
    this.#endedInPacket = 0;
    return size === 0 ? nothing : this.#pack(room(size), taken);
  }

  #pack(packet: Buffer, taken: number): Buffer {
    let at = 0;
    let ended = 0;
    for (let index = 0; index < taken; index++) {
      const part = this.#parts[index];
      if (part === undefined) break;
      if (part.type === frameType.dataEnd) ended++;
      if (part.type !== 0) {
        writeHeader(packet, at, part.type, part.channel, part.body.length);
        at += headerBytes;
      }
      at += part.body.copy(packet, at);
    }
    this.#endedInPacket = ended;
    if (taken === this.#parts.length) this.#parts.length = 0;
    else this.#parts.splice(0, taken);
    return packet;
  }
}
