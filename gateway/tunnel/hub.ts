// The workstations that are connected now, and channels to their local servers: what the rest of the gateway server knows of tunnels.
import type { Fault } from '#contract/error.ts';
import type { Fingerprint, Slug, UserId, WorkstationId } from '#contract/id.ts';
import type { Remnant } from '#contract/remnant.ts';

/** One connected workstation. */
export interface Presence {
  readonly workstation: WorkstationId;
  readonly user: UserId;
  /** When its tunnel was welcomed, ms since 1970. */
  readonly since: number;
}

/** A channel to one local server's stdio. */
export interface Channel {
  /** What waits to be sent. */
  readonly queuedBytes: number;
  /** Sends one message (JSON text without newlines). Throws Fault BUSY where too much is waiting, TUNNEL_LOST where the channel is over. */
  send(message: Buffer): void;
  /** Ends the channel, and the child with it. Idempotent. */
  close(): void;
}

export interface ChannelEvents {
  /** One whole message from the far end. */
  onMessage(body: Buffer): void;
  /**
   * A message was given up (e.g. MESSAGE_TOO_LARGE); the channel lives. `remnant` is what is left of it, absent where the far end does not say.
   * Called again, with a tail, for one whose end was read later.
   */
  onAborted(fault: Fault, remnant?: Remnant): void;
  /** The channel is over; called once, also after close(). `fault` says why, undefined where we closed it. */
  onClosed(fault: Fault | undefined): void;
}

export interface Hub {
  /** Tunnels of a user that are up now, the one used last first. */
  presences(user: UserId): readonly Presence[];
  presence(workstation: WorkstationId): Presence | undefined;
  /** Calls `listener` for every tunnel that comes up from now on. */
  onAppeared(listener: (presence: Presence) => void): void;
  /** Opens a channel to a local server; resolves when the device has started it. Rejects with the device's Fault, WORKSTATION_OFFLINE or TUNNEL_LOST. */
  open(
    workstation: WorkstationId,
    server: Slug,
    fingerprint: Fingerprint,
    events: ChannelEvents,
    signal: AbortSignal,
    /** The AI host that calls: on the device, its own entry counts. */
    host?: string,
  ): Promise<Channel>;
}

/** What a bridge asks for when an AI host came through the shim. */
export interface HostOpen {
  readonly host: string;
  readonly gateway: Slug;
  readonly server?: Slug;
}
/** Accepts a host's channel: returns what receives its lines, or throws the Fault that refuses it. Given to the hub by the root. */
export type AcceptHost = (presence: Presence, open: HostOpen, channel: Channel) => Promise<ChannelEvents>;
