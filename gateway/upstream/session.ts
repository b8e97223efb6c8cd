// One MCP session with one local server over one channel: finds out its era, numbers the requests, matches the answers.
// What the server says without being asked is unasked.ts' business. The rule: an answer counts only for the request whose id it bears.
import { Fault } from '#contract/error.ts';
import type { Slug, WorkstationId } from '#contract/id.ts';
import type { Remnant } from '#contract/remnant.ts';
import type { Abilities, AllowedCall, Era, LogLevel } from '../call.ts';
import { answeredIds, answeredIdsOf } from '../mcp/answered-id.ts';
import { isBatch, readBatch } from '../mcp/batch.ts';
import { batchVersion } from '../mcp/era.ts';
import { asLine, isObject, type Message, readMessage, type ResponseMessage } from '../mcp/jsonrpc.ts';
import { reaches } from '../mcp/log-level.ts';
import { acknowledgedMethod, type ListenFilter, readHonored } from '../mcp/news.ts';
import { withToken } from '../mcp/progress.ts';
import { UnderWay } from '../mcp/under-way.ts';
import type { Channel, ChannelEvents } from '../tunnel/hub.ts';
import { Deadline } from './deadline.ts';
import {
  aboutOf,
  cancelledNotification,
  discoverRequest,
  initializedNotification,
  initializeRequest,
  isModernAnswer,
  listenRequest,
  rootsNotification,
} from './handshake.ts';
import { Interest } from './interest.ts';
import { listenFault, listenIdOf, type ListenTold } from './listen-stream.ts';
import { Pending, type PendingOwner } from './pending.ts';
import { type Joining, Unasked } from './unasked.ts';
import type { About, Reply, Screening, Trace } from './upstream.ts';

const pendingLimit = 1024;
/** Long enough that in the answer most hosts' own ids have room in its place (encode.ts). */
const firstId = 100_000_000;
/** How long a server may take over server/discover before it is taken for a legacy one (mcp.md: anything else or a timeout is legacy). */
const discoverWithinMs = 3000;
/** How long it may take over that for which nobody waits. */
const mentionWithinMs = 10_000;

export interface SessionDeps {
  readonly server: Slug;
  readonly workstation: WorkstationId | null;
  /** Conversations share it. */
  readonly isShared: boolean;
  /** What it is told that the host can be asked. */
  readonly abilities: Abilities;
  readonly open: (events: ChannelEvents, signal: AbortSignal) => Promise<Channel>;
  /** What an earlier session with the same command found out; undefined asks the server. */
  readonly knownEra: Era | undefined;
  readonly knownAbout: About | undefined;
  readonly startWithinMs: number;
  readonly onDropped: () => void;
  readonly screen: Screening;
  readonly onClosed: () => void;
}
export interface SessionRequest {
  /** Makes the message for the id and the server's era. */
  readonly compose: (id: number, era: Era) => Buffer;
  readonly timeoutMs: number;
  /** What is left of it, where a part was spent before. */
  readonly leftMs?: number;
  /** The call that it is, with the host that hears of it; absent for a list. */
  readonly call?: AllowedCall;
  /** Where the host asked for progress: a report gives the call its time again. */
  readonly progressToken?: string | number | undefined;
  /** Told when the message was handed over. */
  readonly trace?: Trace;
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

export class Session implements PendingOwner {
  era: Era = 'legacy';
  readonly isStateless = false;
  /** Undefined where its era was known, so that it was not asked. */
  about: About | undefined;
  lastUsedAt = performance.now();
  readonly #deps: SessionDeps;
  readonly #pending = new UnderWay<number, Pending>();
  readonly #deadline = new Deadline(() => this.#pending.values());
  readonly #unasked: Unasked;
  /** By the id of the request. */
  readonly #listens = new Map<number, ListenTold>();
  #interest: Interest | undefined;
  #channel: Channel | undefined;
  #closed: Fault | undefined;
  #nextId = firstId;
  /** Messages so far of which nobody could say which call they answer. */
  #unusable = 0;
  #level: LogLevel | undefined;
  /** It speaks 2025-03-26, which may put several messages into one. */
  #mayBatch = false;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    const { server, workstation, isShared, onDropped, screen } = deps;
    this.#unasked = new Unasked({
      server,
      workstation,
      isShared,
      onDropped,
      screen,
      calls: this.#pending,
      send: (message) => this.#send(message),
      onNews: (body, message) => (this.#interest ? this.#interest.notified(body, message) : onDropped()),
    });
  }

  get isOpen(): boolean {
    return this.#closed === undefined;
  }
  get isIdle(): boolean {
    return this.#pending.size === 0 && this.#interest?.isIdle !== false;
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
    const compose = (id: number) => initializeRequest(id, this.#deps.abilities.declared);
    const answer = await this.request({ compose, timeoutMs: this.#deps.startWithinMs }, deadline);
    if (answer.message.error)
      throw new Fault('SERVER_START_FAILED', { server: this.#deps.server, reason: 'it refused initialize.' });
    this.about = aboutOf(answer.message);
    this.#mayBatch = isObject(answer.message.value) && answer.message.value['protocolVersion'] === batchVersion;
    this.#channel?.send(Buffer.from(initializedNotification));
  }

  /**
   * Sends one request and waits for its answer; after `timeoutMs` without an answer or progress it is given up. Rejects with SERVER_TIMEOUT, SERVER_GARBAGE,
   * ANSWER_TOO_LARGE, CANCELLED, BUSY, or the fault that ended the channel.
   */
  request(request: SessionRequest, signal: AbortSignal): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      if (signal.aborted) return reject(new Fault('CANCELLED'));
      if (this.#pending.size >= pendingLimit) return reject(new Fault('BUSY', { what: `the server "${this.#deps.server}"` }));
      const id = this.#nextId++;
      this.lastUsedAt = performance.now();
      const { compose, timeoutMs, leftMs = timeoutMs, progressToken, call, trace } = request;
      const terms = { timeoutMs, leftMs, progressToken, call, unusableBefore: this.#unusable, signal };
      try {
        if (!this.#channel) throw new Fault('TUNNEL_LOST');
        const message = compose(id, this.era);
        this.#channel.send(asLine(progressToken === undefined ? message : withToken(message, id)));
        if (trace) trace.forwardedAt ??= performance.now();
      } catch (error) {
        return reject(error instanceof Fault ? error : new Fault('TUNNEL_LOST', {}, { cause: error }));
      }
      // After it has left, so that the way there is not longer for it: no answer can be read before this turn is over.
      const pending = new Pending(this, id, terms, this.lastUsedAt, resolve, reject);
      this.#pending.set(id, pending);
      if (this.#closed) pending.reject(this.#closed);
    });
  }

  /** The conversation uses this session from now on, and hears what it says to all. */
  join(allowed: Joining): void {
    this.#unasked.join(allowed);
    const level = allowed.audience?.logLevel;
    if (level === undefined || level === this.#level) return;
    // Calls of a modern host each have a level of their own: the server says what the most curious of them wants.
    const isCovered = allowed.era === 'modern' && this.#level !== undefined && reaches(level, this.#level);
    if (!isCovered) this.setLogLevel(level);
  }

  leave(conversation: string): void {
    this.#unasked.leave(conversation);
  }

  /** What there is to hear of the server through this session. */
  get interest(): Interest {
    if (this.#interest && !this.#interest.isOver) return this.#interest;
    const { server, knownAbout, onDropped } = this.#deps;
    this.#interest = new Interest({
      server,
      about: this.about ?? knownAbout,
      way: this.era === 'modern' ? { open: (filter, told) => this.#listen(filter, told) } : undefined,
      ask: (method, uri) => this.#ask(method, { uri }),
      onDropped,
    });
    if (this.#closed) this.#interest.lost(this.#closed);
    return this.#interest;
  }

  /** A legacy server that logs sends from now on what is at least so urgent. One that is shared keeps its own mind. */
  setLogLevel(level: LogLevel): void {
    this.#level = level;
    if (this.era === 'modern' || !this.about?.capabilities.has('logging') || this.#deps.isShared) return;
    this.#ask('logging/setLevel', { level }).catch(() => this.#deps.onDropped());
  }

  /** Asks for something of the gateway's own. */
  #ask(method: string, params: object): Promise<Reply> {
    const compose = (id: number) => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return this.request({ compose, timeoutMs: mentionWithinMs }, AbortSignal.timeout(mentionWithinMs));
  }

  /** On stdio what is listened to comes on the one channel, by the id of the request that listens. */
  #listen(filter: ListenFilter, told: ListenTold): { close(): void } {
    const id = this.#nextId++;
    this.#listens.set(id, told);
    this.#send(listenRequest(id, filter));
    return {
      close: () => {
        if (this.#listens.delete(id) && this.isOpen) this.cancel(id);
      },
    };
  }

  /** Whether it was about a request that listens. */
  #heard(message: Message): boolean {
    if (this.#listens.size === 0 || message.kind === 'request') return false;
    const id = message.kind === 'response' ? message.id : listenIdOf(message);
    const told = typeof id === 'number' ? this.#listens.get(id) : undefined;
    if (!told || typeof id !== 'number') return false;
    if (message.kind === 'notification' && message.method === acknowledgedMethod) {
      told.onAcknowledged(readHonored(message));
      return true;
    }
    this.#listens.delete(id);
    told.onOver(listenFault(this.#deps.server, message));
    return true;
  }

  /** Rejects with the fault that ended the channel, or with BUSY where it takes no more. */
  tell(_method: string, body: Buffer, trace: Trace): Promise<void> {
    this.lastUsedAt = performance.now();
    return new Promise<void>((resolve) => {
      if (this.#closed) throw this.#closed;
      resolve(this.#channel?.send(asLine(body)));
    }).then(() => void (trace.forwardedAt = performance.now()));
  }

  /** The roots of the host changed: told to a legacy server that may ask for them. */
  rootsChanged(): void {
    if (this.era === 'legacy' && this.#deps.abilities.roots && this.isOpen) this.#send(Buffer.from(rootsNotification));
  }

  forget(id: number): void {
    this.#pending.delete(id);
  }

  due(at: number): void {
    this.#deadline.sooner(at);
  }

  cancel(id: number): void {
    try {
      this.#channel?.send(cancelledNotification(id));
    } catch {
      // The channel is gone or full: the server learns it from its end of input.
    }
  }

  late(timeoutMs: number, unusableBefore: number): Fault {
    return timedOut(this.#deps.server, timeoutMs, this.#unusable - unusableBefore);
  }

  /** Nobody needs it any more. */
  close(): void {
    this.#end(new Fault('CANCELLED'), true);
  }

  async #discover(deadline: AbortSignal): Promise<Era> {
    const compose = (id: number) => discoverRequest(id, this.#deps.abilities.declared);
    try {
      const answer = await this.request({ compose, timeoutMs: discoverWithinMs }, deadline);
      if (!isModernAnswer(answer.message)) return 'legacy';
      this.about = aboutOf(answer.message);
      return 'modern';
    } catch (error) {
      const isLegacy = error instanceof Fault && (error.code === 'SERVER_TIMEOUT' || error.code === 'SERVER_GARBAGE');
      if (isLegacy && this.isOpen) return 'legacy';
      throw error;
    }
  }

  /** A batch in a batch is none: each level would be read as often as it is deep. */
  #receive(body: Buffer, mayBatch = this.#mayBatch): void {
    let message: Message;
    try {
      if (mayBatch && isBatch(body)) return readBatch(body).forEach((member) => this.#receive(member, false));
      message = readMessage(body);
    } catch (cause) {
      this.#deps.onDropped();
      return this.#garbage(answeredIds(body), reasonOf(cause));
    }
    if (this.#heard(message)) return;
    if (message.kind === 'response') {
      if (typeof message.id === 'number' && isObject(message.value)) this.#pending.get(message.id)?.resolve({ body, message });
      else this.#oddResponse(message);
      return;
    }
    if (message.kind === 'request') this.#unasked.asked(body, message);
    else this.#unasked.notified(body, message);
  }

  #oddResponse(message: ResponseMessage): void {
    this.#deps.onDropped();
    const { id } = message;
    if (typeof id === 'number') return this.#garbage([id], noObject(message));
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

  /** What is no request. A server that asks faster than it reads has ended its own session. */
  #send(message: Buffer): void {
    try {
      this.#channel?.send(message);
    } catch {
      this.#end(new Fault('BUSY', { what: `the server "${this.#deps.server}"` }));
    }
  }

  #failPending(fault: Fault): void {
    for (const pending of this.#pending.values()) pending.reject(fault);
  }

  #end(fault: Fault, isResting = false): void {
    if (this.#closed) return;
    this.#closed = fault;
    try {
      this.#failPending(fault);
      this.#deadline.close();
      this.#unasked.close();
      this.#listens.clear();
      this.#interest?.lost(isResting ? undefined : fault);
      this.#channel?.close();
    } finally {
      this.#deps.onClosed();
    }
  }
}

/** Why an answer can't be read, from what readMessage threw: its own words are those for a host's request. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Fault)) return 'it can not be read';
  return cause.code === 'BATCH_UNSUPPORTED' ? 'it is a batch' : String(cause.fields['reason'] ?? 'it is not JSON in UTF-8');
}

export function noObject({ result }: ResponseMessage): string {
  return `"${result ? 'result' : 'error'}" of its answer is not an object`;
}

export function timedOut(server: Slug, timeoutMs: number, unusable: number, cause?: unknown): Fault {
  const meanwhile =
    unusable === 0 ? '' : `; meanwhile it sent ${unusable} ${unusable === 1 ? 'message' : 'messages'} that can't be used`;
  return new Fault('SERVER_TIMEOUT', { server, seconds: timeoutMs / 1000, meanwhile }, { cause });
}
