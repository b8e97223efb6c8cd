// One MCP session with one local server over one channel: finds out its era, numbers the requests, matches the answers.
// It declares no client capabilities, so a request from the server is answered with -32601; its other notifications are counted and dropped.
import { Fault } from '#contract/error.ts';
import type { Slug } from '#contract/id.ts';
import type { Era } from '../call.ts';
import { UnderWay } from '../mcp/under-way.ts';
import { asLine, errorResponse, type Message, readMessage } from '../mcp/jsonrpc.ts';
import type { Channel, ChannelEvents } from '../tunnel/hub.ts';
import type { Reply } from './upstream.ts';
import { clientInfo, discoverRequest, initializedNotification, initializeRequest, isModernAnswer } from './handshake.ts';

const pendingLimit = 1024;
/** However much progress a call reports, it is over after this and one more of its timeouts. */
const progressWithinMs = 3_600_000;
/** How long a server may take over server/discover before it is taken for a legacy one (mcp.md: anything else or a timeout is legacy). */
const discoverWithinMs = 3000;

export interface SessionDeps {
  readonly server: Slug;
  readonly open: (events: ChannelEvents, signal: AbortSignal) => Promise<Channel>;
  /** What an earlier session with the same command found out; undefined asks the server. */
  readonly knownEra: Era | undefined;
  readonly startWithinMs: number;
  readonly onDropped: () => void;
  readonly onClosed: () => void;
}
export interface SessionRequest {
  /** Makes the message for the id and the server's era. */
  readonly compose: (id: number, era: Era) => Buffer;
  readonly timeoutMs: number;
  /** Where the host asked for progress: a report with this token gives the call its time again. */
  readonly progressToken?: unknown;
}
interface Pending {
  readonly progressToken: unknown;
  readonly startedAt: number;
  readonly resolve: (answer: Reply) => void;
  readonly reject: (fault: Fault) => void;
  readonly timer: NodeJS.Timeout;
}

/** Opens the channel and shakes hands. Rejects with a Fault and leaves nothing open. */
export async function openSession(deps: SessionDeps): Promise<Session> {
  const session = new Session(deps);
  const deadline = AbortSignal.timeout(deps.startWithinMs);
  try {
    session.attach(await deps.open(session.events, deadline));
    await session.shakeHands(deadline);
    return session;
  } catch (error) {
    session.close();
    throw deadline.aborted
      ? new Fault('SERVER_TIMEOUT', { server: deps.server, seconds: deps.startWithinMs / 1000 }, { cause: error })
      : error;
  }
}

export class Session {
  era: Era = 'legacy';
  lastUsedAt = performance.now();
  readonly #deps: SessionDeps;
  readonly #pending = new UnderWay<number, Pending>();
  #channel: Channel | undefined;
  #closed: Fault | undefined;
  #nextId = 1;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  get isOpen(): boolean {
    return this.#closed === undefined;
  }
  get isIdle(): boolean {
    return this.#pending.size === 0;
  }

  readonly events: ChannelEvents = {
    onMessage: (body) => this.#receive(body),
    onAborted: (fault) => this.#failPending(fault),
    onClosed: (fault) => this.#end(fault ?? new Fault('TUNNEL_LOST')),
  };

  attach(channel: Channel): void {
    this.#channel = channel;
    if (this.#closed) channel.close();
  }

  async shakeHands(deadline: AbortSignal): Promise<void> {
    this.era = this.#deps.knownEra ?? (await this.#discover(deadline));
    if (this.era === 'modern') return;
    const answer = await this.request({ compose: initializeRequest, timeoutMs: this.#deps.startWithinMs }, deadline);
    if (answer.message.error)
      throw new Fault('SERVER_START_FAILED', { server: this.#deps.server, reason: 'it refused initialize.' });
    this.#channel?.send(Buffer.from(initializedNotification));
  }

  /**
   * Sends one request and waits for its answer; after `timeoutMs` without an answer or progress it is given up. Rejects with SERVER_TIMEOUT, CANCELLED, BUSY, or the fault that ended the channel.
   */
  request({ compose, timeoutMs, progressToken }: SessionRequest, signal: AbortSignal): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      if (signal.aborted) return reject(new Fault('CANCELLED'));
      if (this.#pending.size >= pendingLimit) return reject(new Fault('BUSY', { what: `the server "${this.#deps.server}"` }));
      const id = this.#nextId++;
      this.lastUsedAt = performance.now();
      const giveUp = (fault: Fault) => {
        if (!this.#pending.has(id)) return;
        settle();
        this.#cancel(id);
        reject(fault);
      };
      const onAbort = () => giveUp(new Fault('CANCELLED'));
      const timer = setTimeout(
        () => giveUp(new Fault('SERVER_TIMEOUT', { server: this.#deps.server, seconds: timeoutMs / 1000 })),
        timeoutMs,
      );
      const settle = () => {
        this.#pending.delete(id);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      this.#pending.set(id, {
        timer,
        progressToken,
        startedAt: this.lastUsedAt,
        resolve: (answer) => (settle(), resolve(answer)),
        reject: (fault) => (settle(), reject(fault)),
      });
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        if (!this.#channel) throw new Fault('TUNNEL_LOST');
        this.#channel.send(asLine(compose(id, this.era)));
      } catch (error) {
        settle();
        reject(error instanceof Fault ? error : new Fault('TUNNEL_LOST', {}, { cause: error }));
      }
    });
  }

  close(): void {
    this.#end(new Fault('CANCELLED'));
  }

  async #discover(deadline: AbortSignal): Promise<Era> {
    try {
      const answer = await this.request({ compose: discoverRequest, timeoutMs: discoverWithinMs }, deadline);
      return isModernAnswer(answer.message) ? 'modern' : 'legacy';
    } catch (error) {
      if (error instanceof Fault && error.code === 'SERVER_TIMEOUT' && this.isOpen) return 'legacy';
      throw error;
    }
  }

  #receive(body: Buffer): void {
    let message: Message;
    try {
      message = readMessage(body);
    } catch {
      this.#deps.onDropped(); // text that is no message: the calls it may have meant run into their own deadlines
      return;
    }
    if (message.kind === 'response') {
      if (typeof message.id === 'number') this.#pending.get(message.id)?.resolve({ body, message });
      return;
    }
    this.#deps.onDropped();
    if (message.kind === 'request') this.#refuse(body.subarray(message.idSpan.start, message.idSpan.end), message.method);
    else if (message.method === 'notifications/progress') this.#progressed(message.params.value['progressToken']);
  }

  /** A ping is answered (2025-11-25, basic/utilities/ping); everything else a server may ask needs a capability that was not declared. */
  #refuse(id: Buffer, method: string): void {
    const answer =
      method === 'ping'
        ? Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":'), id, Buffer.from(',"result":{}}')])
        : errorResponse(id.toString(), { code: -32601, message: `${clientInfo.name} does not serve ${method}` });
    try {
      this.#channel?.send(answer);
    } catch {
      this.close(); // a server that asks faster than it reads has broken its own session
    }
  }

  /** A call that reports progress gets its time again, but not for ever. */
  #progressed(token: unknown): void {
    if (token === undefined) return;
    for (const pending of this.#pending.values()) {
      if (pending.progressToken === token && performance.now() - pending.startedAt < progressWithinMs) pending.timer.refresh();
    }
  }

  #cancel(id: number): void {
    try {
      this.#channel?.send(Buffer.from(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id}}}`));
    } catch {
      // The channel is gone or full: the server learns it from its end of input.
    }
  }

  #failPending(fault: Fault): void {
    for (const pending of this.#pending.values()) pending.reject(fault);
  }

  #end(fault: Fault): void {
    if (this.#closed) return;
    this.#closed = fault;
    try {
      this.#failPending(fault);
      this.#channel?.close();
    } finally {
      this.#deps.onClosed();
    }
  }
}
