// One MCP session with one local server over one channel: finds out its era, numbers the requests, matches the answers.
// It declares no client capabilities, so a request from the server is answered with -32601; its other notifications are counted and dropped.
import { Fault } from '#contract/error.ts';
import type { Slug } from '#contract/id.ts';
import type { Remnant } from '#contract/remnant.ts';
import type { Era } from '../call.ts';
import { answeredIds, answeredIdsOf } from '../mcp/answered-id.ts';
import { UnderWay } from '../mcp/under-way.ts';
import { asLine, errorResponse, isObject, type Message, readMessage, type ResponseMessage } from '../mcp/jsonrpc.ts';
import type { Channel, ChannelEvents } from '../tunnel/hub.ts';
import type { About, Reply, Trace } from './upstream.ts';
import { aboutOf, clientInfo, discoverRequest, initializedNotification, initializeRequest, isModernAnswer } from './handshake.ts';

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
  /** What is left of it, where a part was spent before. */
  readonly leftMs?: number;
  /** Where the host asked for progress: a report with this token gives the call its time again. */
  readonly progressToken?: unknown;
  /** Told when the message was handed over. */
  readonly trace?: Trace;
}
interface Pending {
  readonly progressToken: unknown;
  readonly startedAt: number;
  readonly resolve: (answer: Reply) => void;
  readonly reject: (fault: Fault) => void;
  timer: NodeJS.Timeout;
  readonly timeoutMs: number;
  readonly onTimeout: () => void;
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
    throw deadline.aborted ? timedOut(deps.server, deps.startWithinMs, 0, error) : error;
  }
}

export class Session {
  era: Era = 'legacy';
  /** Undefined where its era was known, so that it was not asked. */
  about: About | undefined;
  lastUsedAt = performance.now();
  readonly #deps: SessionDeps;
  readonly #pending = new UnderWay<number, Pending>();
  #channel: Channel | undefined;
  #closed: Fault | undefined;
  #nextId = 1;
  /** Messages so far of which nobody could say which call they answer. */
  #unusable = 0;

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
    onAborted: (fault, remnant) => this.#tooLarge(fault, remnant),
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
    this.about = aboutOf(answer.message);
    this.#channel?.send(Buffer.from(initializedNotification));
  }

  /**
   * Sends one request and waits for its answer; after `timeoutMs` without an answer or progress it is given up. Rejects with SERVER_TIMEOUT, SERVER_GARBAGE,
   * ANSWER_TOO_LARGE, CANCELLED, BUSY, or the fault that ended the channel.
   */
  request({ compose, timeoutMs, leftMs = timeoutMs, progressToken, trace }: SessionRequest, signal: AbortSignal): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      if (signal.aborted) return reject(new Fault('CANCELLED'));
      if (this.#pending.size >= pendingLimit) return reject(new Fault('BUSY', { what: `the server "${this.#deps.server}"` }));
      const id = this.#nextId++;
      this.lastUsedAt = performance.now();
      const unusableBefore = this.#unusable;
      const giveUp = (fault: Fault) => {
        if (!this.#pending.has(id)) return;
        settle();
        this.#cancel(id);
        reject(fault);
      };
      const onAbort = () => giveUp(new Fault('CANCELLED'));
      const onTimeout = () => giveUp(timedOut(this.#deps.server, timeoutMs, this.#unusable - unusableBefore));
      const settle = () => {
        this.#pending.delete(id);
        clearTimeout(pending.timer);
        signal.removeEventListener('abort', onAbort);
      };
      const pending: Pending = {
        timer: setTimeout(onTimeout, leftMs),
        timeoutMs,
        onTimeout,
        progressToken,
        startedAt: this.lastUsedAt,
        resolve: (answer) => (settle(), resolve(answer)),
        reject: (fault) => (settle(), reject(fault)),
      };
      this.#pending.set(id, pending);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        if (!this.#channel) throw new Fault('TUNNEL_LOST');
        this.#channel.send(asLine(compose(id, this.era)));
        if (trace) trace.forwardedAt ??= performance.now();
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
      if (!isModernAnswer(answer.message)) return 'legacy';
      this.about = aboutOf(answer.message);
      return 'modern';
    } catch (error) {
      const isLegacy = error instanceof Fault && (error.code === 'SERVER_TIMEOUT' || error.code === 'SERVER_GARBAGE');
      if (isLegacy && this.isOpen) return 'legacy';
      throw error;
    }
  }

  #receive(body: Buffer): void {
    let message: Message;
    try {
      message = readMessage(body);
    } catch (cause) {
      this.#deps.onDropped();
      return this.#garbage(answeredIds(body), reasonOf(cause));
    }
    if (message.kind === 'response') {
      if (typeof message.id === 'number' && isObject(message.value)) this.#pending.get(message.id)?.resolve({ body, message });
      else this.#oddResponse(message);
      return;
    }
    this.#deps.onDropped();
    if (message.kind === 'request') this.#refuse(body.subarray(message.idSpan.start, message.idSpan.end), message.method);
    else if (message.method === 'notifications/progress') this.#progressed(message.params.value['progressToken']);
  }

  #oddResponse({ id, result }: ResponseMessage): void {
    this.#deps.onDropped();
    if (typeof id === 'number') return this.#garbage([id], `"${result ? 'result' : 'error'}" of its answer is not an object`);
    const number = /^\d{1,15}$/.test(id ?? '') ? [Number(id)] : [];
    this.#garbage(number, 'the id of its answer is not the one that was sent');
  }

  /** An answer that can't be used fails the call that it means, at once. Where it means none, every call ends in its own time, and says so. */
  #garbage(ids: readonly number[], reason: string): void {
    if (ids.length === 0) this.#unusable++;
    for (const id of ids) this.#pending.get(id)?.reject(new Fault('SERVER_GARBAGE', { server: this.#deps.server, reason }));
  }

  /**
   * An answer that was too large to pass fails its own call. One of which nobody can say whose it is may be no answer at all (a notification, a
   * request), so it fails no call: each ends in its own time, and says that something came meanwhile.
   */
  #tooLarge(fault: Fault, remnant: Remnant | undefined): void {
    const ids = remnant ? answeredIdsOf(remnant) : [];
    const isLast = remnant === undefined || remnant.tail !== undefined;
    if (ids.length === 0 && isLast) {
      this.#deps.onDropped();
      this.#unusable++;
    }
    for (const id of ids)
      this.#pending
        .get(id)
        ?.reject(
          fault.code === 'MESSAGE_TOO_LARGE'
            ? new Fault('ANSWER_TOO_LARGE', { server: this.#deps.server, reason: fault.message }, { cause: fault })
            : fault,
        );
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
      if (pending.progressToken === token && performance.now() - pending.startedAt < progressWithinMs) {
        clearTimeout(pending.timer);
        pending.timer = setTimeout(pending.onTimeout, pending.timeoutMs);
      }
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

/** Of what readMessage throws. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Fault)) return 'it can not be read';
  return cause.code === 'BATCH_UNSUPPORTED' ? 'it is a batch' : String(cause.fields['reason'] ?? 'it is not JSON in UTF-8');
}

export function timedOut(server: Slug, timeoutMs: number, unusable: number, cause?: unknown): Fault {
  const meanwhile =
    unusable === 0 ? '' : `; meanwhile it sent ${unusable} ${unusable === 1 ? 'message' : 'messages'} that can't be used`;
  return new Fault('SERVER_TIMEOUT', { server, seconds: timeoutMs / 1000, meanwhile }, { cause });
}
