// A shim's lines to a channel of the tunnel and back. It looks into none of them.
// Rule: neither side is read faster than the other one takes.
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { entryOf, Fault } from '#contract/error.ts';
import type { AgentFault } from '#contract/agent.ts';
import { cutLines } from './line.ts';

/** The tunnel's end of a host's channel. */
export interface HostEnd {
  /** Resolves when the tunnel took it. */
  send(line: Buffer): Promise<void>;
  close(): void;
}
export interface HostEvents {
  onMessage(line: Buffer): Promise<void>;
  onAborted(fault: Fault): void;
  onClosed(fault: Fault | undefined): void;
}

const newlineBytes = Buffer.from('\n');
const nul = 0x00;
/** What may wait for the tunnel before the shim is no longer read. */
const aheadBytes = 256 * 1024;

/** Opens the channel, says so, and relays until either side ends. `before`: what the shim sent behind its first line. */
export async function relayHost(
  socket: Socket,
  before: Buffer,
  limitBytes: number,
  open: (events: HostEvents) => Promise<HostEnd>,
  logger: Logger,
): Promise<void> {
  let channel: HostEnd | undefined = undefined;
  let isOver = false;
  let waitingBytes = 0;
  const cutter = cutLines(limitBytes + 1);
  const write = createWriter(socket);

  const over = (fault: Fault | undefined): void => {
    if (isOver) return;
    isOver = true;
    channel?.close();
    if (socket.destroyed) return;
    if (fault) socket.write(`\0${JSON.stringify({ lost: faultOnWire(fault) })}\n`);
    socket.end();
    // a shim that doesn't read its last words is not waited for
    socket.setTimeout(1_000, () => socket.destroy());
  };
  const sent = (bytes: number): void => {
    waitingBytes -= bytes;
    if (waitingBytes < aheadBytes && !isOver) socket.resume();
  };
  const receive = (chunk: Buffer): void => {
    let lines: readonly Buffer[];
    try {
      lines = cutter.push(chunk);
    } catch {
      over(new Fault('MESSAGE_TOO_LARGE', { limitBytes }));
      return;
    }
    for (const line of lines) {
      // a line that its shim gave up
      if (line.at(-1) === nul || line.length === 0) continue;
      if (!channel || isOver) return;
      waitingBytes += line.length;
      channel.send(line).then(
        () => sent(line.length),
        (error: unknown) => over(error instanceof Fault ? error : new Fault('TUNNEL_LOST', {}, { cause: error })),
      );
    }
    if (waitingBytes >= aheadBytes) socket.pause();
  };

  socket.on('close', () => over(undefined));
  channel = await open({
    onMessage: (line) => write(line),
    onAborted: (fault) => logger.warn({ code: fault.code }, 'message to host given up'),
    onClosed: (fault) => over(fault ?? new Fault('TUNNEL_LOST')),
  });
  if (isOver || socket.destroyed) {
    channel.close();
    return;
  }
  socket.write(`${JSON.stringify({ opened: { limitBytes } })}\n`);
  socket.on('end', () => over(undefined));
  socket.on('data', receive);
  if (before.length > 0) receive(before);
  socket.resume();
}

/** Writes lines; the promise resolves when the socket takes more, or is gone. The lines of one tick go out in one write, and one wait serves all who wait. */
function createWriter(socket: Socket): (line: Buffer) => Promise<void> {
  let draining: Promise<void> | undefined;
  const taken = Promise.resolve();
  return (line) => {
    if (socket.destroyed || socket.writableEnded) return taken;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    socket.write(line);
    if (socket.write(newlineBytes)) return taken;
    draining ??= new Promise<void>((resolve) => {
      const settle = (): void => {
        socket.off('drain', settle).off('close', settle);
        draining = undefined;
        resolve();
      };
      socket.on('drain', settle).on('close', settle);
    });
    return draining;
  };
}

/** A fault for a client without the table. */
export function faultOnWire(fault: Fault): AgentFault {
  const { rpc, retry } = entryOf(fault.code);
  return { code: fault.code, message: fault.message, rpc, retry };
}
