// A pong that comes alone, seen in the bytes of its socket before ws makes a message of them: ten thousand idle tunnels say nothing else, and the way through ws costs as
// much as all the rest of it. Rule: only exactly this message, where a message begins, while somebody hears pongs. All else is ws's, as it came; so is all that follows
// something other than whole binary messages, which are all that a bridge sends.
import type { Duplex } from 'node:stream';
import { pongFrame } from '#contract/frame-codec.ts';

/** Of a client's WebSocket message (RFC 6455, 5.2): FIN and the opcode of a binary one, then the length of a pong, masked; a key and the payload follow. */
const whole = 0x82;
const masked = 0x80;
const keyBytes = 4;
const keyAt = 2;
const payloadAt = keyAt + keyBytes;
const pongBytes = payloadAt + pongFrame.length;

export interface PongHearer {
  onPong(): void;
}

export class Pongs {
  /** Who hears of them; while there is nobody, ws takes them as any other message. */
  hearer: PongHearer | undefined;
  #isLost = false;
  /** Bytes of a message's head that were there, without its key. */
  #headAt = 0;
  /** Bytes of the length that are to come, and what it is so far. */
  #lengthLeft = 0;
  #length = 0;
  /** Bytes of key and payload that are to come. */
  #left = 0;

  /** Of a stream that ws listens to since this turn of the event loop. */
  constructor(stream: Duplex) {
    const [listener, ...others] = stream.listeners('data');
    if (listener === undefined || others.length > 0) throw new Error('not ws alone reads this stream');
    const onData = (chunk: Buffer): void => {
      if (!this.#take(chunk)) Reflect.apply(listener, stream, [chunk]);
    };
    stream.removeAllListeners('data');
    // As the wrapper that once() makes: ws finds its own listener by this when it takes it away.
    stream.on('data', Object.assign(onData, { listener }));
  }

  /** Whether it was a pong alone, and so is done with. */
  #take(chunk: Buffer): boolean {
    if (this.#isLost) return false;
    if (this.hearer !== undefined && this.#left === 0 && this.#headAt === 0 && isPong(chunk)) {
      this.hearer.onPong();
      return true;
    }
    this.#follow(chunk);
    return false;
  }

  #follow(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#isLost;) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
      } else this.#followHead(chunk[at++] ?? 0);
    }
  }

  #followHead(byte: number): void {
    if (this.#headAt === 0) this.#isLost = byte !== whole;
    else if (this.#headAt === 1) {
      const short = byte & ~masked;
      this.#isLost = (byte & masked) === 0;
      this.#lengthLeft = short < 126 ? 0 : short === 126 ? 2 : 8;
      this.#length = short < 126 ? short : 0;
    } else {
      this.#lengthLeft--;
      this.#length = this.#length * 256 + byte;
    }
    this.#headAt++;
    if (this.#headAt === 1 || this.#lengthLeft > 0) return;
    this.#headAt = 0;
    this.#left = keyBytes + this.#length;
  }
}

function isPong(chunk: Buffer): boolean {
  if (chunk.length !== pongBytes || chunk[0] !== whole || chunk[1] !== (masked | pongFrame.length)) return false;
  for (let at = 0; at < pongFrame.length; at++)
    if (((chunk[payloadAt + at] ?? 0) ^ (chunk[keyAt + (at % keyBytes)] ?? 0)) !== pongFrame[at]) return false;
  return true;
}
