// An AI host on one duplex channel, in either era: one that came through the shim, each message a line of MCP over stdio, or one that speaks HTTP+SSE. The
// channel is the session; what it stands on is the proof of who calls. Answers go back as they are ready, and what servers say meanwhile goes between them.
import { performance } from 'node:perf_hooks';
import { randomUUID } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import type { Abilities, Audience, Caller, Conversation, HostAnswer, Identified, LogLevel, Question, Received } from '../call.ts';
import type { Arrived } from '../pipeline/draft.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Asking } from '../pipeline/screen.ts';
import type { Asked } from '../pipeline/question.ts';
import type { Channel, ChannelEvents } from '../tunnel/hub.ts';
import { abilitiesOf, noAbilities, readAbilities } from './ability.ts';
import { batchOf, isBatch, readBatch } from './batch.ts';
import { encoderFor, encoderForTold } from './encode.ts';
import { agreedVersion, batchVersion, eraOf } from './era.ts';
import { isForServer } from './feature.ts';
import { asLine, type NotificationMessage, readMessage, refusedId, type RequestMessage } from './jsonrpc.ts';
import { logLevelOf } from './log-level.ts';
import { listenMethod } from './news.ts';
import { Questions } from './questions.ts';
import { TaskNames } from './task-name.ts';
import { UnderWay } from './under-way.ts';

const underWayLimit = 1024;
/** Above this, progress and log messages are left out: a host that reads slowly still gets its answers. */
const leaveOutAboveBytes = 256 * 1024;

export interface LineDeps {
  readonly pipeline: Pipeline;
  readonly caller: Caller;
  readonly target: Received['target'];
  readonly channel: Channel;
  /** Told that the roots of a conversation's host changed. */
  readonly onRootsChanged: (conversation: string) => void;
  /** Ends what the conversation opened upstream. */
  readonly onEnd: (conversation: string) => void;
}

/** Serves one host's channel until it closes. */
export function serveLine(deps: LineDeps): ChannelEvents {
  const line = new Line(deps);
  return {
    onMessage: (body) => void line.receive(body),
    onAborted: () => undefined, // a message that was given up carries no id to answer
    onClosed: () => line.close(),
  };
}

class Line implements Audience, Conversation, Asked {
  /** What the host said at initialize. */
  abilities: Abilities = noAbilities;
  logLevel: LogLevel | undefined;
  readonly tasks = new TaskNames();
  readonly isThere = true;
  isOver = false;
  readonly #deps: LineDeps;
  readonly #conversation: string = randomUUID();
  readonly #underWay = new UnderWay<string, AbortController>();
  readonly #questions = new Questions();
  #version: string | undefined;

  constructor(deps: LineDeps) {
    this.#deps = deps;
  }

  get conversation(): Audience['conversation'] {
    return this;
  }

  wants(level: LogLevel): void {
    this.logLevel = level;
  }

  tell(notification: Buffer): void {
    const { channel } = this.#deps;
    try {
      if (channel.queuedBytes <= leaveOutAboveBytes) channel.send(notification);
    } catch {
      // It is over, or the tunnel is full: what may be lost is lost.
    }
  }

  ask(question: Question, signal: AbortSignal): Promise<HostAnswer> {
    return this.#deps.pipeline.ask(question, this, signal);
  }

  pose(question: Question, signal: AbortSignal): Promise<HostAnswer> {
    return this.#questions.ask(question, (message) => this.#deps.channel.send(message), signal);
  }

  close(): void {
    this.isOver = true;
    this.#questions.end();
    for (const controller of this.#underWay.values()) controller.abort();
    this.#deps.onEnd(this.#conversation);
  }

  async receive(body: Buffer): Promise<void> {
    if (this.isOver) return;
    if (this.#version === batchVersion && isBatch(body)) return this.#receiveBatch(body);
    const answer = await this.#answer(body);
    if (answer) this.#reply(answer);
  }

  async #receiveBatch(body: Buffer): Promise<void> {
    let members: readonly Buffer[];
    try {
      members = readBatch(body);
    } catch (thrown) {
      return this.#reply(await this.#refuse(this.#arrived(body), thrown, 'null'));
    }
    const answers = (await Promise.all(members.map((member) => this.#answer(member)))).filter((answer) => answer !== undefined);
    if (answers.length > 0) this.#reply(batchOf(answers));
  }

  /** The answer to one message; undefined where it asks for none. */
  async #answer(body: Buffer): Promise<Buffer | undefined> {
    const arrived = this.#arrived(body);
    let id: string | undefined;
    try {
      const message = readMessage(body);
      if (message.kind === 'response') return void this.#questions.answered(body, message);
      arrived.method = message.method;
      id = message.kind === 'request' ? body.toString('utf8', message.idSpan.start, message.idSpan.end) : 'null';
      arrived.era = eraOf(message, undefined);
      if (message.kind === 'notification') return void (await this.#hear(message, body, arrived));
      if (this.#underWay.has(id)) throw new Fault('INVALID_REQUEST', { reason: 'its id is that of a request that is under way' });
      if (this.#underWay.size >= underWayLimit) throw new Fault('BUSY', { what: 'this host' });
      return await this.#handle(this.#identified(message, body, arrived.era, arrived), message, id);
    } catch (thrown) {
      return this.#refuse(arrived, thrown, id ?? refusedId(body) ?? 'null');
    }
  }

  async #handle(identified: Identified, message: RequestMessage, id: string): Promise<Buffer | undefined> {
    const { protocolVersion, capabilities } = message.params.value;
    const version = typeof protocolVersion === 'string' ? protocolVersion : undefined;
    if (message.method === 'initialize' && identified.era === 'legacy') {
      this.abilities = readAbilities(capabilities);
      this.#version = agreedVersion(version);
    }
    const encode = encoderFor(identified.era, id, version);
    const controller = new AbortController();
    this.#underWay.set(id, controller);
    try {
      const { body } = await this.#deps.pipeline.handle(identified, message, encode, controller);
      // A listen is cancelled by its host on purpose, and then nothing more is said of it.
      return message.method === listenMethod && controller.signal.aborted ? undefined : body;
    } finally {
      this.#underWay.delete(id);
    }
  }

  #identified(message: Asking, body: Buffer, era: Identified['era'], { arrivedAt }: Arrived): Identified {
    const { caller, target } = this.#deps;
    const audience = era === 'legacy' ? this : this.#modern(message);
    return { era, method: message.method, target, body, caller, conversation: this.#conversation, audience, arrivedAt };
  }

  async #hear(message: NotificationMessage, body: Buffer, arrived: Arrived): Promise<void> {
    const { method, params } = message;
    if (isForServer(message, this.#deps.target)) {
      const era = arrived.era === 'modern' ? 'modern' : 'legacy';
      const controller = new AbortController();
      const key = randomUUID();
      // As with requests; a notification has no answer that could say so, but a record.
      if (this.#underWay.size >= underWayLimit)
        return void (await this.#refuse(arrived, new Fault('BUSY', { what: 'this host' }), 'null'));
      this.#underWay.set(key, controller);
      await this.#deps.pipeline.handle(this.#identified(message, body, era, arrived), message, encoderForTold(era), controller);
      this.#underWay.delete(key);
    } else if (method === 'notifications/cancelled') this.#underWay.get(JSON.stringify(params.value['requestId']))?.abort();
    else if (method === 'notifications/progress') this.#questions.progressed(body, params.value['progressToken']);
    else if (method === 'notifications/roots/list_changed') this.#deps.onRootsChanged(this.#conversation);
  }

  /** The host as one modern request shows it: it is asked by the answer to this call, and hears of this call, or of what it listens to. */
  #modern(message: Asking): Audience {
    return {
      abilities: abilitiesOf({ era: 'modern' }, message),
      logLevel: logLevelOf(message.params),
      conversation: undefined,
      wants: () => undefined,
      tell: (notification) => this.tell(notification),
      hold: () => ({ tell: (notification) => this.#reply(notification) }),
      ask: (question, signal) => this.ask(question, signal),
    };
  }

  #arrived(body: Buffer): { -readonly [K in keyof Arrived]: Arrived[K] } {
    return {
      era: 'unknown',
      via: this.#deps.caller.via,
      caller: this.#deps.caller,
      requestBytes: body.length,
      arrivedAt: { monotonic: performance.now(), wall: Date.now() },
    };
  }

  async #refuse(arrived: Arrived, thrown: unknown, id: string): Promise<Buffer> {
    const encode = encoderFor(arrived.era === 'modern' ? 'modern' : 'legacy', id);
    return (await this.#deps.pipeline.refuse(arrived, thrown, encode)).body;
  }

  #reply(body: Buffer): void {
    try {
      this.#deps.channel.send(asLine(body));
    } catch {
      this.#deps.channel.close(); // a host that does not read its answers has ended its own session
    }
  }
}
