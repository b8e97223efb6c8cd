// Chunks of a channel -> whole messages, within a limit per message and a budget for all messages that are being put together.
// A message over either is read away and reported; the channel lives. Credit goes back at once, unless the reader of messages is still busy.
import type { ChannelEnd } from './channel.ts';
import { Fault } from './error.ts';
import { own } from './frame-codec.ts';

/** Bytes that all messages being put together on one tunnel may still take. */
export interface Budget {
  leftBytes: number;
}

export interface AssemblyOptions {
  readonly limitBytes: number;
  readonly budget: Budget;
  /** One whole message. Where it returns a promise, the peer gets no more credit until that settles: back-pressure. */
  readonly onMessage: (body: Buffer) => void | Promise<void>;
  readonly onAborted: (fault: Fault) => void;
}

/** The receiving end of one channel's messages. */
export class Assembly {
  #channel: Pick<ChannelEnd, 'grant'>;
  #options: AssemblyOptions;
  #chunks: Buffer[] = [];
  #size = 0;
  #isSkipping = false;
  #busy = 0;
  /** Lengths of chunks whose credit is held back while the reader is busy. */
  #held: number[] = [];

  constructor(channel: Pick<ChannelEnd, 'grant'>, options: AssemblyOptions) {
    this.#channel = channel;
    this.#options = options;
  }

  add(chunk: Buffer, last: boolean): void {
    if (last && this.#size === 0 && !this.#isSkipping && chunk.length <= this.#options.limitBytes) this.#deliver(chunk);
    else this.#collect(chunk, last);
    if (this.#busy > 0) this.#held.push(chunk.length);
    else this.#channel.grant(chunk.length);
  }

  /** The message begun will not come. */
  aborted(fault: Fault): void {
    this.drop();
    this.#isSkipping = false;
    this.#options.onAborted(fault);
  }

  /** Forgets what was collected. To be called when the channel is over, so that the budget gets it back. */
  drop(): void {
    this.#options.budget.leftBytes += this.#size;
    this.#chunks = [];
    this.#size = 0;
  }

  #collect(chunk: Buffer, last: boolean): void {
    const { limitBytes, budget } = this.#options;
    let fault: Fault | undefined;
    if (!this.#isSkipping) {
      if (this.#size + chunk.length > limitBytes) fault = new Fault('MESSAGE_TOO_LARGE', { limitBytes });
      else if (chunk.length > budget.leftBytes) fault = new Fault('BUSY', { what: 'this workstation' });
      else {
        this.#chunks.push(own(chunk));
        this.#size += chunk.length;
        budget.leftBytes -= chunk.length;
      }
    }
    if (fault !== undefined) {
      this.drop();
      this.#isSkipping = true;
    }
    if (last) {
      const wasSkipping = this.#isSkipping;
      const body = wasSkipping ? undefined : Buffer.concat(this.#chunks, this.#size);
      this.drop();
      this.#isSkipping = false;
      if (body !== undefined) this.#deliver(body);
    }
    // Told as soon as it is known: whoever waits for the answer need not wait for the rest of it.
    if (fault !== undefined) this.#options.onAborted(fault);
  }

  #deliver(body: Buffer): void {
    const done = this.#options.onMessage(body);
    if (done === undefined) return;
    this.#busy++;
    const release = (): void => {
      this.#busy--;
      if (this.#busy > 0) return;
      const held = this.#held;
      this.#held = [];
      for (const length of held) this.#channel.grant(length);
    };
    done.then(release, release);
  }
}
