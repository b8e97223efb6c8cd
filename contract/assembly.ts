// Chunks of a channel -> whole messages, within a limit per message and a budget for all messages that are being put together.
// A message over either is read away and reported; the channel lives. Credit goes back at once, unless the reader of messages is still busy.
import type { ChannelEnd } from './channel.ts';
import { Fault } from './error.ts';
import { headerBytes, own } from './frame-codec.ts';
import { headOf, lastBytes, type Remnant, remnantOf, withTail } from './remnant.ts';

/** Bytes that all messages being put together on one tunnel may still take. */
export interface Budget {
  leftBytes: number;
}

export interface AssemblyOptions {
  readonly limitBytes: number;
  readonly budget: Budget;
  /** One whole message. Where it returns a promise, the peer gets no more credit until that settles: back-pressure. */
  readonly onMessage: (body: Buffer) => void | Promise<void>;
  /** A message over the limit or the budget is told at once with its first bytes, and again with its last ones when it has been read away. */
  readonly onAborted: (fault: Fault, remnant: Remnant | undefined) => void;
}

interface Skipping {
  readonly fault: Fault;
  readonly begun: Remnant;
  last: Buffer;
}

/** The receiving end of one channel's messages. */
export class Assembly {
  #channel: Pick<ChannelEnd, 'grant'>;
  #options: AssemblyOptions;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Where in its packet the last of them stood until. */
  #keptTo = 0;
  /** The message that is being read away. */
  #skipping: Skipping | undefined;
  #busy = 0;
  /** Lengths of chunks whose credit is held back while the reader is busy. */
  #held: number[] = [];

  constructor(channel: Pick<ChannelEnd, 'grant'>, options: AssemblyOptions) {
    this.#channel = channel;
    this.#options = options;
  }

  add(chunk: Buffer, last: boolean): void {
    if (last && this.#size === 0 && this.#skipping === undefined && chunk.length <= this.#options.limitBytes)
      this.#deliver(chunk);
    else this.#collect(chunk, last);
    if (this.#busy > 0) this.#held.push(chunk.length);
    else this.#channel.grant(chunk.length);
  }

  /** The message begun will not come. */
  aborted(fault: Fault, remnant?: Remnant): void {
    this.drop();
    this.#skipping = undefined;
    this.#options.onAborted(fault, remnant);
  }

  /** Forgets what was collected. To be called when the channel is over, so that the budget gets it back. */
  drop(): void {
    this.#options.budget.leftBytes += this.#size;
    this.#chunks = [];
    this.#size = 0;
  }

  #collect(chunk: Buffer, last: boolean): void {
    if (this.#skipping !== undefined) return this.#skip(this.#skipping, chunk, last);
    const { limitBytes, budget } = this.#options;
    if (this.#size + chunk.length > limitBytes) return this.#giveUp(new Fault('MESSAGE_TOO_LARGE', { limitBytes }), chunk, last);
    if (chunk.length > budget.leftBytes) return this.#giveUp(new Fault('BUSY', { what: 'this workstation' }), chunk, last);
    this.#keep(chunk);
    this.#size += chunk.length;
    budget.leftBytes -= chunk.length;
    if (!last) return;
    const [only] = this.#chunks;
    const body = only?.length === this.#size ? only : Buffer.concat(this.#chunks, this.#size);
    this.drop();
    this.#deliver(body);
  }

  /**
   * A packet is nobody else's, and what stands in it before this chunk was read. So a chunk that follows the one before it there is moved up to it, over its
   * own header: a message that is a little longer than a chunk is then whole where it lies.
   */
  #keep(chunk: Buffer): void {
    const before = this.#chunks.at(-1);
    const isNext = before?.buffer === chunk.buffer && this.#keptTo + headerBytes === chunk.byteOffset;
    this.#keptTo = chunk.byteOffset + chunk.length;
    if (before === undefined || !isNext) return void this.#chunks.push(own(chunk));
    const both = Buffer.from(before.buffer, before.byteOffset, before.length + chunk.length);
    chunk.copy(both, before.length);
    this.#chunks[this.#chunks.length - 1] = both;
  }

  /** Told as soon as it is known: whoever waits for the message need not wait for the rest of it. */
  #giveUp(fault: Fault, chunk: Buffer, last: boolean): void {
    const all = Buffer.concat([...this.#chunks, chunk]);
    this.drop();
    const begun = headOf(all);
    if (!last) this.#skipping = { fault, begun, last: lastBytes(all, Buffer.alloc(0)) };
    this.#options.onAborted(fault, last ? remnantOf(all) : begun);
  }

  #skip(skipping: Skipping, chunk: Buffer, last: boolean): void {
    skipping.last = lastBytes(skipping.last, chunk);
    if (!last) return;
    this.#skipping = undefined;
    this.#options.onAborted(skipping.fault, withTail(skipping.begun, skipping.last));
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
