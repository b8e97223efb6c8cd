// How the gateway stands with one remote server for one conversation: which era it speaks, its legacy session, the headers of each request
// (2025-11-25, basic/transports; 2026-07-28, basic/transports/streamable-http). What the server says beside its answers is remote-beside.ts' business.
import { Fault } from '#contract/error.ts';
import type { Abilities, AllowedCall, Era, LogLevel } from '../call.ts';
import type { ResponseHead } from '../egress/egress.ts';
import { isBatch, readBatch } from '../mcp/batch.ts';
import { batchVersion, legacyVersions } from '../mcp/era.ts';
import { encodeHeaderValue } from '../mcp/header-value.ts';
import { isObject, readMessage } from '../mcp/jsonrpc.ts';
import { reaches } from '../mcp/log-level.ts';
import { listenMethod } from '../mcp/news.ts';
import { withToken } from '../mcp/progress.ts';
import { UnderWay } from '../mcp/under-way.ts';
import { upstreamBusy } from './busy.ts';
import type { Peer } from './exchange.ts';
import {
  aboutOf,
  cancelledNotification,
  clientInfo,
  discoverRequest,
  initializedNotification,
  initializeRequest,
  modernVersion,
  rootsNotification,
} from './handshake.ts';
import { Interest } from './interest.ts';
import type { ListenWay } from './listen-stream.ts';
import { besideOf } from './remote-beside.ts';
import { isRefusedFor, tellsLegacy, verdictOf, versionUnsupported } from './remote-era.ts';
import { openListen } from './remote-listen.ts';
import { followNews, type News } from './remote-news.ts';
import { ask } from './remote-request.ts';
import { besideWithinMs, createTelling, type Telling } from './remote-tell.ts';
import { timedOut } from './session.ts';
import type { Opening } from './session-pool.ts';
import { type Joining, Unasked, type UnaskedDeps, type UnderWayCall } from './unasked.ts';
import type { About, Reply, Screening, Trace } from './upstream.ts';

const pendingLimit = 1024;
const discoverWithinMs = 5000;
/** What else a server may agree on over this transport. */
const knownVersions: readonly string[] = [...legacyVersions, '2024-11-05'];

export interface RemoteSessionDeps extends Peer, Opening {
  /** Sessions with the same reach the same server as the same. */
  readonly context: string;
  /** What it is told that the host can be asked. */
  readonly abilities: Abilities;
  readonly startWithinMs: number;
  /** What it has for one answer, also before its session has begun. */
  readonly timeoutMs: number;
  /** What a status, and the challenge that came with it, say of the identity that was sent. */
  readonly refused: (status: number, challenge?: string) => Fault;
  /** The identity was refused (401) to what no call asks: whether there is another value now. */
  readonly renewed: () => Promise<boolean>;
  readonly onDropped: () => void;
  readonly screen: Screening;
}

/** What came with a status that refuses. */
interface Said {
  readonly challenge?: string | undefined;
  readonly retryAfter?: string | undefined;
}

export interface RemoteRequest {
  readonly method: string;
  /** The item that it uses, for the header that mirrors it. */
  readonly name?: string | undefined;
  /** What else a modern server gets in headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes the message for the id and the server's era. */
  readonly compose: (id: number, era: Era) => Buffer;
  readonly timeoutMs: number;
  /** What is left of it, where a part was spent before. */
  readonly leftMs?: number;
  /** The call that it is, with the host that hears of it; absent for a list. */
  readonly call?: AllowedCall;
  readonly progressToken?: string | number | undefined;
  readonly trace?: Trace;
}

/** Finds out the era and, in the legacy one, begins a session. Rejects with a Fault. */
export async function openRemoteSession(deps: RemoteSessionDeps): Promise<RemoteSession> {
  const session = new RemoteSession(deps);
  const deadline = AbortSignal.timeout(deps.startWithinMs);
  try {
    await session.shakeHands(deadline);
    return session;
  } catch (error) {
    await session.close();
    throw deadline.aborted ? timedOut(deps.server, deps.startWithinMs, 0, error) : error;
  }
}

export class RemoteSession {
  era: Era = 'legacy';
  lastUsedAt = performance.now();
  /** What the server said of itself, where this session asked. */
  about: About | undefined;
  readonly #deps: RemoteSessionDeps;
  readonly #telling: Telling;
  readonly #calls = new UnderWay<number, UnderWayCall>();
  /** What is for the conversation and for no call. */
  readonly #news: Unasked;
  #interest: Interest | undefined;
  #level: LogLevel | undefined;
  #stream: News | undefined;
  #nextId = 1;
  #version: string | undefined;
  #sessionId: string | undefined;
  #isOpen = true;

  constructor(deps: RemoteSessionDeps) {
    this.#deps = deps;
    const { server, onDropped, screen } = deps;
    const headers = (method: string | undefined) => this.#headers(method, undefined);
    this.#telling = createTelling({
      peer: deps,
      headers,
      faultOf: (status, retryAfter) => this.#faultOf(status, { retryAfter }),
    });
    const send = (message: Buffer) => this.#telling.send(undefined, message);
    const onNews: UnaskedDeps['onNews'] = (body, message) =>
      this.#interest ? this.#interest.notified(body, message) : onDropped();
    this.#news = new Unasked({ server, workstation: null, isShared: false, calls: this.#calls, send, onNews, onDropped, screen });
  }

  get context(): string {
    return this.#deps.context;
  }
  get isOpen(): boolean {
    return this.#isOpen;
  }
  get isStateless(): boolean {
    return this.era === 'modern' || this.#sessionId === undefined;
  }
  get isIdle(): boolean {
    return this.#calls.size === 0 && this.#interest?.isIdle !== false;
  }

  async shakeHands(deadline: AbortSignal): Promise<void> {
    this.era = this.#deps.known?.era ?? (await this.#discover(deadline));
    if (this.era === 'modern') return;
    const { server, timeoutMs } = this.#deps;
    const compose = (id: number) => initializeRequest(id, this.#deps.abilities.declared);
    const { message } = await this.request({ method: 'initialize', compose, timeoutMs }, deadline);
    if (message.error) throw new Fault('SERVER_START_FAILED', { server, reason: 'it refused initialize.' });
    const version = isObject(message.value) ? message.value['protocolVersion'] : undefined;
    if (typeof version !== 'string' || !knownVersions.includes(version))
      throw new Fault('UPSTREAM_VERSION', { server, versions: String(version ?? 'it names none').slice(0, 100) });
    this.#version = version;
    this.about = aboutOf(message);
    await this.#telling.tell('notifications/initialized', Buffer.from(initializedNotification));
  }

  /**
   * Sends one request, once. Rejects with UPSTREAM_UNREACHABLE, EGRESS_FORBIDDEN (not sent), UPSTREAM_LOST, UPSTREAM_FAILED, UPSTREAM_SESSION_LOST,
   * IDENTITY_REFUSED, SERVER_TIMEOUT, SERVER_GARBAGE, ANSWER_TOO_LARGE, CANCELLED, BUSY, UPSTREAM_BUSY.
   */
  async request(request: RemoteRequest, signal: AbortSignal): Promise<Reply> {
    const { method, name, compose, timeoutMs, leftMs = timeoutMs, call, progressToken, trace } = request;
    const { server, onDropped, screen } = this.#deps;
    if (this.#calls.size >= pendingLimit) throw new Fault('BUSY', { what: `the server "${server}"` });
    const id = this.#nextId++;
    const message = compose(id, this.era);
    const body = progressToken === undefined ? message : withToken(message, id);
    const isLegacy = this.era === 'legacy';
    const send = (answer: Buffer) => this.#telling.send(undefined, answer);
    let said: Said = {};
    this.lastUsedAt = performance.now();
    try {
      const reply = await ask(
        {
          peer: this.#deps,
          id,
          call,
          progressToken,
          body,
          headers: isLegacy ? this.#headers(method, name) : { ...this.#headers(method, name), ...request.headers },
          timeoutMs,
          leftMs,
          isResumable: isLegacy,
          mayBatch: this.#version === batchVersion,
          onBegun: (waiting) => this.#calls.set(id, waiting),
          onSent: () => trace && (trace.forwardedAt ??= performance.now()),
          onHead: (head) => {
            said = { challenge: head.header('www-authenticate'), retryAfter: head.header('retry-after') };
            this.#heard(head);
          },
          faultOf: (status) => this.#faultOf(status, said),
          onBeside: besideOf({ server, id, mayAsk: isLegacy, news: this.#news, send, onDropped, screen }),
          onDropped,
          onGivenUp: () =>
            isLegacy && method !== 'initialize' && this.#telling.send('notifications/cancelled', cancelledNotification(id)),
        },
        signal,
      );
      if (!isLegacy && method !== 'server/discover' && isRefusedFor(reply, versionUnsupported)) {
        this.#deps.onMistaken();
        this.#end(new Fault('UPSTREAM_SESSION_LOST', { server }));
      }
      return reply;
    } finally {
      this.#calls.delete(id);
    }
  }

  /** The conversation uses this session from now on, and hears what it says to all. */
  join(allowed: Joining): void {
    this.#news.join(allowed);
    if (allowed.audience?.conversation) this.#follow();
    const level = allowed.audience?.logLevel;
    if (level === undefined || level === this.#level) return;
    // Calls of a modern host each have a level of their own: the server says what the most curious of them wants.
    const isCovered = allowed.era === 'modern' && this.#level !== undefined && reaches(level, this.#level);
    if (!isCovered) this.setLogLevel(level);
  }

  leave(conversation: string): void {
    this.#news.leave(conversation);
  }

  /** What there is to hear of a legacy server through this session. Of a modern one, see `way`. */
  get interest(): Interest {
    this.#follow();
    if (this.#interest && !this.#interest.isOver) return this.#interest;
    const { server, knownAbout, onDropped } = this.#deps;
    const ask = (method: string, uri: string) => this.#ask(method, { uri });
    this.#interest = new Interest({ server, about: this.about ?? knownAbout, way: undefined, ask, onDropped });
    if (!this.#isOpen) this.#interest.lost(new Fault('UPSTREAM_SESSION_LOST', { server }));
    return this.#interest;
  }

  /** How a modern server is listened to. It outlives this session, which is nothing at the far end. */
  get way(): ListenWay {
    const { onDropped, renewed } = this.#deps;
    return {
      open: (filter, told) =>
        openListen(
          {
            peer: this.#deps,
            id: this.#nextId++,
            headers: this.#headers(listenMethod, undefined),
            faultOf: (status) => this.#faultOf(status),
            renewed,
            onDropped,
          },
          filter,
          told,
        ),
    };
  }

  /** A legacy server with a session may say things on a stream of its own. */
  #follow(): void {
    const sessionId = this.#sessionId;
    if (this.#stream || sessionId === undefined || !this.#isOpen) return;
    const headers = () => ({ ...this.#common(), 'mcp-session-id': sessionId });
    this.#stream = followNews({
      peer: this.#deps,
      headers,
      onMessage: (body) => this.#said(body),
      renewed: this.#deps.renewed,
      onMissed: () => this.#interest?.missed(),
      onGone: () => this.#forgotten(),
    });
  }

  /** A batch in a batch is none: each level would be read as often as it is deep. */
  #said(body: Buffer, mayBatch = this.#version === batchVersion): void {
    try {
      if (mayBatch && isBatch(body)) return readBatch(body).forEach((member) => this.#said(member, false));
      const message = readMessage(body);
      if (message.kind === 'request') this.#news.asked(body, message);
      else if (message.kind === 'notification') this.#news.notified(body, message);
      else this.#deps.onDropped();
    } catch {
      this.#deps.onDropped(); // no message, and nobody waits for one
    }
  }

  /** A legacy server that logs sends from now on what is at least so urgent. */
  setLogLevel(level: LogLevel): void {
    this.#level = level;
    if (this.era === 'modern' || !this.about?.capabilities.has('logging')) return;
    this.#ask('logging/setLevel', { level }).catch(() => this.#deps.onDropped());
  }

  /** Asks for something of the gateway's own; once more where the identity was refused and is another now. */
  async #ask(method: string, params: object): Promise<Reply> {
    const compose = (id: number) => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    const ask = () => this.request({ method, compose, timeoutMs: besideWithinMs }, AbortSignal.timeout(besideWithinMs));
    try {
      return await ask();
    } catch (error) {
      const isRefused = error instanceof Fault && error.code === 'IDENTITY_REFUSED' && error.fields['status'] === 401;
      if (!isRefused || !(await this.#deps.renewed())) throw error;
      return await ask();
    }
  }

  /** Rejects where the server did not take it. */
  tell(method: string, body: Buffer, trace: Trace, signal: AbortSignal): Promise<void> {
    this.lastUsedAt = performance.now();
    return this.#telling.tell(method, body, signal, () => (trace.forwardedAt ??= performance.now()));
  }

  /** The roots of the host changed: told to a legacy server that may ask for them. */
  rootsChanged(): void {
    if (this.era === 'legacy' && this.#deps.abilities.roots && this.#isOpen)
      this.#telling.send('notifications/roots/list_changed', Buffer.from(rootsNotification));
  }

  /** Ends the legacy session at the far end, which may refuse that (405). Never rejects. Idempotent. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#end(undefined);
    const sessionId = this.#sessionId;
    if (sessionId !== undefined) {
      this.#sessionId = undefined;
      await this.#telling.leave({ ...this.#common(), 'mcp-session-id': sessionId });
    }
    this.#telling.quiet();
  }

  async #discover(deadline: AbortSignal): Promise<Era> {
    const { server } = this.#deps;
    this.era = 'modern';
    const compose = (id: number) => discoverRequest(id, this.#deps.abilities.declared);
    try {
      const asking = { method: 'server/discover', compose, timeoutMs: Math.min(discoverWithinMs, this.#deps.timeoutMs) };
      let reply = await this.request(asking, deadline);
      let era = verdictOf(reply.message, server);
      // It refused the revision and names it among those that it serves: it gets it again, once.
      if (era === 'modern' && isRefusedFor(reply, versionUnsupported)) {
        reply = await this.request(asking, deadline);
        era = verdictOf(reply.message, server);
      }
      if (era === 'modern' && reply.message.result) this.about = aboutOf(reply.message);
      return era;
    } catch (error) {
      if (!deadline.aborted && tellsLegacy(error)) return 'legacy';
      throw error;
    }
  }

  #heard({ status, header }: ResponseHead): void {
    const sessionId = header('mcp-session-id');
    if (status < 300 && this.era === 'legacy' && this.#version === undefined && sessionId !== undefined)
      this.#sessionId = sessionId;
  }

  #faultOf(status: number, { challenge, retryAfter }: Said = {}): Fault | undefined {
    const { server, refused } = this.#deps;
    if (status === 401 || status === 403) return refused(status, challenge);
    if (status === 429) return upstreamBusy(server, retryAfter);
    return status === 404 ? this.#forgotten() : undefined;
  }

  /** The far end knows this session no more. */
  #forgotten(): Fault | undefined {
    if (this.#sessionId === undefined) return undefined;
    this.#sessionId = undefined;
    const fault = new Fault('UPSTREAM_SESSION_LOST', { server: this.#deps.server });
    this.#end(fault);
    return fault;
  }

  #headers(method: string | undefined, name: string | undefined): Record<string, string> {
    const headers: Record<string, string> = { ...this.#common(), 'content-type': 'application/json' };
    if (this.era === 'legacy') {
      if (this.#sessionId !== undefined) headers['mcp-session-id'] = this.#sessionId;
      return headers;
    }
    if (method !== undefined) headers['mcp-method'] = encodeHeaderValue(method);
    if (name !== undefined) headers['mcp-name'] = encodeHeaderValue(name);
    return headers;
  }

  #common(): Record<string, string> {
    const version = this.era === 'modern' ? modernVersion : this.#version;
    return {
      accept: 'application/json, text/event-stream',
      'user-agent': `${clientInfo.name}/${clientInfo.version}`,
      ...(version === undefined ? {} : { 'mcp-protocol-version': version }),
    };
  }

  /** `fault` undefined: nobody needs it any more. */
  #end(fault: Fault | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#news.close();
    this.#stream?.close();
    this.#deps.onClosed();
    // The next session begins anew, so this one is told last.
    this.#interest?.lost(fault);
  }
}
