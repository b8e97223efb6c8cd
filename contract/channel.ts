// One channel of a tunnel as one side keeps it: what waits to be sent, the credit both ways, and whether it is over.
// It sends nothing by itself: contract/multiplex.ts takes its chunks in turn, never more than the peer's credit allows.
import { Fault } from './error.ts';
import { chunkBytes, initialCreditBytes, smallestCostBytes } from './frame.ts';
import type { Remnant } from './remnant.ts';

/** Receives what happens on a channel. */
export interface ChannelSink {
  /** The peer accepted a channel that this side opened. */
  onOpened(): void;
  /** A part of a message, a view into its packet. The peer gets the credit back only by `grant`. */
  onChunk(chunk: Buffer, last: boolean): void;
  /** The message begun is given up, or one that never began; the channel lives. `remnant`: what is left of it. */
  onAborted(fault: Fault, remnant?: Remnant): void;
  /** The channel is over, by the peer or with its tunnel: called once, and not after this side closed it. `fault` is absent where it ended as it should. */
  onClosed(fault: Fault | undefined): void;
}

/** What the owner of a channel may do. */
export interface ChannelEnd {
  readonly id: number;
  /** What waits to be sent. */
  readonly queuedBytes: number;
  /** Accepts a channel that the peer opened. */
  accept(): void;
  /** Queues one message. `onSent` is called when its last chunk was handed to the socket, or when it never will be. Throws MESSAGE_TOO_LARGE, BUSY, or TUNNEL_LOST where the channel is over. */
  send(message: Buffer, onSent?: () => void): void;
  /** Says, after what is queued, that a message will not come, and what is left of it. */
  abort(fault: Fault, remnant?: Remnant): void;
  /** Gives back the credit of a chunk of this length: its bytes are no longer held here. */
  grant(chunkLength: number): void;
  /** Ends the channel: at once, or (`drain`) after what is queued. Idempotent. */
  close(fault?: Fault, how?: 'now' | 'drain'): void;
}

/** `closing`: we said close and wait for the peer's. `draining`: we shall say it when the queue is empty. */
type Phase = 'opening' | 'open' | 'draining' | 'closing' | 'over';

interface Queued {
  readonly message: Buffer;
  readonly onSent: (() => void) | undefined;
}
interface GivenUp {
  readonly fault: Fault;
  readonly remnant: Remnant | undefined;
}

/** Messages given up that may wait to be told: of more than these the peer does not hear. */
const givenUpLimit = 64;

/** What a channel asks of its tunnel. */
export interface ChannelTunnel {
  /** Throws where a message of this size can't be queued. */
  admit(channel: Channel, message: Buffer): void;
  /** The bytes that wait in all channels grew or shrank. */
  counted(bytes: number): void;
  /** The channel has something that may be sent now. */
  ready(channel: Channel): void;
  // What is told goes out in the order of these calls.
  tellAccepted(channel: Channel): void;
  tellChunk(channel: Channel, chunk: Buffer, last: boolean): void;
  tellCredit(channel: Channel, bytes: number): void;
  tellAborted(channel: Channel, fault: Fault, remnant: Remnant | undefined): void;
  tellClosed(channel: Channel, fault: Fault | undefined): void;
}

/** What a chunk of this length costs in credit, and a message of this length in a queue's bound. */
export function costOf(length: number): number {
  return length < smallestCostBytes ? smallestCostBytes : length;
}

export class Channel implements ChannelEnd {
  readonly id: number;
  readonly mine: boolean;
  phase: Phase = 'opening';
  sink: ChannelSink | undefined;
  /** Is it in the tunnel's round? */
  inRound = false;
  queuedBytes = 0;
  sendCredit = initialCreditBytes;
  /** What the peer may still send. */
  window = initialCreditBytes;
  #tunnel: ChannelTunnel;
  /** Messages, and the faults of messages given up, in order. */
  #queue: (Queued | GivenUp)[] = [];
  /** How many of them are messages given up. */
  #givenUp = 0;
  #head = 0;
  /** How much of the first message was taken. */
  #offset = 0;
  #granted = 0;
  #closeFault: Fault | undefined;

  constructor(tunnel: ChannelTunnel, id: number, mine: boolean, sink: ChannelSink | undefined) {
    this.#tunnel = tunnel;
    this.id = id;
    this.mine = mine;
    this.sink = sink;
  }

  accept(): void {
    if (this.phase !== 'opening' || this.mine) return;
    this.phase = 'open';
    this.#tunnel.tellAccepted(this);
    this.becameReady();
  }

  send(message: Buffer, onSent?: () => void): void {
    if (this.phase !== 'open' && this.phase !== 'opening') throw new Fault('TUNNEL_LOST');
    this.#tunnel.admit(this, message);
    this.#count(costOf(message.length));
    this.#queue.push({ message, onSent });
    this.becameReady();
  }

  abort(fault: Fault, remnant?: Remnant): void {
    if (this.phase !== 'open') return;
    // They cost no credit, so a peer that does not read must not make them pile up.
    if (this.#givenUp >= (remnant === undefined ? 1 : givenUpLimit)) return;
    this.#givenUp++;
    this.#queue.push({ fault, remnant });
    this.becameReady();
  }

  grant(chunkLength: number): void {
    if (this.phase !== 'open') return;
    this.#granted += costOf(chunkLength);
    if (this.#granted < initialCreditBytes / 2) return;
    const bytes = this.#granted;
    this.#granted = 0;
    this.window += bytes;
    this.#tunnel.tellCredit(this, bytes);
  }

  close(fault?: Fault, how: 'now' | 'drain' = 'now'): void {
    if (this.phase === 'closing' || this.phase === 'over') return;
    if (how === 'drain' && this.phase === 'open' && this.#queue.length > this.#head) {
      this.phase = 'draining';
      this.#closeFault = fault;
      return;
    }
    if (how === 'drain' && this.phase === 'draining') return;
    this.#sayClosed(fault);
    this.dropQueue();
  }

  /** Is there a chunk that credit allows, or a word that needs none? */
  get canSend(): boolean {
    if (this.phase !== 'open' && this.phase !== 'draining') return false;
    const first = this.#queue[this.#head];
    if (first === undefined) return false;
    return 'fault' in first || this.sendCredit >= costOf(Math.min(first.message.length - this.#offset, chunkBytes));
  }

  becameReady(): void {
    if (!this.inRound && this.canSend) this.#tunnel.ready(this);
  }

  /** Sends the next chunk, or the word that its message is given up; call it only where `canSend`. Returns what it cost. */
  sendNext(): number {
    const first = this.#queue[this.#head];
    if (first === undefined) return 0;
    let cost = 0;
    if ('fault' in first) {
      this.#givenUp--;
      this.#advance();
      this.#tunnel.tellAborted(this, first.fault, first.remnant);
    } else {
      const { message, onSent } = first;
      const end = Math.min(this.#offset + chunkBytes, message.length);
      const last = end === message.length;
      const chunk = last && this.#offset === 0 ? message : message.subarray(this.#offset, end);
      cost = costOf(chunk.length);
      this.sendCredit -= cost;
      this.#offset = end;
      this.#tunnel.tellChunk(this, chunk, last);
      if (last) {
        this.#advance();
        this.#count(-costOf(message.length));
        onSent?.();
      }
    }
    if (this.phase === 'draining' && this.#queue.length === this.#head) this.#sayClosed(this.#closeFault);
    return cost;
  }

  /** Forgets what waits; who waits for it is told. */
  dropQueue(): void {
    const dropped = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    this.#offset = 0;
    this.#givenUp = 0;
    this.#count(-this.queuedBytes);
    for (const item of dropped) if ('message' in item) item.onSent?.();
  }

  #advance(): void {
    this.#offset = 0;
    this.#head++;
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1024) {
      // Shifting one by one would cost as much as the queue is long, each time.
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }

  #count(bytes: number): void {
    this.queuedBytes += bytes;
    this.#tunnel.counted(bytes);
  }

  #sayClosed(fault: Fault | undefined): void {
    this.phase = 'closing';
    this.sink = undefined;
    this.#tunnel.tellClosed(this, fault);
  }
}
