// `drawbridge connect`: lines between an AI host's stdio and the agent's socket. What passes is forwarded as it came; only the ids at the top of
// each line are read, so that no request of the host stays without an answer.
//
// What a host sees when the way breaks, and why. Claude Desktop and Codex don't start a stdio server again that ended (the user has to), and a
// laptop's tunnel breaks each time its lid is closed. So:
// - The tunnel is lost, the agent lives: each request under way is answered with the fault at once (it may have run, so no request is ever sent
//   again) and the shim stays. The host's next line opens a new channel. Where the host had said `initialize`, that handshake alone is said again
//   for it and its answer swallowed: it does nothing but open a session, and the old session's children died with the tunnel. Where the answer
//   names another protocol version than the host agreed to, the shim ends instead.
// - No new channel can be had: the request is answered with the reason, and a later one tries again.
// - The agent is gone (its socket closed without a word): requests under way are answered, one line goes to stderr, exit code 1.
// - The first channel is refused (no agent, a gateway that isn't the profile's): its words go to stderr and to each request, then exit code 1.
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { createHandshake } from './handshake.ts';
import { faultOf, firstLine, member, openLink, parseObject } from './link.ts';
import type { LinkOptions, ShimFault } from './link.ts';
import { createPending, errorLine } from './pending.ts';
import { createScanner } from './scan.ts';
import type { ScannedLine } from './scan.ts';

export interface ShimOptions extends LinkOptions {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

const newline = 0x0a;
const nul = 0x00;
const giveUpLine = Buffer.from([nul, newline]);
/** Hosts kill a server 2 s after they closed its stdin; answers under way are waited for a little less. */
const lingerMs = 1_500;
/** After the first channel was refused and the host was told, for what else it has asked already. */
const lastWordsMs = 300;
/** For a host that never asks after the first channel was refused. */
const unaskedMs = 10_000;
/** After a channel could not be opened, requests are answered with the same words for this long, before the next one tries. */
const tryAgainAfterMs = 1_000;

const agentGone: ShimFault = {
  code: 'TUNNEL_LOST',
  message:
    'Drawbridge on this workstation ended while the call was running. It may or may not have run: check before you repeat it.',
  rpc: 7502,
  retry: 'unknown',
};

/** Serves one host. Resolves with the exit code when everything is written. */
export function serveHost(options: ShimOptions): Promise<number> {
  return new Promise((resolve) => {
    new Shim(options, resolve).start();
  });
}

class Shim {
  readonly #options: ShimOptions;
  readonly #resolve: (code: number) => void;
  readonly #pending = createPending();
  readonly #handshake = createHandshake();
  readonly #fromHost = createScanner((line) => this.#hostLine(line));
  #toHost = createScanner((line) => this.#agentLine(line));
  /** The line that the last push ended. */
  #ended: ScannedLine | undefined;
  /** The channel; absent while there is none. */
  #socket: Socket | undefined;
  #limitBytes = 0;
  /** What the host said while a channel was being opened; its stdin is paused meanwhile. */
  #held: Buffer | undefined;
  /** Why the host's current line goes nowhere; its request is answered with this. */
  #refusing: ShimFault | undefined;
  /** No channel is tried before that. */
  #closed: { readonly fault: ShimFault; readonly until: number } | undefined;
  #wasOpen = false;
  #stdinEnded = false;
  #isEnded = false;
  #deadline: NodeJS.Timeout | undefined;

  constructor(options: ShimOptions, resolve: (code: number) => void) {
    this.#options = options;
    this.#resolve = resolve;
  }

  start(): void {
    const { stdin, stdout } = this.#options;
    stdout.on('error', () => this.#end(1));
    stdout.on('drain', () => this.#socket?.resume());
    const hostEnded = (): void => {
      this.#stdinEnded = true;
      if (!this.#held) this.#endSoon();
    };
    stdin.on('data', (chunk: Buffer) => this.#receive(chunk));
    stdin.on('end', hostEnded).on('error', hostEnded);
    this.#hold(Buffer.alloc(0));
  }

  // from the host

  #receive(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && !this.#isEnded) {
      const isClosed = this.#closed !== undefined && performance.now() < this.#closed.until;
      if (this.#refusing) rest = this.#refuseLine(rest);
      else if (this.#socket && this.#handshake.isSettled && this.#fromHost.lineBytes + rest.length <= this.#limitBytes) {
        this.#forward(this.#socket, rest);
        return;
      } else if (this.#socket) rest = this.#passLine(this.#socket, rest);
      else if (isClosed) this.#refusing = this.#closed?.fault;
      else {
        this.#hold(rest);
        return;
      }
    }
  }

  /** Opens a channel before the host's next bytes go on. */
  #hold(bytes: Buffer): void {
    this.#held = bytes;
    this.#options.stdin.pause();
    void this.#open();
  }

  #forward(socket: Socket, chunk: Buffer): void {
    const isTaken = socket.write(chunk);
    // While the agent wakes up: no answer can be read before this turn is over.
    this.#fromHost.push(chunk);
    if (isTaken) return;
    this.#options.stdin.pause();
    socket.once('drain', () => {
      if (!this.#held) this.#options.stdin.resume();
    });
  }

  /** One line, or as much of it as is there; returns what follows. The careful way: near the limit, and until the handshake was seen. */
  #passLine(socket: Socket, chunk: Buffer): Buffer {
    const part = lineOf(chunk);
    if (this.#fromHost.lineBytes + part.length > this.#limitBytes) {
      if (this.#fromHost.lineBytes > 0) socket.write(giveUpLine);
      this.#refusing = tooLarge(this.#limitBytes);
      return chunk;
    }
    this.#ended = undefined;
    this.#forward(socket, part);
    if (!this.#handshake.isSettled) this.#handshake.fromHost(part, this.#ended);
    return chunk.subarray(part.length);
  }

  #refuseLine(chunk: Buffer): Buffer {
    const part = lineOf(chunk);
    this.#fromHost.push(part);
    if (part.at(-1) === newline) this.#refusing = undefined;
    return chunk.subarray(part.length);
  }

  #hostLine(line: ScannedLine): void {
    this.#ended = line;
    if (!this.#refusing) this.#pending.fromHost(line);
    else if (line.id !== undefined && line.method !== undefined) this.#answer(line.id, this.#refusing);
  }

  #answer(id: string, fault: ShimFault): void {
    this.#options.stdout.write(errorLine(id, fault));
    if (!this.#wasOpen) this.#endWithin(lastWordsMs, 1);
  }

  // the channel

  async #open(): Promise<void> {
    const link = await openLink(this.#options);
    if (this.#isEnded) return;
    if (link.kind === 'refused') this.#refused(link.fault);
    else {
      const repeated = await this.#handshake.repeat(link.socket, link.rest);
      if (this.#isEnded) return;
      if (repeated.kind === 'done') this.#opened(link.socket, link.limitBytes, repeated.rest);
      else {
        link.socket.destroy();
        this.#refused(repeated.fault);
        if (repeated.kind === 'changed') this.#endWithin(lastWordsMs, 1);
      }
    }
    const held = this.#held ?? Buffer.alloc(0);
    this.#held = undefined;
    this.#receive(held);
    if (this.#held) return;
    if (this.#stdinEnded) this.#endSoon();
    else this.#options.stdin.resume();
  }

  #opened(socket: Socket, limitBytes: number, rest: Buffer): void {
    this.#wasOpen = true;
    this.#closed = undefined;
    this.#socket = socket;
    this.#limitBytes = limitBytes;
    socket.on('data', (chunk: Buffer) => this.#deliver(socket, chunk));
    socket.on('close', () => this.#lost(socket, undefined));
    if (rest.length > 0) this.#deliver(socket, rest);
    socket.resume();
  }

  #refused(fault: ShimFault): void {
    this.#say(fault);
    this.#closed = { fault, until: this.#wasOpen ? performance.now() + tryAgainAfterMs : Infinity };
    if (!this.#wasOpen) this.#endWithin(unaskedMs, 1);
  }

  /** Bytes of the agent. */
  #deliver(socket: Socket, chunk: Buffer): void {
    if (this.#socket !== socket) return;
    const mark = chunk.indexOf(nul);
    const lines = mark < 0 ? chunk : chunk.subarray(0, mark);
    if (lines.length > 0) {
      if (!this.#options.stdout.write(lines)) socket.pause();
      this.#read(lines);
    }
    if (mark < 0) return;
    // the words behind the mark may come in parts
    socket.removeAllListeners('data').removeAllListeners('close');
    void firstLine(socket, chunk.subarray(mark + 1)).then((last) => this.#lost(socket, last && lossIn(last.line)));
  }

  #read(lines: Buffer): void {
    let rest = lines;
    while (!this.#handshake.isSettled && rest.length > 0) {
      const part = lineOf(rest);
      this.#ended = undefined;
      this.#toHost.push(part);
      this.#handshake.toHost(part, this.#ended);
      rest = rest.subarray(part.length);
    }
    this.#toHost.push(rest);
  }

  #agentLine(line: ScannedLine): void {
    this.#ended = line;
    this.#pending.toHost(line);
    if (this.#stdinEnded && this.#pending.size === 0) this.#end(0);
  }

  /** The channel is over. `fault` is absent where the agent itself is gone. */
  #lost(socket: Socket, fault: ShimFault | undefined): void {
    if (this.#socket !== socket || this.#isEnded) return;
    this.#socket = undefined;
    socket.destroy();
    if (this.#stdinEnded && this.#pending.size === 0) {
      this.#end(0);
      return;
    }
    const why = fault ?? agentGone;
    this.#say(why);
    // a line that was cut off would swallow the answers behind it
    if (this.#toHost.lineBytes > 0) this.#options.stdout.write('\n');
    this.#toHost = createScanner((line) => this.#agentLine(line));
    for (const id of this.#pending.takeAll()) this.#options.stdout.write(errorLine(id, why));
    if (this.#fromHost.lineBytes > 0) this.#refusing = why;
    // the host's stdin may be paused because that socket was full
    if (!this.#held) this.#options.stdin.resume();
    if (!fault) this.#end(1);
    else if (this.#stdinEnded) this.#end(0);
  }

  // the end

  #say(fault: ShimFault): void {
    this.#options.stderr.write(`drawbridge: ${fault.message} (${fault.code})\n`);
  }

  #endSoon(): void {
    if (this.#pending.size === 0 || !this.#socket) this.#end(this.#wasOpen || !this.#closed ? 0 : 1);
    else this.#endWithin(lingerMs, 0);
  }

  #endWithin(ms: number, code: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#end(code), ms);
  }

  #end(code: number): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#deadline);
    this.#socket?.destroy();
    const settle = (): void => this.#resolve(code);
    if (this.#options.stdout.writableLength === 0 || this.#options.stdout.destroyed) settle();
    else {
      setTimeout(settle, lingerMs);
      this.#options.stdout.write('', settle);
    }
  }
}

/** The bytes up to and with the first newline, or all of them. */
function lineOf(chunk: Buffer): Buffer {
  const found = chunk.indexOf(newline);
  return found < 0 ? chunk : chunk.subarray(0, found + 1);
}

/** The fault behind the NUL; the agent's mark without one is as good as its silence. */
function lossIn(text: Buffer): ShimFault | undefined {
  const lost = member(parseObject(text) ?? {}, 'lost');
  return lost && faultOf(lost);
}

function tooLarge(limitBytes: number): ShimFault {
  return {
    code: 'MESSAGE_TOO_LARGE',
    message: `The message is larger than the limit of ${limitBytes} bytes.`,
    rpc: 7413,
    retry: 'no',
  };
}
