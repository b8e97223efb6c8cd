// One POST and its answer. The answer is plain JSON, unless a server says something before it and the host accepts a stream of events: then it is one. The
// rule: a call that streams nothing makes nothing for it. A legacy host that loses a stream comes back for the rest; all else ends with the connection.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import type { Abilities, Audience, Conversation, Encoded, HostAnswer, LogLevel, Question } from '../call.ts';
import { noAbilities } from '../mcp/ability.ts';
import type { McpSession } from '../mcp/session.ts';
import { HostStream } from '../mcp/stream.ts';
import type { Arrived } from '../pipeline/draft.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Asked } from '../pipeline/question.ts';
import type { Readers } from './reader.ts';

const unkept = ['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff'] as const;
/** With its head it is what Node writes without memory of its own. */
const smallBytes = 12 * 1024;

type Progress = { -readonly [K in keyof Arrived]: Arrived[K] } & { id: string };
export interface ExchangeDeps {
  readonly pipeline: Pipeline;
  readonly readers: Readers;
}

export class Exchange implements Audience, Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly arrived: Progress;
  /** Aborted when the connection closes before the answer, or the host cancels. */
  readonly closed = new AbortController();
  /** How the host asks its person for more, where it can. */
  stepUp: string | undefined;
  /** Of a legacy host. */
  session: McpSession | undefined;
  /** Asked while the answer is held open: throws or rejects where its host may no more listen. */
  admit: (() => unknown) | undefined;
  /** What a modern request says of itself. */
  level: LogLevel | undefined;
  declared: Abilities = noAbilities;
  readonly #deps: ExchangeDeps;
  #stream: HostStream | undefined;

  constructor(deps: ExchangeDeps, request: IncomingMessage, response: ServerResponse) {
    this.#deps = deps;
    this.request = request;
    this.response = response;
    this.arrived = {
      era: 'unknown',
      via: 'http',
      id: 'null',
      requestBytes: Number(request.headers['content-length'] ?? 0),
      arrivedAt: { monotonic: performance.now(), wall: Date.now() },
    };
    response.on('close', () => {
      // A stream that a legacy host lost is no cancellation (2025-11-25, basic/transports): its call goes on, and the host may come back.
      if (!response.writableEnded && !(this.session && this.#stream)) this.closed.abort();
    });
  }

  get abilities(): Abilities {
    return this.session?.abilities ?? this.declared;
  }
  get logLevel(): LogLevel | undefined {
    return this.session ? this.session.logLevel : this.level;
  }
  get conversation(): Conversation | undefined {
    return this.session;
  }
  get hold(): Audience['hold'] {
    if (this.session || !this.#acceptsStream) return undefined;
    return () => {
      const stream = this.#streamed();
      return { tell: (notification) => stream?.send(notification, true) };
    };
  }

  wants(level: LogLevel): void {
    if (this.session) this.session.logLevel = level;
  }

  tell(notification: Buffer): void {
    this.#streamed()?.send(notification, false);
  }

  ask(question: Question, signal: AbortSignal): Promise<HostAnswer> {
    return this.#deps.pipeline.ask(question, this, signal);
  }

  pose(question: Question, signal: AbortSignal): Promise<HostAnswer> {
    const { session } = this;
    const stream = this.#streamed();
    if (!session || !stream)
      return Promise.reject(new Fault('HOST_UNABLE', { method: question.method, reason: 'it accepts no stream of events' }));
    return session.questions.ask(question, (message) => stream.send(message, true), signal);
  }

  /** The answer, and the end. Only the first counts. */
  send({ status, body, isStepUp, retryAfterSeconds }: Encoded, thrown?: unknown): void {
    const { response } = this;
    if (this.#stream) return this.#stream.finish(body);
    if (response.headersSent || response.destroyed) return;
    // In pairs: Node makes the head of these at once, and of an object over its keys.
    const headers: (string | number)[] = ['Content-Type', 'application/json', 'Content-Length', body.length, ...unkept];
    if (thrown !== undefined && status !== 401) response.removeHeader('WWW-Authenticate');
    if (isStepUp && this.stepUp !== undefined) headers.push('WWW-Authenticate', this.stepUp);
    if (retryAfterSeconds !== undefined) headers.push('Retry-After', retryAfterSeconds);
    if (thrown instanceof Fault && thrown.code === 'METHOD_NOT_ALLOWED')
      headers.push('Allow', String(thrown.fields['allow'] ?? ''));
    // What was not read of a refused body is not worth waiting for.
    if (thrown instanceof Fault && thrown.code === 'MESSAGE_TOO_LARGE') headers.push('Connection', 'close');
    response.writeHead(status, headers);
    // One text of a byte a character is written with its head in one piece.
    if (body.length <= smallBytes) response.end(body.toString('latin1'), 'latin1');
    else response.end(body);
  }

  /** The answers of a batch: an array, or an event each. */
  sendAll(answers: readonly Buffer[], join: (answers: readonly Buffer[]) => Buffer): void {
    if (!this.#stream) return this.send({ status: 200, body: join(answers) });
    for (const answer of answers.slice(0, -1)) this.#stream.send(answer, true);
    this.#stream.finish(answers.at(-1) ?? Buffer.alloc(0));
  }

  /** A notification or a response was taken. */
  accept(): void {
    this.response.writeHead(202, { 'Content-Length': 0 }).end();
  }

  /** The answer as a stream, from now on; undefined where the host accepts none, or is gone. */
  #streamed(): HostStream | undefined {
    if (this.#stream) return this.#stream;
    const { response } = this;
    if (response.headersSent || response.destroyed || !this.#acceptsStream) return undefined;
    this.#stream = this.session ? this.session.openStream() : new HostStream(0, undefined);
    this.#stream.attach(response, undefined);
    this.#deps.readers.add(response, this.admit);
    return this.#stream;
  }

  get #acceptsStream(): boolean {
    return /text\/(?:event-stream|\*)/i.test(this.request.headers.accept ?? '');
  }
}
