// The channel of an AI host that came through the shim: whole lines both ways, each side's pace holding the other back.
import { Assembly, type Budget } from '#contract/assembly.ts';
import type { ChannelEnd, ChannelSink } from '#contract/channel.ts';
import { Fault } from '#contract/error.ts';

export interface HostChannel {
  /** Sends one line (without its newline); resolves when the tunnel took it. Rejects with MESSAGE_TOO_LARGE, BUSY, or TUNNEL_LOST where the channel is over. */
  send(line: Buffer): Promise<void>;
  /** Ends the channel after what was sent. Idempotent. */
  close(): void;
}

export interface HostChannelEvents {
  /** One line for the host. Where it returns a promise, no more comes than the channel's credit until that settles. */
  onMessage(line: Buffer): void | Promise<void>;
  /** A line to the host was given up; the channel lives. */
  onAborted(fault: Fault): void;
  /** The channel is over, by the gateway or with the tunnel; once, and not after close(). */
  onClosed(fault: Fault | undefined): void;
}

/** A host whose lines wait in this much is not read on. */
const readAheadBytes = 256 * 1024;

/** Opens by `open`; resolves when the gateway has accepted, rejects with the Fault that refused it. */
export function openHostChannel(
  open: (sink: ChannelSink) => ChannelEnd,
  events: HostChannelEvents,
  limits: { readonly limitBytes: number; readonly budget: Budget },
): Promise<HostChannel> {
  const opening = Promise.withResolvers<HostChannel>();
  let isOpen = false;
  const end = open({
    onOpened() {
      isOpen = true;
      opening.resolve({ send, close });
    },
    onChunk: (chunk, last) => assembly.add(chunk, last),
    onAborted: (fault, remnant) => assembly.aborted(fault, remnant),
    onClosed(fault) {
      assembly.drop();
      if (isOpen) events.onClosed(fault);
      else opening.reject(fault ?? new Fault('CANCELLED'));
    },
  });
  const assembly = new Assembly(end, {
    ...limits,
    onMessage: (body) => events.onMessage(body),
    onAborted: (fault) => events.onAborted(fault),
  });

  function send(line: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      try {
        const fits = end.queuedBytes + line.length <= readAheadBytes;
        end.send(line, fits ? undefined : resolve);
        if (fits) resolve();
      } catch (error) {
        reject(error);
      }
    });
  }

  function close(): void {
    assembly.drop();
    end.close(undefined, 'drain');
  }

  return opening.promise;
}
