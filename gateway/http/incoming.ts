// Requests as the server takes them from Node: one whose head is that of its connection's last one is not read anew, and a body that somebody waits for goes to
// them as the parser has it, past the stream. The rule: to whoever asks for neither, a request is Node's own.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Head, isShort } from './head.ts';

/** A request whose body need not be read as a stream. */
export interface Gathering {
  /** So many bytes are its whole body, and told once they are there. False where it is being read already. */
  gather(bytes: number, onWhole: (body: Buffer) => void): boolean;
}

export function isGathering(request: IncomingMessage): request is IncomingMessage & Gathering {
  return 'gather' in request;
}

interface Gathered {
  leftBytes: number;
  readonly chunks: Buffer[];
  /** Undefined once it was told. */
  onWhole: ((body: Buffer) => void) | undefined;
}

/** For `IncomingMessage` of a server's options. Given Node's own, because whoever imports node:http also loads its WebSocket client. */
export function incomingOf(base: typeof IncomingMessage): typeof IncomingMessage {
  const heads = new WeakMap<Socket, Head>();
  const own = (request: IncomingMessage): IncomingHttpHeaders => {
    const headers: IncomingHttpHeaders = Reflect.get(base.prototype, 'headers', request);
    return headers;
  };

  class Incoming extends base implements Gathering {
    #head: Head | undefined;
    #headers: IncomingHttpHeaders | undefined;
    #gathered: Gathered | undefined;

    get head(): Head {
      const headers = this.known;
      return (this.#head ??= new Head(this.rawHeaders, headers));
    }

    get known(): IncomingHttpHeaders {
      return (this.#headers ??= this.#read());
    }

    set known(headers: IncomingHttpHeaders) {
      this.#headers = headers;
      this.#head = undefined;
    }

    #read(): IncomingHttpHeaders {
      const { rawHeaders, socket } = this;
      const before = heads.get(socket);
      const headers = before?.headersOf(rawHeaders);
      if (headers) {
        this.#head = before;
        return headers;
      }
      const read = own(this);
      this.#head = new Head(rawHeaders, read);
      // An upgrade is the last request of its connection.
      if (read.upgrade === undefined && isShort(rawHeaders)) heads.set(socket, this.#head);
      return read;
    }

    gather(bytes: number, onWhole: (body: Buffer) => void): boolean {
      if (this.readableLength > 0 || this.complete || this.destroyed || this.readableFlowing !== null) return false;
      this.#gathered = { leftBytes: bytes, chunks: [], onWhole };
      // Otherwise Node would read it away by itself after the answer.
      this.read(0);
      return true;
    }

    override push(chunk: unknown, encoding?: BufferEncoding): boolean {
      const gathered = this.#gathered;
      if (gathered === undefined) return super.push(chunk, encoding);
      if (!Buffer.isBuffer(chunk)) return true;
      gathered.leftBytes -= chunk.length;
      gathered.chunks.push(chunk);
      if (gathered.leftBytes > 0) return true;
      const { chunks, onWhole } = gathered;
      const [only] = chunks;
      const body = chunks.length === 1 && only ? only : Buffer.concat(chunks);
      // Node keeps the request until the next one of its connection comes.
      chunks.length = 0;
      gathered.onWhole = undefined;
      onWhole?.(body);
      return true;
    }
  }
  Object.defineProperty(Incoming.prototype, 'headers', {
    get(this: Incoming) {
      return this.known;
    },
    set(this: Incoming, headers: IncomingHttpHeaders) {
      this.known = headers;
    },
  });
  return Incoming;
}
