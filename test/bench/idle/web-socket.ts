// As much of a WebSocket's client (RFC 6455) as a light tunnel needs: its answer to the upgrade, whole binary messages in, whole binary messages out.
// Anything else a server could send is refused.
import { hash } from 'node:crypto';

const protocolKey = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const binary = 0x82;
const headEnd = '\r\n\r\n';

/** A whole binary message of a client. The mask is zeros: it protects proxies from pages that choose bytes, and nobody chooses these. */
export function ownMessage(payload: Buffer): Buffer {
  const { length } = payload;
  if (length > 0xffff) throw new Error('a longer message than a light tunnel sends');
  const head =
    length < 126 ? Buffer.from([binary, 0x80 | length]) : Buffer.from([binary, 0x80 | 126, length >> 8, length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

export class MessageReader {
  /** The server took the upgrade. */
  onUpgraded: () => void = () => undefined;
  #onMessage: (message: Buffer) => void;
  #accept: string;
  #isUpgraded = false;
  #rest: Buffer | undefined;

  /** `key`: the request's Sec-WebSocket-Key. */
  constructor(key: string, onMessage: (message: Buffer) => void) {
    this.#accept = hash('sha1', key + protocolKey, 'base64');
    this.#onMessage = onMessage;
  }

  /** Throws where the server says what it may not. */
  read(bytes: Buffer): void {
    let all = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = undefined;
    if (!this.#isUpgraded) {
      const end = all.indexOf(headEnd);
      if (end === -1) return this.#keep(all);
      const head = all.toString('latin1', 0, end);
      if (!head.startsWith('HTTP/1.1 101 ') || !head.includes(`Sec-WebSocket-Accept: ${this.#accept}`))
        throw new Error('the upgrade was refused');
      this.#isUpgraded = true;
      all = all.subarray(end + headEnd.length);
      this.onUpgraded();
    }
    while (all.length >= 2) {
      const [kind, short = 0] = all;
      if (kind !== binary || short > 126) throw new Error('not a whole binary message of a moderate length');
      const from = short === 126 ? 4 : 2;
      const to = from + (short === 126 ? (all.length < 4 ? Infinity : all.readUInt16BE(2)) : short);
      if (all.length < to) break;
      this.#onMessage(all.subarray(from, to));
      all = all.subarray(to);
    }
    if (all.length > 0) this.#keep(all);
  }

  #keep(bytes: Buffer): void {
    if (bytes.length > 70_000) throw new Error('more than a message');
    this.#rest = bytes;
  }
}
