// The gateway's end of one workstation's tunnel: a WebSocket, the multiplex over it, and channels as the rest of the gateway server knows them.
// When it ends, each of its channels is told once, at once; nothing is ever sent again on another tunnel.
import type { WebSocket } from 'ws';
import type { Logger } from 'pino';
import type { Budget } from '#contract/assembly.ts';
import type { ChannelEnd, ChannelSink } from '#contract/channel.ts';
import { asFault, Fault } from '#contract/error.ts';
import { closeCode, type FrameBody } from '#contract/frame.ts';
import { invalid, jsonFrame, pingFrame, pongFrame } from '#contract/frame-codec.ts';
import { newId, type Fingerprint, type Slug } from '#contract/id.ts';
import { Multiplex, type MultiplexOptions, type MultiplexOwner, type Told } from '#contract/multiplex.ts';
import { laidOut, type Packets } from '#contract/packet.ts';
import type { RecentCall } from '#contract/recent-call.ts';
import type { PostureSummary } from '#contract/posture-summary.ts';
import type { Report } from '#contract/report.ts';
import type { Offer } from '#contract/server.ts';
import type { Member } from '../workstation/proof.ts';
import type { Line } from './guest.ts';
import { refuse } from './handshake.ts';
import type { PongHearer } from './pong.ts';
import { HubChannel, type HubChannelDeps } from './hub-channel.ts';
import type { AcceptHost, Channel, ChannelEvents, Presence } from './hub.ts';

/** What the socket may hold before frames wait for it. */
const socketHoldsBytes = 1024 * 1024;

const ping = laidOut(pingFrame);

/** A local server to open, and the AI host that calls. */
interface ServerOpen {
  readonly server: Slug;
  readonly fingerprint: Fingerprint;
  readonly host?: string;
}

/** What all tunnels have in common. */
export interface LinkDeps {
  readonly messageLimitBytes: number;
  readonly acceptHost: AcceptHost;
  readonly onOffers: (link: Link, offers: readonly Offer[]) => void;
  readonly onReports: (link: Link, reports: readonly Report[], posture: PostureSummary | undefined) => void;
  readonly onEnd: (link: Link, fault: Fault) => void;
  readonly onUse: (link: Link) => void;
  readonly now: () => number;
  readonly multiplex: MultiplexOptions;
  readonly packets: Packets;
  readonly logger: Logger;
}

/** Ten thousand of them are idle: what is not needed for that is made when it is needed. */
export class Link implements MultiplexOwner, PongHearer {
  readonly member: Member;
  readonly presence: Presence;
  #line: Line;
  #socket: WebSocket;
  #deps: LinkDeps;
  /** Of the tunnel's frames, as both ends agreed. */
  #version: number;
  #multiplex: Multiplex;
  #budget: Budget;
  /** Channels to local servers, with what the verdict on each is about. */
  #servers: Map<HubChannel, { readonly server: Slug; readonly fingerprint: Fingerprint }> | undefined;
  #ended = false;

  constructor(
    of: {
      readonly line: Line;
      readonly member: Member;
      readonly version: number;
      readonly welcome: FrameBody<'welcome'>;
    },
    deps: LinkDeps,
  ) {
    const { line, member, version } = of;
    const { socket } = line;
    this.member = member;
    this.presence = { workstation: member.workstation.id, user: member.user.id, since: deps.now() };
    this.#line = line;
    this.#socket = socket;
    this.#deps = deps;
    this.#version = version;
    this.#budget = { leftBytes: 8 * deps.messageLimitBytes };
    // The last step of the handshake, so it stands alone in its packet.
    deps.packets.sendFrames(line, jsonFrame('welcome', 0, of.welcome));
    this.#multiplex = new Multiplex(this, version, deps.multiplex);
    line.pongs.hearer = this;
    socket.on('message', (data: unknown, isBinary: boolean) => this.#onMessage(data, isBinary));
    socket.on('close', () => this.#end(new Fault('TUNNEL_LOST')));
  }

  /** Resolves when the socket is gone. */
  untilClosed(): Promise<void> {
    const socket = this.#socket;
    return socket.readyState === socket.CLOSED
      ? Promise.resolve()
      : new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** The bridge understands it when it is told calls. */
  get tellsCalls(): boolean {
    return this.#version >= 2;
  }

  get isTellingCalls(): boolean {
    return this.#multiplex.isTelling('calls');
  }

  /** The user's own calls, the newest first; nothing to a bridge that is too old. */
  tellCalls(calls: readonly RecentCall[]): void {
    if (this.tellsCalls && calls.length > 0) this.#multiplex.tell({ name: 'calls', body: { calls: [...calls] } });
  }

  /** Sends a frame of the tunnel's own. */
  tell(told: Told): void {
    this.#multiplex.tell(told);
  }

  /** When tick() is due; undefined where the tunnel has ended. */
  get dueMs(): number | undefined {
    return this.#ended ? undefined : this.#multiplex.dueMs;
  }

  /** Pings when that is due, and ends a tunnel that has been silent for too long. */
  tick(): void {
    if (this.#multiplex.tick() === 'silent') this.cut(new Fault('TUNNEL_LOST'), closeCode.silent);
  }

  /** Says why, ends every channel and closes the socket. Idempotent. */
  cut(fault: Fault, code: number): void {
    if (this.#ended) return;
    const socket = this.#socket;
    if (code === closeCode.silent) socket.terminate();
    else refuse(socket, fault, code);
    this.#end(fault);
  }

  /** Ends the channels to local servers that may no longer run, with why. */
  endServers(why: (server: Slug, fingerprint: Fingerprint) => Fault | undefined): void {
    for (const [channel, { server, fingerprint }] of [...(this.#servers ?? [])]) {
      const fault = why(server, fingerprint);
      if (fault) channel.endWith(fault);
    }
  }

  open(of: ServerOpen, events: ChannelEvents, signal: AbortSignal): Promise<Channel> {
    const opening = Promise.withResolvers<Channel>();
    if (signal.aborted) opening.reject(new Fault('CANCELLED'));
    else this.#open(of, events, signal, opening);
    return opening.promise;
  }

  #open(of: ServerOpen, events: ChannelEvents, signal: AbortSignal, opening: PromiseWithResolvers<Channel>): void {
    const { server, fingerprint } = of;
    const onAbort = (): void => channel.endWith(new Fault('CANCELLED'));
    const channel = new HubChannel({
      ...this.#channelDeps,
      closes: 'now',
      onOpened: () => {
        signal.removeEventListener('abort', onAbort);
        channel.begin(events);
        opening.resolve(channel);
      },
      onOver: (fault) => {
        signal.removeEventListener('abort', onAbort);
        this.#servers?.delete(channel);
        opening.reject(fault ?? new Fault('SERVER_EXITED', { server, how: 'before it had started', stderr: '' }));
      },
    });
    try {
      channel.attach(this.#multiplex.open({ kind: 'server', ...of }, channel));
    } catch (error) {
      return opening.reject(error);
    }
    (this.#servers ??= new Map()).set(channel, { server, fingerprint });
    signal.addEventListener('abort', onAbort, { once: true });
    this.#deps.onUse(this);
  }

  /** An AI host came through the shim: accepted or refused by who serves hosts. */
  onOpen(end: ChannelEnd, open: FrameBody<'open'>): ChannelSink {
    const channel = new HubChannel({ ...this.#channelDeps, closes: 'drain', onOpened: () => undefined, onOver: () => undefined });
    channel.attach(end);
    if (open.kind === 'host') void this.#acceptHost(channel, end, open);
    else channel.endWith(new Fault('INTERNAL', { reference: newId() }));
    return channel;
  }

  async #acceptHost(channel: HubChannel, end: ChannelEnd, open: Extract<FrameBody<'open'>, { kind: 'host' }>): Promise<void> {
    try {
      const { host, gateway, server } = open;
      const events = await this.#deps.acceptHost(
        this.presence,
        { host, gateway, ...(server === undefined ? {} : { server }) },
        channel,
      );
      if (channel.isOver) return events.onClosed(undefined);
      channel.begin(events);
      end.accept();
    } catch (error) {
      channel.endWith(this.#described(error, 'a host could not be accepted'));
    }
  }

  get #channelDeps(): Pick<HubChannelDeps, 'limitBytes' | 'budget' | 'onUse'> {
    return { limitBytes: this.#deps.messageLimitBytes, budget: this.#budget, onUse: () => this.#deps.onUse(this) };
  }

  onTell(told: Told): void {
    if (told.name === 'offer') this.#deps.onOffers(this, told.body.offers);
    else if (told.name === 'report') this.#deps.onReports(this, told.body.reports, told.body.posture);
    // The bridge says why it goes; that it went is seen by the socket.
    else if (told.name === 'refuse') this.#deps.logger.info({ code: told.body.code }, 'the bridge ends its tunnel');
  }

  onPong(): void {
    this.#onMessage(pongFrame, true);
  }

  #onMessage(data: unknown, isBinary: boolean): void {
    try {
      if (!isBinary || !(data instanceof Buffer)) throw invalid('text');
      this.#multiplex.receive(data);
    } catch (error) {
      this.cut(this.#described(error, 'a tunnel failed'), closeCode.protocol);
    }
  }

  #described(error: unknown, message: string): Fault {
    const fault = asFault(error, newId());
    const { workstation } = this.presence;
    if (fault.code === 'INTERNAL') this.#deps.logger.error({ err: error, workstation, ...fault.fields }, message);
    return fault;
  }

  // What its multiplex asks of it.

  room(size: number): Buffer {
    return this.#deps.packets.room(size);
  }

  write(packet: Buffer): void {
    this.#deps.packets.send(this.#line, packet, (this.#onWritten ??= () => this.#written()));
  }

  ping(): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#line.stream.write(ping);
  }

  isWritable(): boolean {
    return this.#socket.bufferedAmount < socketHoldsBytes;
  }

  schedule(isBusy: boolean): void {
    setImmediate(isBusy ? flushNext : flush, this.#multiplex);
  }

  #onWritten: (() => void) | undefined;

  #written(): void {
    this.#multiplex.resume();
  }

  #end(fault: Fault): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.#multiplex.end(fault);
    } catch (error) {
      this.#described(error, 'a channel could not be told that its tunnel ended');
    } finally {
      this.#deps.onEnd(this, fault);
    }
  }
}

/** A turn later: sockets are read in between. */
function flushNext(multiplex: Multiplex): void {
  setImmediate(flush, multiplex);
}

function flush(multiplex: Multiplex): void {
  multiplex.flush();
}
