// Who connected and is not proven yet: the packets of one peer, one by one. One that nobody asked for yet waits, two are a breach.
// Rule: ten thousand come at once, so one that waits for its turn is one small object: no promise, no timer and no closure beyond its listeners.
import type { WebSocket } from 'ws';
import { invalid } from '#contract/frame-codec.ts';

/** The peer hung up, so there is nobody to refuse. */
export const hungUp = new Error('the peer hung up');

export interface Watcher {
  /** The first packet is there. */
  arrived(guest: Guest): void;
  /** It ended while nobody asked it for anything: it hung up, said too much, or took too long. */
  left(guest: Guest, why: unknown): void;
}

export class Guest {
  readonly socket: WebSocket;
  readonly address: string;
  /** When it connected, on the clock of performance.now(). */
  readonly sinceMs: number;
  #watcher: Watcher | undefined;
  #early: Buffer | undefined;
  #why: { readonly error: unknown } | undefined;
  #failure: PromiseWithResolvers<never> | undefined;
  #waiting: ((packet: Buffer) => void) | undefined;

  constructor(socket: WebSocket, address: string, watcher: Watcher) {
    this.socket = socket;
    this.address = address;
    this.sinceMs = performance.now();
    this.#watcher = watcher;
    socket.on('message', this.#onMessage);
    socket.on('close', this.#onClose);
  }

  /** From now on next() and during() tell how it goes, and the watcher hears no more. */
  begin(): void {
    this.#watcher = undefined;
    this.#failure = Promise.withResolvers<never>();
    this.#failure.promise.catch(() => undefined);
    if (this.#why !== undefined) this.#failure.reject(this.#why.error);
  }

  /** The next packet. Rejects where there will be none. */
  next(): Promise<Buffer> {
    const packet = this.#early;
    this.#early = undefined;
    return this.during(packet ?? new Promise<Buffer>((resolve) => (this.#waiting = resolve)));
  }

  /** The work's outcome, unless the peer fails before. */
  during<T>(work: T | Promise<T>): Promise<T> {
    if (this.#failure === undefined) throw new Error('it has not begun');
    return Promise.race([this.#failure.promise, work]);
  }

  fail(error: unknown): void {
    if (this.#why !== undefined) return;
    this.#why = { error };
    this.#failure?.reject(error);
    this.#watcher?.left(this, error);
  }

  /** Its packets are another one's from now on. */
  stop(): void {
    this.#watcher = undefined;
    this.socket.off('message', this.#onMessage);
    this.socket.off('close', this.#onClose);
  }

  readonly #onMessage = (data: unknown, isBinary: boolean): void => {
    if (!isBinary || !(data instanceof Buffer)) return this.fail(invalid('text'));
    if (this.#waiting !== undefined) {
      const take = this.#waiting;
      this.#waiting = undefined;
      take(data);
    } else if (this.#early === undefined) {
      this.#early = data;
      this.#watcher?.arrived(this);
    } else this.fail(invalid('frames before the handshake ended'));
  };

  readonly #onClose = (): void => this.fail(hungUp);
}
