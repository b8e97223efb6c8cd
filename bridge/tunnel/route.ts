// Channel -> child. What the gateway opens is a server's name and a fingerprint, and only the pool says whether that runs here.
// Lines and chunks pass unread; each side's pace holds the other back: credit is granted as the child takes its input, and the child's output
// is read on as the tunnel takes it. All children of a tunnel end with it.
import type { Logger } from 'pino';
import type { ChannelEnd, ChannelSink } from '#contract/channel.ts';
import { asFault, Fault } from '#contract/error.ts';
import type { FrameBody } from '#contract/frame.ts';
import { own } from '#contract/frame-codec.ts';
import { newId } from '#contract/id.ts';
import { remnantOf } from '#contract/remnant.ts';
import type { LocalServer, LocalServerEvents, Pool } from '../server/pool.ts';

/** A child whose lines wait in this much is not read on. */
const readAheadBytes = 256 * 1024;

export interface Route {
  /** The gateway opened a channel. */
  open(channel: ChannelEnd, open: FrameBody<'open'>): ChannelSink;
  /** Ends every child that was opened on this tunnel; resolves when they are gone. Idempotent. */
  close(): Promise<void>;
}

export function createRoute(deps: { readonly pool: Pool; readonly logger: Logger }): Route {
  const children = new Set<LocalServer>();
  const ending = new Set<Promise<void>>();
  let isClosed = false;

  function end(child: LocalServer): void {
    if (!children.delete(child)) return;
    const ended = child
      .close()
      .catch((err: unknown) => deps.logger.error({ err }, 'a local server could not be ended'))
      .finally(() => ending.delete(ended));
    ending.add(ended);
  }

  function described(error: unknown): Fault {
    const fault = asFault(error, newId());
    if (fault.code === 'INTERNAL') deps.logger.error({ err: error, ...fault.fields }, 'a local server failed');
    return fault;
  }

  function open(channel: ChannelEnd, request: Extract<FrameBody<'open'>, { kind: 'server' }>): ChannelSink {
    let child: LocalServer | undefined;
    let isOver = false;

    const over = (fault: Fault | undefined): void => {
      if (isOver) return;
      isOver = true;
      // What the child said before it ended still goes out.
      channel.close(fault, 'drain');
    };
    const events: LocalServerEvents = {
      onMessage(line) {
        return isOver || line.length === 0 ? undefined : send(channel, line);
      },
      onOversize: (fault, remnant) => channel.abort(fault, remnant),
      onExit(fault) {
        if (child !== undefined) children.delete(child);
        over(fault ?? new Fault('SERVER_EXITED', { server: request.server, how: 'it was closed', stderr: '' }));
      },
    };
    deps.pool.open(request.server, request.fingerprint, events, request.host).then(
      (opened) => {
        child = opened;
        children.add(opened);
        if (isOver || isClosed) end(opened);
        else channel.accept();
      },
      (error: unknown) => over(described(error)),
    );
    return {
      onOpened: () => undefined,
      onChunk(chunk, last) {
        if (child === undefined || isOver) return;
        const { length } = chunk;
        child.write(own(chunk), last).then(
          () => channel.grant(length),
          // A child that takes no more input is about to exit, and onExit knows why.
          () => undefined,
        );
      },
      // Nobody begins a message to a child and gives it up; if one does, the child would wait for the rest for ever.
      onAborted: (fault) => {
        over(fault);
        if (child !== undefined) end(child);
      },
      onClosed() {
        isOver = true;
        if (child !== undefined) end(child);
      },
    };
  }

  return {
    open(channel, request) {
      if (request.kind === 'server' && !isClosed) return open(channel, request);
      channel.close(new Fault('STOPPING'));
      return { onOpened: () => undefined, onChunk: () => undefined, onAborted: () => undefined, onClosed: () => undefined };
    },
    async close() {
      isClosed = true;
      for (const child of [...children]) end(child);
      await Promise.all(ending);
    },
  };
}

/** Sends a line; a promise holds the child's output back while much waits. A line that can't be sent is given up, and the gateway is told. */
function send(channel: ChannelEnd, line: Buffer): void | Promise<void> {
  if (channel.queuedBytes + line.length <= readAheadBytes) return sendOrGiveUp(channel, line, () => undefined);
  return new Promise((resolve) => sendOrGiveUp(channel, line, resolve));
}

function sendOrGiveUp(channel: ChannelEnd, line: Buffer, onSent: () => void): void {
  try {
    channel.send(line, onSent);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code !== 'TUNNEL_LOST') channel.abort(error, remnantOf(line));
    onSent();
  }
}
