// What a server says without being asked: progress, log messages, questions to the host. The rule: it goes to the host of the call that it belongs to, or to
// the conversation that the session is for; what can't be told whose it is goes nowhere. A session that several conversations share passes on the progress
// of their own calls and nothing else. A task has no other id for them than the one that they know. News of lists and resources is interest.ts' business.
import { asFault, entryOf, Fault } from '#contract/error.ts';
import { newId, type Slug, type WorkstationId } from '#contract/id.ts';
import type { AllowedCall, Listener } from '../call.ts';
import {
  asLine,
  errorResponse,
  type NotificationMessage,
  paramSpan,
  readMessage,
  type RequestMessage,
  withId,
} from '../mcp/jsonrpc.ts';
import { foreignOf } from '../mcp/feature.ts';
import { reaches, readLogLevel } from '../mcp/log-level.ts';
import { isNews } from '../mcp/news.ts';
import { progressTokenOf, reportWithToken } from '../mcp/progress.ts';
import { splice } from '../mcp/span.ts';
import { isOfTask, withShownTask } from '../mcp/task-name.ts';
import type { Screening, Told } from './upstream.ts';

/** A request that waits for its answer. */
export interface UnderWayCall {
  /** Undefined for a list and a handshake. */
  readonly call: AllowedCall | undefined;
  /** How the host asked for progress. */
  readonly progressToken: string | number | undefined;
  /** Questions to its host so far. */
  questions: number;
  /** Aborted when it is over. */
  readonly over: AbortSignal;
  /** It moves: its time begins anew. */
  moved(): void;
  /** Its time stands still while its host thinks. */
  pause(): void;
  resume(): void;
}
export interface UnaskedDeps {
  readonly server: Slug;
  readonly workstation: WorkstationId | null;
  readonly isShared: boolean;
  /** By the id of this session, which is their progress token too; the oldest first. */
  readonly calls: { get(id: number): UnderWayCall | undefined; values(): readonly UnderWayCall[] };
  /** To the server. Never throws. */
  readonly send: (message: Buffer) => void;
  /** News of lists and resources. */
  readonly onNews: (body: Buffer, message: NotificationMessage) => void;
  readonly onDropped: () => void;
  readonly screen: Screening;
}
/** A conversation that uses the session, and how it names things. */
interface Joined {
  readonly listener: Listener;
  /** The call by which it joined: as who it is told something. */
  readonly of: Told;
  /** It is at the gateway's one address, where names carry the server's. */
  readonly isAggregated: boolean;
}

const questionsPerCall = 32;

export type Joining = Pick<AllowedCall, 'conversation' | 'audience' | 'target' | 'caller' | 'assignment' | 'era'>;

export class Unasked {
  readonly #deps: UnaskedDeps;
  /** By conversation. */
  readonly #joined = new Map<string, Joined>();
  /** Questions that the host has not answered, by their ids as the server wrote them. */
  readonly #questions = new Map<string, AbortController>();

  constructor(deps: UnaskedDeps) {
    this.#deps = deps;
  }

  /** The conversation uses this session from now on. */
  join(call: Joining): void {
    const { conversation, audience, target, caller, assignment, era } = call;
    const listener = audience?.conversation;
    if (listener && !this.#joined.has(conversation))
      this.#joined.set(conversation, {
        listener,
        of: { caller, assignment, era, method: 'notifications', item: undefined },
        isAggregated: target.server === undefined,
      });
  }

  leave(conversation: string): void {
    this.#joined.delete(conversation);
  }

  close(): void {
    for (const question of this.#questions.values()) question.abort();
    this.#joined.clear();
  }

  notified(body: Buffer, message: NotificationMessage): void {
    const { method } = message;
    if (method === 'notifications/progress') this.#progress(body, message);
    else if (method === 'notifications/message') this.#log(body, message);
    else if (method === 'notifications/cancelled')
      this.#questions.get(JSON.stringify(message.params.value['requestId']))?.abort();
    else if (method === 'notifications/tasks/status') this.#taskMoved(body, message);
    else if (isNews(method)) this.#deps.onNews(body, message);
    else if (method === 'notifications/elicitation/complete' && !this.#deps.isShared) this.#tellAll(body, message);
    else if (foreignOf(message) && !this.#deps.isShared) this.#tellForeign(body, message);
    else this.#deps.onDropped();
  }

  /** A request of the server: ping is answered here, all else by the host of the call in whose course it comes. */
  asked(body: Buffer, message: RequestMessage): void {
    const id = body.toString('utf8', message.idSpan.start, message.idSpan.end);
    if (message.method === 'ping') return this.#deps.send(Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":{}}`));
    void this.#relay(body, message, id);
  }

  async #relay(body: Buffer, message: RequestMessage, id: string): Promise<void> {
    const { method } = message;
    const ended = new AbortController();
    let one: UnderWayCall | undefined;
    try {
      const { underWay, call } = this.#askedIn(method, id);
      one = underWay;
      one.questions++;
      one.pause();
      this.#questions.set(id, ended);
      const token = progressTokenOf(message);
      const { workstation } = this.#deps;
      const question = { call, workstation, method, body, onProgress: (report: Buffer) => this.#tellServer(report, token) };
      const asking = call.audience?.ask(question, AbortSignal.any([ended.signal, one.over]));
      const answer = await (asking ?? Promise.reject(unable(method, 'nothing can be said to it')));
      this.#deps.send(asLine(withId(answer.body, answer.id, Buffer.from(id))));
    } catch (thrown) {
      // Who took a question back waits for no answer (2025-11-25, basic/utilities/cancellation).
      if (!ended.signal.aborted) this.#deps.send(errorResponse(id, errorOf(asFault(thrown, newId()))));
    } finally {
      if (this.#questions.get(id) === ended) this.#questions.delete(id);
      one?.resume();
    }
  }

  /** The call in whose course the server asks. Throws the Fault that it is told. */
  #askedIn(method: string, id: string): { underWay: UnderWayCall; call: AllowedCall } {
    if (this.#deps.isShared) throw unable(method, 'several hosts share this server, and nobody could say which one is meant');
    const underWay = this.#deps.calls.values().findLast(({ call }) => call !== undefined);
    if (!underWay?.call) throw unable(method, 'none of its calls is under way');
    if (this.#questions.has(id)) throw new Fault('INVALID_REQUEST', { reason: 'its id is that of a question that is open' });
    if (underWay.questions >= questionsPerCall) throw unable(method, `a call may ask ${questionsPerCall} times`);
    return { underWay, call: underWay.call };
  }

  /** The host's progress with a question, under the token that the server gave it. */
  #tellServer(report: Buffer, token: string | number | undefined): void {
    const message = readMessage(report);
    if (token !== undefined && message.kind === 'notification') this.#deps.send(asLine(reportWithToken(report, message, token)));
  }

  #progress(body: Buffer, message: NotificationMessage): void {
    const token = message.params.value['progressToken'];
    const one = typeof token === 'number' ? this.#deps.calls.get(token) : undefined;
    if (one?.progressToken === undefined) return this.#deps.onDropped();
    one.moved();
    const { call } = one;
    const { audience } = call ?? {};
    if (!call || !audience) return;
    const report = reportWithToken(body, message, one.progressToken);
    this.#deps.screen(call, asLine(this.#ofTask(report, message, audience.conversation, call)), (told) => audience.tell(told));
  }

  /** The newest call of a legacy host, the only one of a modern host; where there is none, the conversations. */
  #nearest(): { readonly call: AllowedCall | undefined; readonly hearers: readonly Joined[] } {
    const calls = this.#deps.calls.values();
    const call = calls.at(-1)?.call;
    if (call?.audience === undefined) return { call, hearers: [...this.#joined.values()] };
    const isOne = call.era === 'legacy' || calls.length === 1;
    return {
      call,
      hearers: isOne ? [{ listener: call.audience, of: call, isAggregated: call.target.server === undefined }] : [],
    };
  }

  #log(body: Buffer, message: NotificationMessage): void {
    const level = readLogLevel(message.params.value['level']);
    if (this.#deps.isShared || level === undefined) return this.#deps.onDropped();
    const { call, hearers } = this.#nearest();
    const isWanted = ({ logLevel }: Listener) => reaches(level, logLevel ?? (call?.era === 'modern' ? undefined : 'debug'));
    const told = hearers.filter(({ listener }) => isWanted(listener));
    if (told.length === 0) this.#deps.onDropped();
    for (const { listener, of, isAggregated } of told) {
      const named = isAggregated ? withLogger(body, message, this.#deps.server) : body;
      const own = asLine(this.#ofTask(named, message, call?.audience ? call.audience.conversation : listener, call));
      this.#deps.screen(of, own, (screened) => listener.tell(screened));
    }
  }

  /** To the conversation that began the task, under the id that it knows. */
  #taskMoved(body: Buffer, message: NotificationMessage): void {
    const span = paramSpan(message.params, 'taskId');
    const own = String(message.params.value['taskId']);
    const told = [...this.#joined.values()].flatMap(({ listener, of }) => {
      const shown = listener.tasks?.shownOf(this.#deps.server, own);
      return shown === undefined ? [] : [{ listener, of, shown }];
    });
    if (!span || told.length === 0) return this.#deps.onDropped();
    for (const { listener, of, shown } of told) {
      const own = asLine(this.#ofTask(splice(body, [{ span, by: JSON.stringify(shown) }]), message, listener));
      this.#deps.screen(of, own, (screened) => listener.tell(screened));
    }
  }

  /** What MCP does not know, at the URL of this one server. Whether it is exposed is for whoever screens it. */
  #tellForeign(body: Buffer, message: NotificationMessage): void {
    const foreign = foreignOf(message);
    const { call, hearers } = this.#nearest();
    const told = hearers.filter(({ isAggregated }) => !isAggregated);
    if (told.length === 0) this.#deps.onDropped();
    for (const { listener, of } of told) {
      const own = asLine(this.#ofTask(body, message, call?.audience ? call.audience.conversation : listener, call));
      this.#deps.screen(of, own, (screened) => listener.tell(screened), 'response', foreign);
    }
  }

  #tellAll(body: Buffer, message: NotificationMessage): void {
    if (this.#joined.size === 0) this.#deps.onDropped();
    for (const { listener, of } of this.#joined.values())
      this.#deps.screen(of, asLine(this.#ofTask(body, message, listener)), (screened) => listener.tell(screened));
  }

  /** `body`: of the message, also where something else of it was changed. The task as the one that the call is about, or that the conversation began. */
  #ofTask(body: Buffer, message: NotificationMessage, told: Listener | undefined, call?: AllowedCall): Buffer {
    if (!isOfTask(message)) return body;
    const shownOf = (own: string) => (call?.task?.own === own ? call.task.shown : told?.tasks?.shownOf(this.#deps.server, own));
    return withShownTask(body, shownOf);
  }
}

function unable(method: string, reason: string): Fault {
  return new Fault('HOST_UNABLE', { method, reason });
}

function errorOf(fault: Fault): { code: number; message: string; data: object } {
  return { code: entryOf(fault.code).rpc, message: fault.message, data: { code: fault.code } };
}

/** The log message with the server's name before that of its logger. */
function withLogger(body: Buffer, { params }: NotificationMessage, server: Slug): Buffer {
  const span = paramSpan(params, 'logger');
  const own = params.value['logger'];
  if (span) return splice(body, [{ span, by: JSON.stringify(typeof own === 'string' ? `${server}/${own}` : server) }]);
  if (!params.span) return body;
  const open = { start: params.span.start + 1, end: params.span.start + 1 };
  return splice(body, [{ span: open, by: `"logger":${JSON.stringify(server)},` }]);
}
