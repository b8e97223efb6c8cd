// One request from arrival to answer, top to bottom: resolve, decide, forward, record, encode. Whatever happens ends in exactly one record,
// and no result leaves before its record was accepted by the recorder: a call that can't be put on record is not answered.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { CallRecord } from '#contract/audit.ts';
import { asFault, Fault } from '#contract/error.ts';
import type { AllowedCall, Answered, Caller, Encode, Encoded, HostAnswer, Identified, Question } from '../call.ts';
import type { Recorder } from '../audit/record.ts';
import type { InForce } from '../in-force.ts';
import { featureListedBy, foreignOf, useOf } from '../mcp/feature.ts';
import type { RequestMessage } from '../mcp/jsonrpc.ts';
import { listenMethod } from '../mcp/news.ts';
import { isTaskMethod } from '../mcp/task-name.ts';
import { enter } from '../policy/decide.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Capture, Taken } from './capture.ts';
import { createPager } from './cursor.ts';
import { createCut } from './cut.ts';
import { describe } from './describe.ts';
import { createKnownLists } from './known-list.ts';
import { listItems } from './list.ts';
import { createLateLists } from './late-list.ts';
import { createMirrors } from './mirror.ts';
import { createMute } from './mute.ts';
import { type Begun, createNews } from './news.ts';
import { assigned } from './resolve.ts';
import { Parking } from './parking.ts';
import { mayStay } from './permit.ts';
import type { Pinning } from './pinning.ts';
import { createRequestStates } from './request-state.ts';
import { createSeal } from './seal.ts';
import { beginRecord, type Draft, finishRecord, type Arrived } from './draft.ts';
import { setLogLevel } from './log-level.ts';
import { type Asked, relayQuestion } from './question.ts';
import type { Asking, Screen } from './screen.ts';
import { createTaskQuestions, useTask } from './task.ts';
import { listTasks } from './task-list.ts';
import { tellServer, useItem } from './use.ts';

/** Refusals of callers that nobody knows are cheap to provoke, so only so many a minute are recorded; all of them are counted in the metrics. */
const strangersPerMinute = 120;

export interface PipelineDeps {
  /** The gateway server's own, the same after a restart: what leaves for a host and comes back is sealed by it. */
  readonly sealSecret: Buffer;
  readonly inForce: InForce;
  readonly upstream: Upstream;
  readonly recorder: Recorder;
  /** The rules on what may flow. */
  readonly screen: Screen;
  /** What callers were shown last, where that is pinned; `upstream` looks at what it lists for that. */
  readonly seen: Pinning['seen'];
  /** Keeps what is asked and answered at gateways whose policy says so. */
  readonly capture: Capture;
  /** Why no call may be made now, because records wait that nobody takes. */
  readonly full?: () => Fault | undefined;
  readonly logger: Logger;
  /** Rejects where that by which a caller came counts no more. */
  readonly stands: (caller: Caller) => Promise<void>;
  /** Told of each record that was kept, for the metrics. */
  readonly onRecord: (record: CallRecord) => void;
}
export interface Pipeline {
  /** Requests that are not answered yet: their records are still to come. */
  underWay(): number;
  /** Calls that wait for what their hosts answer. */
  waiting(): number;
  /**
   * Handles a request whose caller is known, or a notification that is for its server, until it is aborted; aborts it where what it stands on is switched off. Never
   * rejects.
   */
  handle(request: Identified, message: Asking, encode: Encode, closed: AbortController): Promise<Encoded>;
  /** Refuses what never became a request: unreadable, unauthenticated, contradicting its headers. Never rejects. Unknown callers are recorded within a bound. */
  refuse(arrived: Arrived, thrown: unknown, encode: Encode): Promise<Encoded>;
  /** Relays what a server asks of the host in the middle of a call. Rejects with the Fault that the server is told. */
  ask(question: Question, host: Asked, signal: AbortSignal): Promise<HostAnswer>;
  /** Throws where the caller may not, or may no more, be at this gateway. */
  admit(caller: Caller, target: Identified['target']): void;
  /** A conversation is over: ends what was opened for it. */
  release(conversation: Identified['conversation']): void;
  /** Gives up the calls that wait for their hosts, and ends whoever listens. Idempotent. */
  close(): Promise<void>;
}

export function createPipeline(deps: PipelineDeps): Pipeline {
  let isAuditDown = false;
  let underWay = 0;
  const states = createRequestStates(createSeal(deps.sealSecret, 'request state'));
  /** What was wanted of modern hosts that did not declare it, by their calls. */
  const lacking = new WeakMap<AllowedCall, object>();
  const questions = {
    ...deps,
    onLacking: (call: AllowedCall, capability: object) => void lacking.set(call, { ...lacking.get(call), ...capability }),
  };
  const relay: Pipeline['ask'] = (question, host, signal) => relayQuestion(questions, question, host, signal);
  const parking = new Parking({ ...deps, relay, mayStay: (call) => mayStay(deps, call) });
  const unsubscribe = deps.inForce.onChange(() => parking.review());
  const cut = createCut(deps);
  const lists = createKnownLists(deps.upstream, cut);
  const taskSeal = createSeal(deps.sealSecret, 'task');
  const news = createNews({ ...deps, lists, taskSeal, handle });
  const mute = createMute();
  const late = createLateLists({ lists, mute, news });
  const parts = {
    ...deps,
    lists,
    news,
    mute,
    late,
    mirrors: createMirrors(lists),
    pager: createPager(createSeal(deps.sealSecret, 'cursor')),
    states,
    parking,
    lacking,
    taskSeal,
  };
  const tasks = { ...deps, taskSeal, mute, questionEdits: createTaskQuestions({ ...deps, states }) };
  const strangers = createAllowance(strangersPerMinute);

  /** Refused before it runs. Its own record is the probe that ends the state of an audit that was down. */
  function refuseUnrecorded(): void {
    if (isAuditDown) throw new Fault('AUDIT_UNAVAILABLE');
    const full = deps.full?.();
    if (full) throw full;
  }

  function answer(request: Identified, message: Asking, draft: Draft, signal: AbortSignal): Answered | Promise<Answered> {
    if (message.kind === 'notification') return tellServer(parts, request, message, draft, signal);
    const use = useOf(request.body, message, request.era);
    if (use) {
      const opened = states.open(request, message);
      // What was spliced may have moved the item's name.
      const used = opened.request === request ? use : useOf(opened.request.body, opened.message, request.era);
      return useItem(parts, { ...opened, use: used ?? use }, draft, signal);
    }
    const feature = featureListedBy(message.method);
    if (feature) return listItems(parts, request, feature, message.params.value['cursor'], draft, signal);
    if (isTaskMethod(request.era, message.method))
      return message.method === 'tasks/list'
        ? listTasks(tasks, request, draft, signal)
        : useTask(tasks, request, message, draft, signal);
    switch (message.method) {
      case 'initialize':
      case 'server/discover':
        if ((message.method === 'initialize') !== (request.era === 'legacy')) break;
        return describe(deps, request, draft, signal);
      case 'logging/setLevel':
        if (request.era === 'legacy') return setLogLevel(parts, request, message, draft);
        break;
      case 'ping':
        if (request.era === 'legacy') return { kind: 'empty' };
        break;
      default:
    }
    const foreign = foreignOf(message);
    // Which of several servers is meant, nobody could say.
    if (foreign && request.target.server !== undefined)
      return useItem(parts, { ...states.open(request, message), use: foreign }, draft, signal);
    throw new Fault('METHOD_UNKNOWN', { method: message.method });
  }

  /** Turns what was thrown into an answer, and logs what nobody expected with the reference that the answer names. */
  function failed(draft: Draft, thrown: unknown): Answered {
    const reference = randomUUID();
    const fault = asFault(thrown, reference);
    if (fault.code === 'INTERNAL')
      deps.logger.error({ err: fault.cause, reference, method: draft.method }, 'a request failed inside the gateway server');
    draft.code = fault.code;
    return { kind: 'fault', fault, wasForwarded: draft.trace.forwardedAt !== undefined };
  }

  /** subscriptions/listen: on record once it has begun, and answered when it is over. */
  async function listen(request: Identified, message: RequestMessage, draft: Draft, encode: Encode, signal: AbortSignal) {
    let begun: Begun | undefined;
    let answered: Answered = { kind: 'listened' };
    try {
      refuseUnrecorded();
      draft.taking = await deps.capture.begin(request);
      begun = await news.listen(request, message, draft, signal);
    } catch (thrown) {
      answered = failed(draft, thrown);
    } finally {
      underWay--;
    }
    const encoded = await record(draft, answered, encode);
    if (begun && !isAuditDown && draft.code === null) return encode(await begun.run());
    begun?.end();
    return encoded;
  }

  async function record(draft: Draft, answered: Answered, encode: Encode): Promise<Encoded> {
    let encoded = encode(answered);
    let taken: Taken | undefined;
    try {
      if (draft.taking) taken = await draft.taking.end(answered.kind === 'listened' ? undefined : encoded.body);
    } catch (thrown) {
      answered = failed(draft, thrown);
      encoded = encode(answered);
    }
    let finished = finishRecord(draft, answered, encoded.body.length, taken);
    try {
      if (taken) finished = await taken.keep(finished);
      else await deps.recorder.append(finished);
      isAuditDown = false;
    } catch (error) {
      if (!isAuditDown) deps.logger.error({ err: error }, 'the audit does not accept records, so calls are refused');
      isAuditDown = true;
      return encode({ kind: 'fault', fault: new Fault('AUDIT_UNAVAILABLE', {}, { cause: error }) });
    }
    deps.onRecord(finished);
    return finished.captured?.isLost ? encode(failed(draft, new Fault('CAPTURE_FAILED'))) : encoded;
  }

  async function handle(request: Identified, message: Asking, encode: Encode, closed: AbortController): Promise<Encoded> {
    const draft = beginRecord(request, message.method, request);
    let answered: Answered;
    underWay++;
    if (message.kind === 'request' && message.method === listenMethod && request.era === 'modern')
      return listen(request, message, draft, encode, closed.signal);
    try {
      refuseUnrecorded();
      const taking = deps.capture.begin(request);
      if (taking) draft.taking = taking instanceof Promise ? await taking : taking;
      answered = await cut.during(request, draft, closed, () => answer(request, message, draft, closed.signal));
    } catch (thrown) {
      answered = failed(draft, thrown);
    } finally {
      underWay--;
    }
    return await record(draft, answered, encode);
  }

  return {
    underWay: () => underWay,
    waiting: () => parking.size,
    handle,
    async refuse(arrived, thrown, encode) {
      const draft = beginRecord(arrived, arrived.method ?? 'unknown', undefined);
      const answered = failed(draft, thrown);
      if (arrived.caller || strangers.admit(arrived.arrivedAt.wall)) return record(draft, answered, encode);
      const encoded = encode(answered);
      deps.onRecord(finishRecord(draft, answered, encoded.body.length));
      return encoded;
    },
    ask: relay,
    admit(caller, target) {
      const gateway = enter(deps.inForce.current(), caller, target.gateway, target.server);
      if (gateway instanceof Fault) throw gateway;
      if (target.server !== undefined) assigned(gateway, target.server);
    },
    release(conversation) {
      news.release(conversation);
      late.release(conversation);
      deps.upstream.release(conversation);
    },
    async close() {
      unsubscribe();
      cut.close();
      late.close();
      await Promise.all([parking.close(), news.close()]);
    },
  };
}

function createAllowance(perMinute: number): { admit(nowMs: number): boolean } {
  let minute = 0;
  let used = 0;
  return {
    admit(nowMs) {
      const current = Math.floor(nowMs / 60_000);
      if (current !== minute) used = 0;
      minute = current;
      return used++ < perMinute;
    },
  };
}
