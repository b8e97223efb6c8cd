// The bridge's end of a tunnel that was welcomed: the socket, the multiplex over it, and the children behind its channels.
// When it ends, for whatever reason, every child ends and every host's channel is told, once.
import type { WebSocket } from 'ws';
import type { Logger } from 'pino';
import type { Budget } from '#contract/assembly.ts';
import { asFault, Fault } from '#contract/error.ts';
import { closeCode, frameType, largestMessageLimitBytes, type FrameBody } from '#contract/frame.ts';
import { frame, fromWire, invalid, pingFrame, toWire } from '#contract/frame-codec.ts';
import { newId, type Slug } from '#contract/id.ts';
import { Multiplex, type MultiplexOwner, type Told } from '#contract/multiplex.ts';
import { Packets, type Line } from '#contract/packet.ts';
import type { PostureSummary } from '#contract/posture-summary.ts';
import type { RecentCall } from '#contract/recent-call.ts';
import type { Report } from '#contract/report.ts';
import type { Offer, Verdict } from '#contract/server.ts';
import type { Pool } from '../server/pool.ts';
import { openHostChannel, type HostChannel, type HostChannelEvents } from './host-channel.ts';
import { createMasking } from './mask.ts';
import { fitting } from './offer.ts';
import { createRoute, type Route } from './route.ts';

/** What the socket may hold before frames wait for it. */
const socketHoldsBytes = 1024 * 1024;

export interface HostOpen {
  readonly host: string;
  readonly gateway: Slug;
  readonly server?: Slug | undefined;
}

export interface LinkDeps {
  readonly socket: WebSocket;
  /** What the socket stands on. */
  readonly stream: Line['stream'];
  readonly welcome: FrameBody<'welcome'>;
  /** Of the tunnel's frames, as both ends agreed. */
  readonly version: number;
  readonly pool: Pool;
  readonly onWelcome: (welcome: FrameBody<'welcome'>) => void;
  readonly onVerdicts: (verdicts: readonly Verdict[]) => void;
  readonly onCalls: (calls: readonly RecentCall[]) => void;
  readonly onNoted: (ids: readonly string[]) => void;
  /** `refusal`: what the gateway said, where it said why. */
  readonly onEnd: (fault: Fault, refusal: Fault | undefined) => void;
  readonly pingAfterMs: number;
  readonly deadAfterMs: number;
  readonly logger: Logger;
}

export class Link {
  #deps: LinkDeps;
  #multiplex: Multiplex;
  #route: Route;
  #limitBytes: number;
  #budget: Budget;
  #refusal: Fault | undefined;
  #isEnded = false;
  #children: Promise<void> = Promise.resolve();

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    this.#limitBytes = Math.min(deps.welcome.messageLimitBytes, largestMessageLimitBytes);
    this.#budget = { leftBytes: 8 * this.#limitBytes };
    this.#route = createRoute({ pool: deps.pool, logger: deps.logger });
    const { socket } = deps;
    const packets = new Packets(createMasking());
    const owner: MultiplexOwner = {
      room: (size) => packets.room(size),
      write: (packet) => packets.send(deps, packet, this.#onWritten),
      ping: () => packets.sendFrames(deps, pingFrame),
      isWritable: () => socket.bufferedAmount < socketHoldsBytes,
      schedule: (isBusy) => void setImmediate(isBusy ? this.#flushNext : this.#flush),
      onOpen: (channel, open) => this.#route.open(channel, open),
      onTell: (told) => this.#onTold(told),
    };
    this.#multiplex = new Multiplex(owner, deps.version, {
      side: 'bridge',
      messageLimitBytes: this.#limitBytes,
      pingAfterMs: deps.pingAfterMs,
      deadAfterMs: deps.deadAfterMs,
      now: () => performance.now(),
    });
    socket.on('message', (data: unknown, isBinary: boolean) => this.#onMessage(data, isBinary));
    socket.on('close', () => void this.end(new Fault('TUNNEL_LOST')));
  }

  tellOffers(offers: readonly Offer[]): void {
    const fits = fitting(offers);
    if (fits.length < offers.length)
      this.#deps.logger.error({ offers: offers.length, told: fits.length }, 'too many local servers to offer them all');
    this.#multiplex.tell({ name: 'offer', body: { offers: fits } });
  }

  /** To a gateway that knows reports. Until it says that it has them they are told again; of the posture each one tells all. */
  tellReports(reports: readonly Report[], posture: PostureSummary | undefined): void {
    if (this.#deps.version >= 2 && (reports.length > 0 || posture !== undefined))
      this.#multiplex.tell({ name: 'report', body: { reports: [...reports], posture } });
  }

  openHost({ host, gateway, server }: HostOpen, events: HostChannelEvents): Promise<HostChannel> {
    const body = { kind: 'host' as const, host, gateway, ...(server === undefined ? {} : { server }) };
    const limits = { limitBytes: this.#limitBytes, budget: this.#budget };
    return openHostChannel((sink) => this.#multiplex.open(body, sink), events, limits);
  }

  /** When tick() has something to do at the earliest, on the clock of performance.now(). */
  get dueMs(): number {
    return this.#multiplex.dueMs;
  }

  /** Pings when that is due, and ends a tunnel that has been silent for too long. */
  tick(): void {
    if (this.#multiplex.tick() === 'silent') void this.end(new Fault('TUNNEL_LOST'), closeCode.silent);
  }

  /** Ends the tunnel and all its children; resolves when they are gone. Idempotent. */
  end(fault: Fault, code: number = closeCode.stopping): Promise<void> {
    if (!this.#isEnded) {
      this.#isEnded = true;
      this.#children = this.#end(fault, code);
    }
    return this.#children;
  }

  #end(fault: Fault, code: number): Promise<void> {
    const { socket, onEnd } = this.#deps;
    if (socket.readyState === socket.OPEN && code !== closeCode.silent) {
      socket.send(frame(frameType.refuse, 0, Buffer.from(JSON.stringify(toWire(fault)))));
      socket.close(code, fault.code);
      const cut = setTimeout(() => socket.terminate(), 1000);
      socket.once('close', () => clearTimeout(cut));
    } else socket.terminate();
    try {
      this.#multiplex.end(fault);
    } catch (error) {
      this.#described(error, 'a channel could not be told that its tunnel ended');
    }
    const children = this.#route.close();
    onEnd(fault, this.#refusal);
    return children;
  }

  #onTold(told: Told): void {
    if (told.name === 'verdict') this.#deps.onVerdicts(told.body.verdicts);
    else if (told.name === 'welcome') this.#deps.onWelcome(told.body);
    else if (told.name === 'calls') this.#deps.onCalls(told.body.calls);
    else if (told.name === 'noted') this.#deps.onNoted(told.body.ids);
    else if (told.name === 'refuse') {
      this.#refusal = fromWire(told.body);
      // Children end now, not when the socket is closed.
      void this.end(new Fault('TUNNEL_LOST'), closeCode.silent);
    }
  }

  #onMessage(data: unknown, isBinary: boolean): void {
    try {
      if (!isBinary || !(data instanceof Buffer)) throw invalid('text');
      this.#multiplex.receive(data);
    } catch (error) {
      void this.end(this.#described(error, 'the tunnel failed'), closeCode.protocol);
    }
  }

  #described(error: unknown, message: string): Fault {
    const fault = asFault(error, newId());
    if (fault.code === 'INTERNAL') this.#deps.logger.error({ err: error, ...fault.fields }, message);
    else this.#deps.logger.warn({ code: fault.code, reason: fault.fields['reason'] }, message);
    return fault;
  }

  readonly #flush = (): void => this.#multiplex.flush();

  /** A turn later: pipes are read in between. */
  readonly #flushNext = (): void => void setImmediate(this.#flush);

  readonly #onWritten = (): void => {
    this.#multiplex.resume();
  };
}
