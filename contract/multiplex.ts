// Both ends of the tunnel after its handshake, as a state machine without input or output: packets go in by receive(), come out by `write`,
// time comes in by `now` and is looked at in tick(). Many channels share the socket: each in its turn, within the peer's credit, and everything that waits has a bound.
//
//   send() -> channel's queue -> the round -> parts of a packet -> write(packet)
//   receive(packet) -> frames -> channel's sink (which grants credit when it no longer holds the bytes) or onTell (the tunnel's own frames)
//
// Whatever a peer may not do throws FRAME_INVALID out of receive(): the owner then ends the tunnel.
import { Channel, costOf, type ChannelEnd, type ChannelSink, type ChannelTunnel } from './channel.ts';
import { Fault } from './error.ts';
import { fromWire, invalid, jsonFrame, readBody, readFrames, toWire, type FrameReader } from './frame-codec.ts';
import { channelLimit, chunkBytes, creditLimitBytes, frameType, waitingFramesLimit, type FrameBody } from './frame.ts';
import { Outbox } from './outbox.ts';
import type { Remnant } from './remnant.ts';
import { Silence, type SilenceOptions } from './silence.ts';

/** The tunnel's own frames after the handshake. */
export type Told = {
  readonly [N in ToldName]: { readonly name: N; readonly body: FrameBody<N> };
}[ToldName];
type ToldName = 'welcome' | 'refuse' | 'offer' | 'verdict' | 'calls' | 'report' | 'noted';

/** Whose multiplex it is: the end of a tunnel. */
export interface MultiplexOwner {
  /** So many bytes, for the packet that write() is given next. */
  room(size: number): Buffer;
  /** Hands a packet to the socket. */
  write(packet: Buffer): void;
  /** Hands it a packet that is one ping and nothing beside. */
  ping(): void;
  /** False while the socket holds enough: then nothing is written, and the owner calls resume() when there is room. */
  isWritable(): boolean;
  /**
   * Call flush() once, at the end of this turn of the event loop. `isBusy`: the last turn had several messages, so others follow, and a packet costs both ends as much as
   * a few of them: not before what can be read by then was read.
   */
  schedule(isBusy: boolean): void;
  /** The peer opened a channel. Decides later by accept() or close(). */
  onOpen(channel: ChannelEnd, open: FrameBody<'open'>): ChannelSink;
  onTell(told: Told): void;
}

/** What many tunnels have in common. */
export interface MultiplexOptions extends SilenceOptions {
  readonly side: 'gateway' | 'bridge';
  readonly messageLimitBytes: number;
  /** What may wait in one channel, and in all of them. */
  readonly channelQueueBytes?: number;
  readonly totalQueueBytes?: number;
}

/** More than this waits for the end of its turn, with what else comes by then: it takes longer than that anyway. */
const earlyBytes = 16 * 1024;

export class Multiplex implements ChannelTunnel, FrameReader {
  #owner: MultiplexOwner;
  #options: MultiplexOptions;
  #version: number;
  /** Made with the first one: most tunnels are idle. */
  #channels: Map<number, Channel> | undefined;
  #mine = 0;
  #theirs = 0;
  #nextId: number;
  #theirLastId = 0;
  #queuedBytes = 0;
  /** Channels that may send now, in turn. */
  #round: Channel[] = [];
  #outbox = new Outbox();
  #scheduled = false;
  #isWriting = false;
  /** The socket was full, and something waits for it. */
  #isHeldUp = false;
  /** Messages that ended in this turn of the event loop; undefined where nothing left in it. */
  #turnMessages: number | undefined;
  /** So many turns in a row had one at most, as where one caller waits for each answer: then a frame does not wait for the end of its turn. */
  #loneTurns = 1;
  #silence: Silence;
  #ended = false;

  /** `version`: of the tunnel, as the handshake chose it: an older one has fewer frames. */
  constructor(owner: MultiplexOwner, version: number, options: MultiplexOptions) {
    this.#owner = owner;
    this.#version = version;
    this.#options = options;
    this.#nextId = options.side === 'gateway' ? 2 : 1;
    this.#silence = new Silence(options);
  }

  /** Open channels, those included that wait for the peer's close. */
  get size(): number {
    return this.#channels?.size ?? 0;
  }

  get hasWork(): boolean {
    return this.#round.length > 0 || !this.#outbox.isEmpty;
  }

  /** Opens a channel to the peer. Throws BUSY where too many are open, TUNNEL_LOST where the tunnel has ended. */
  open(body: FrameBody<'open'>, sink: ChannelSink): ChannelEnd {
    if (this.#ended) throw new Fault('TUNNEL_LOST');
    if (this.#mine >= channelLimit) throw new Fault('BUSY', { what: 'a free channel of the tunnel' });
    const channel = new Channel(this, this.#nextId, true, sink);
    const bytes = jsonFrame('open', channel.id, body);
    this.#nextId += 2;
    this.#mine++;
    this.#channelsMade().set(channel.id, channel);
    this.#push(bytes);
    return channel;
  }

  /** Sends one of the tunnel's own frames. An older one of the same name that still waits is replaced. */
  tell(told: Told): void {
    if (this.#ended) return;
    this.#outbox.tell(frameType[told.name], jsonFrame(told.name, 0, told.body));
    this.#wake();
  }

  /** Whether one of these still waits to be written, so that a newer one would replace it. */
  isTelling(name: ToldName): boolean {
    return this.#outbox.isTelling(frameType[name]);
  }

  receive(packet: Buffer): void {
    if (this.#ended) return;
    this.#silence.heard();
    if (this.#outbox.size > waitingFramesLimit) throw invalid('it sends and does not read');
    readFrames(packet, this);
  }

  /** When tick() has something to do, unless the peer is heard before. */
  get dueMs(): number {
    return this.#silence.dueMs;
  }

  /** What is due now: `silent` where the peer has been quiet for too long. Call it at `dueMs`, or a few times per ping. */
  tick(): 'alive' | 'silent' {
    const due = this.#silence.look();
    if (due === 'ping') this.#ping();
    return due === 'silent' ? 'silent' : 'alive';
  }

  /** Whoever ticks does it for many tunnels at once: a turn for each of them would cost as much as the ping, and to pack it alone as much again. */
  #ping(): void {
    if (!this.#ended && !this.hasWork && !this.#scheduled && this.#owner.isWritable()) {
      this.#loneTurns++;
      return this.#owner.ping();
    }
    this.#outbox.ping();
    this.flush();
  }

  /** Packs what waits and writes it, as far as the socket takes it. The turn is over. */
  flush(): void {
    this.#writeOut();
    if (this.#turnMessages !== undefined) this.#loneTurns = this.#turnMessages > 1 ? 0 : this.#loneTurns + 1;
    this.#turnMessages = undefined;
    // Where the socket is full, resume() goes on: nobody has to schedule a flush before.
    this.#isHeldUp = this.hasWork;
    this.#scheduled = this.#isHeldUp;
  }

  /** The socket may have room again. */
  resume(): void {
    if (this.#isHeldUp && !this.#ended) this.flush();
  }

  /** The tunnel is over: every channel is closed with the fault, once. What a sink throws stops nobody; it is thrown at the end. */
  end(fault: Fault): void {
    if (this.#ended) return;
    this.#ended = true;
    const channels = [...(this.#channels?.values() ?? [])];
    this.#channels = undefined;
    this.#outbox = new Outbox();
    this.#round = [];
    const thrown: unknown[] = [];
    for (const channel of channels) {
      try {
        this.#over(channel, fault);
      } catch (error) {
        thrown.push(error);
      }
    }
    if (thrown.length > 0) throw new AggregateError(thrown, 'a channel could not be told that its tunnel ended');
  }

  // What a channel asks of its tunnel.

  admit(channel: Channel, message: Buffer): void {
    if (message.length === 0) throw invalid('an empty message');
    const {
      messageLimitBytes,
      channelQueueBytes = 3 * messageLimitBytes,
      totalQueueBytes = 8 * messageLimitBytes,
    } = this.#options;
    if (message.length > messageLimitBytes) throw new Fault('MESSAGE_TOO_LARGE', { limitBytes: messageLimitBytes });
    const cost = costOf(message.length);
    if (channel.queuedBytes + cost > channelQueueBytes) throw new Fault('BUSY', { what: 'this server' });
    if (this.#queuedBytes + cost > totalQueueBytes) throw new Fault('BUSY', { what: 'this workstation' });
  }

  counted(bytes: number): void {
    this.#queuedBytes += bytes;
  }

  ready(channel: Channel): void {
    channel.inRound = true;
    this.#round.push(channel);
    this.#wake();
  }

  tellAccepted(channel: Channel): void {
    this.#push(jsonFrame('opened', channel.id, {}));
  }

  tellChunk(channel: Channel, chunk: Buffer, last: boolean): void {
    this.#outbox.chunk(channel.id, chunk, last);
  }

  tellCredit(channel: Channel, bytes: number): void {
    this.#push(jsonFrame('credit', channel.id, { bytes }));
  }

  tellAborted(channel: Channel, fault: Fault, remnant: Remnant | undefined): void {
    this.#push(jsonFrame('abort', channel.id, { ...toWire(fault), remnant }));
  }

  tellClosed(channel: Channel, fault: Fault | undefined): void {
    this.#push(jsonFrame('close', channel.id, fault === undefined ? {} : toWire(fault)));
  }

  // What the peer says.

  frame(type: number, id: number, body: Buffer): void {
    // A sink may have ended the tunnel while an earlier frame of the same packet was handled.
    if (this.#ended) return;
    switch (type) {
      case frameType.data:
      case frameType.dataEnd:
        return this.#onChunk(this.#known(id), body, type === frameType.dataEnd);
      case frameType.ping:
        this.#outbox.pong();
        return this.#wake();
      case frameType.pong:
        return;
      case frameType.credit:
        return this.#onCredit(this.#known(id), readBody('credit', body).bytes);
      case frameType.open:
        return this.#onOpen(id, readBody('open', body));
      case frameType.opened:
        return this.#onOpened(this.#known(id), body);
      case frameType.abort:
        return this.#onAborted(this.#known(id), readBody('abort', body));
      case frameType.close:
        return this.#onClose(this.#known(id), readBody('close', body));
      default:
        return this.#onTold(type, body);
    }
  }

  #channelsMade(): Map<number, Channel> {
    return (this.#channels ??= new Map());
  }

  #known(id: number): Channel {
    const channel = this.#channels?.get(id);
    if (channel === undefined) throw invalid(`channel ${id} is not open`);
    return channel;
  }

  #onChunk(channel: Channel, chunk: Buffer, last: boolean): void {
    if (channel.phase === 'opening') throw invalid('data on a channel that is not open yet');
    channel.window -= costOf(chunk.length);
    if (channel.window < 0) throw invalid('data beyond the credit');
    if (channel.phase === 'open') channel.sink?.onChunk(chunk, last);
  }

  #onCredit(channel: Channel, bytes: number): void {
    if (channel.phase === 'opening') throw invalid('credit on a channel that is not open yet');
    channel.sendCredit += bytes;
    if (channel.sendCredit > creditLimitBytes) throw invalid('credit beyond belief');
    channel.becameReady();
  }

  #onOpen(id: number, open: FrameBody<'open'>): void {
    const side = this.#options.side;
    if (id % 2 !== (side === 'gateway' ? 1 : 0)) throw invalid(`channel ${id} has the wrong parity`);
    if (open.kind !== (side === 'gateway' ? 'host' : 'server')) throw invalid(`open ${open.kind} from the wrong side`);
    if (id <= this.#theirLastId) throw invalid(`channel ${id} was used before`);
    if (this.#theirs >= channelLimit) throw invalid('too many channels');
    const channel = new Channel(this, id, false, undefined);
    this.#theirLastId = id;
    this.#theirs++;
    this.#channelsMade().set(id, channel);
    const sink = this.#owner.onOpen(channel, open);
    // It may be refused already.
    if (channel.phase === 'opening' || channel.phase === 'open') channel.sink = sink;
  }

  #onOpened(channel: Channel, body: Buffer): void {
    readBody('opened', body);
    if (channel.phase === 'closing') return;
    if (channel.phase !== 'opening' || !channel.mine) throw invalid('opened on a channel that is not being opened');
    channel.phase = 'open';
    channel.sink?.onOpened();
    channel.becameReady();
  }

  #onAborted(channel: Channel, body: FrameBody<'abort'>): void {
    if (channel.phase === 'opening') throw invalid('abort on a channel that is not open yet');
    if (channel.phase === 'open') channel.sink?.onAborted(fromWire(body), body.remnant);
  }

  #onClose(channel: Channel, body: FrameBody<'close'>): void {
    this.#channels?.delete(channel.id);
    if (channel.mine) this.#mine--;
    else this.#theirs--;
    if (channel.phase !== 'closing') this.tellClosed(channel, undefined);
    this.#over(channel, body.code === undefined ? undefined : fromWire({ code: body.code, message: body.message }));
  }

  #onTold(type: number, body: Buffer): void {
    const { side } = this.#options;
    const onTell = (told: Told): void => this.#owner.onTell(told);
    if (type === frameType.refuse) return onTell({ name: 'refuse', body: readBody('refuse', body) });
    if (type === frameType.offer && side === 'gateway') return onTell({ name: 'offer', body: readBody('offer', body) });
    if (type === frameType.verdict && side === 'bridge') return onTell({ name: 'verdict', body: readBody('verdict', body) });
    if (type === frameType.welcome && side === 'bridge') return onTell({ name: 'welcome', body: readBody('welcome', body) });
    if (this.#version >= 2) {
      if (type === frameType.report && side === 'gateway') return onTell({ name: 'report', body: readBody('report', body) });
      if (type === frameType.calls && side === 'bridge') return onTell({ name: 'calls', body: readBody('calls', body) });
      if (type === frameType.noted && side === 'bridge') return onTell({ name: 'noted', body: readBody('noted', body) });
    }
    throw invalid(`type ${type} out of order`);
  }

  #over(channel: Channel, fault: Fault | undefined): void {
    // A channel that drains was closed by its owner already: nobody waits for the news.
    const sink = channel.phase === 'draining' ? undefined : channel.sink;
    channel.phase = 'over';
    channel.sink = undefined;
    try {
      channel.dropQueue();
    } finally {
      sink?.onClosed(fault);
    }
  }

  // What goes out.

  #push(bytes: Buffer): void {
    if (this.#ended) return;
    this.#outbox.push(bytes);
    this.#wake();
  }

  #wake(): void {
    if (this.#scheduled || this.#ended) return;
    this.#scheduled = true;
    this.#owner.schedule(this.#loneTurns === 0);
    // The far end works on it while this side ends its turn. What comes after it in this turn leaves together.
    if (this.#loneTurns > 1 && !this.#isWriting && this.#queuedBytes <= earlyBytes) this.#writeOut();
  }

  #writeOut(): void {
    this.#isWriting = true;
    try {
      while (!this.#ended && this.hasWork && this.#owner.isWritable()) {
        const packet = this.#outbox.packet(
          () => this.#takeTurn(),
          (size) => this.#owner.room(size),
        );
        // What was in the round may have been closed since.
        if (packet.length === 0) continue;
        this.#turnMessages = (this.#turnMessages ?? 0) + this.#outbox.endedInPacket;
        this.#owner.write(packet);
      }
    } finally {
      this.#isWriting = false;
    }
  }

  /** The next channel's turn: about one chunk's worth, so that many small messages weigh as much as a part of a large one. */
  #takeTurn(): boolean {
    const channel = this.#round.shift();
    if (channel === undefined) return false;
    let spent = 0;
    while (spent < chunkBytes && channel.canSend) spent += channel.sendNext();
    channel.inRound = false;
    channel.becameReady();
    return true;
  }
}
