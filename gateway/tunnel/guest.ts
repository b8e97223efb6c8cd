// Who connected and is not proven yet: what one peer said, hello and then proof, and what it was asked between them. Whatever it says beyond that is a breach.
// Rule: ten thousand come at once, so one that waits, or is waited for, is one small object: no promise, no timer and no closure beyond its listeners.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { invalid } from '#contract/frame-codec.ts';
import type { Pongs } from './pong.ts';
import type { UserId, WorkstationId } from '#contract/id.ts';

/** The peer hung up, so there is nobody to refuse. */
export const hungUp = new Error('the peer hung up');

/** A WebSocket and what it stands on. */
export interface Line {
  readonly socket: WebSocket;
  readonly stream: Duplex;
  readonly pongs: Pongs;
}

/** Who it says that it is, and what it has to sign. */
export interface Asked {
  readonly version: number;
  readonly nonce: string;
  readonly workstation: WorkstationId;
  readonly user: UserId;
  readonly product: string;
}

export interface Watcher {
  /** It says hello. What is thrown ends it. */
  greeted(guest: Guest, hello: Buffer): void;
  /** Its proof is there. */
  answered(guest: Guest): void;
  /** It ended before anybody worked on its proof: it hung up, said too much, or took too long. */
  left(guest: Guest, why: unknown): void;
}

export class Guest {
  readonly line: Line;
  readonly address: string;
  /** When it connected, on the clock of performance.now(). */
  readonly sinceMs: number;
  /** Once it has said hello. */
  asked: Asked | undefined;
  #watcher: Watcher | undefined;
  #proof: Buffer | undefined;
  #why: { readonly error: unknown } | undefined;
  #failure: PromiseWithResolvers<never> | undefined;

  constructor(line: Line, address: string, watcher: Watcher) {
    const { socket } = line;
    this.line = line;
    this.address = address;
    this.sinceMs = performance.now();
    this.#watcher = watcher;
    socket.on('message', this.#onMessage);
    socket.on('close', this.#onClose);
  }

  get socket(): WebSocket {
    return this.line.socket;
  }

  /** From now on during() tells how it goes, and the watcher hears no more. Answers what it was asked, and its proof. */
  begin(): { readonly asked: Asked; readonly proof: Buffer } {
    if (this.asked === undefined || this.#proof === undefined) throw new Error('it has not answered');
    this.#watcher = undefined;
    this.#failure = Promise.withResolvers<never>();
    this.#failure.promise.catch(() => undefined);
    if (this.#why !== undefined) this.#failure.reject(this.#why.error);
    return { asked: this.asked, proof: this.#proof };
  }

  /** The work's outcome, unless the peer fails before. */
  during<T>(work: Promise<T>): Promise<T> {
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
    if (this.#proof !== undefined) return this.fail(invalid('frames before the handshake ended'));
    if (this.asked !== undefined) {
      this.#proof = data;
      return this.#watcher?.answered(this);
    }
    try {
      this.#watcher?.greeted(this, data);
    } catch (error) {
      this.fail(error);
    }
  };

  readonly #onClose = (): void => this.fail(hungUp);
}
