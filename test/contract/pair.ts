// Two ends of a tunnel joined by two lists of packets instead of a socket: a test decides when each end packs and when a packet arrives.
import type { ChannelEnd, ChannelSink } from '#contract/channel.ts';
import type { Fault } from '#contract/error.ts';
import { pingAfterMs, type FrameBody } from '#contract/frame.ts';
import { pingFrame } from '#contract/frame-codec.ts';
import { Multiplex, type MultiplexOptions, type Told } from '#contract/multiplex.ts';
import type { Remnant } from '#contract/remnant.ts';
import { Fingerprint, Slug } from '#contract/id.ts';

export interface Side {
  readonly multiplex: Multiplex;
  readonly outgoing: Buffer[];
  /** Channels that the other side opened. */
  readonly accepted: { readonly channel: ChannelEnd; readonly log: ChannelLog }[];
  readonly told: Told[];
  /** How often it asked to be flushed, and whether it said the last time that it is busy. */
  scheduled: number;
  wasBusy: boolean;
  room: boolean;
}

/** What happened on a channel. `grants` off: the test gives credit back itself. */
export class ChannelLog implements ChannelSink {
  readonly chunks: { readonly chunk: Buffer; readonly last: boolean }[] = [];
  readonly aborted: Fault[] = [];
  readonly remnants: (Remnant | undefined)[] = [];
  readonly closed: (Fault | undefined)[] = [];
  opened = 0;
  channel: ChannelEnd | undefined;
  grants = true;

  onOpened(): void {
    this.opened++;
  }
  onChunk(chunk: Buffer, last: boolean): void {
    this.chunks.push({ chunk: Buffer.from(chunk), last });
    if (this.grants) this.channel?.grant(chunk.length);
  }
  onAborted(fault: Fault, remnant?: Remnant): void {
    this.aborted.push(fault);
    this.remnants.push(remnant);
  }
  onClosed(fault: Fault | undefined): void {
    this.closed.push(fault);
  }

  /** Whole messages that arrived. */
  get messages(): Buffer[] {
    const messages: Buffer[] = [];
    let parts: Buffer[] = [];
    for (const { chunk, last } of this.chunks) {
      parts.push(chunk);
      if (!last) continue;
      messages.push(Buffer.concat(parts));
      parts = [];
    }
    return messages;
  }
}

export interface Pair {
  /** Of both sides. */
  readonly clock: { nowMs: number };
  readonly gateway: Side;
  readonly bridge: Side;
  /** Opens a channel from the gateway that the bridge accepts. */
  open(): { readonly near: ChannelEnd; readonly log: ChannelLog; readonly far: ChannelEnd; readonly farLog: ChannelLog };
  /** Packs and delivers until nothing is under way. */
  settle(): void;
}

export const aServer: Extract<FrameBody<'open'>, { kind: 'server' }> = {
  kind: 'server',
  server: Slug.parse('memory'),
  fingerprint: Fingerprint.parse(`sha256:${'0'.repeat(64)}`),
};

/** When each side pings. */
type Pings = Readonly<Record<'gateway' | 'bridge', number>>;

export function createPair(options: Partial<MultiplexOptions> = {}, accepts = true, pings: Pings = pingAfterMs): Pair {
  const clock = { nowMs: 0 };
  const gateway = createSide('gateway', clock, { pingAfterMs: pings.gateway, ...options }, accepts);
  const bridge = createSide('bridge', clock, { pingAfterMs: pings.bridge, ...options }, accepts);

  function settle(): void {
    for (;;) {
      gateway.multiplex.flush();
      bridge.multiplex.flush();
      const down = gateway.outgoing.shift();
      if (down !== undefined) bridge.multiplex.receive(down);
      const up = bridge.outgoing.shift();
      if (up !== undefined) gateway.multiplex.receive(up);
      if (down === undefined && up === undefined) return;
    }
  }

  return {
    gateway,
    bridge,
    clock,
    settle,
    open() {
      const log = new ChannelLog();
      const near = gateway.multiplex.open(aServer, log);
      log.channel = near;
      settle();
      const far = bridge.accepted.at(-1);
      if (far === undefined) throw new Error('the channel did not arrive');
      return { near, log, far: far.channel, farLog: far.log };
    },
  };
}

function createSide(
  side: 'gateway' | 'bridge',
  clock: { nowMs: number },
  options: Partial<MultiplexOptions> & Pick<MultiplexOptions, 'pingAfterMs'>,
  accepts: boolean,
): Side {
  const outgoing: Buffer[] = [];
  const accepted: { channel: ChannelEnd; log: ChannelLog }[] = [];
  const told: Told[] = [];
  const made: Side = {
    outgoing,
    accepted,
    told,
    scheduled: 0,
    wasBusy: false,
    room: true,
    multiplex: new Multiplex(
      {
        room: (size) => Buffer.allocUnsafe(size),
        write: (packet) => void outgoing.push(packet),
        ping: () => void outgoing.push(pingFrame),
        isWritable: () => made.room,
        schedule(isBusy) {
          made.scheduled++;
          made.wasBusy = isBusy;
        },
        onOpen(channel) {
          const log = new ChannelLog();
          log.channel = channel;
          accepted.push({ channel, log });
          if (accepts) channel.accept();
          return log;
        },
        onTell: (one) => void told.push(one),
      },
      2,
      {
        side,
        messageLimitBytes: 8 * 1024 * 1024,
        deadAfterMs: 45_000,
        now: () => clock.nowMs,
        ...options,
      },
    ),
  };
  return made;
}
