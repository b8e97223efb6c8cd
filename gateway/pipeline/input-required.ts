// A server of 2026-07-28 that needs something of the host before it can answer says so in its result (`input_required`, basic/patterns/mrtr). A modern
// host gets that result and comes back with a retry; a legacy one is asked by requests on its stream, and the retry is made here. The rule: each question
// is held to what the host said that it can, to the rules for elicitation, and to the record, whichever way it goes; who asks is named to the person.
import { randomUUID } from 'node:crypto';
import { asFault, Fault } from '#contract/error.ts';
import { newRecordId } from '#contract/id.ts';
import type { AllowedCall } from '../call.ts';
import type { Recorder } from '../audit/record.ts';
import type { InForce } from '../in-force.ts';
import { abilitiesOf } from '../mcp/ability.ts';
import { openBrace } from '../mcp/byte.ts';
import { asksBack } from '../mcp/feature.ts';
import type { Edit } from '../mcp/item-link.ts';
import { isObject, type Params, paramSpan, readMessage, refuseDuplicates, type RequestMessage } from '../mcp/jsonrpc.ts';
import { membersOf, type Span, splice } from '../mcp/span.ts';
import type { Reply, Trace } from '../upstream/upstream.ts';
import { askedBy, checkQuestion, recordOf } from './question.ts';
import type { RequestStates } from './request-state.ts';

/** How often one call of a legacy host may be sent again for what its host answered. */
export const roundLimit = 8;
const questionLimit = 32;

interface Asked {
  readonly key: string;
  readonly method: string;
  readonly params: Params;
}
interface Needed {
  readonly questions: readonly Asked[];
  readonly state: { readonly value: string; readonly span: Span } | undefined;
  /** Where another member may stand, before all that there are. */
  readonly place: Span;
}

/** Whether an answer is a request for input. */
export function needsInput({ message: { value } }: Reply): boolean {
  return isObject(value) && value['resultType'] === 'input_required';
}

/** What has to be changed in the answer before a modern host gets it; a question that is not new is on record already. Rejects with SERVER_GARBAGE, SECRET_ASKED. */
export async function inputEdits(
  deps: { readonly inForce: InForce; readonly states: RequestStates; readonly recorder: Recorder },
  call: AllowedCall,
  message: RequestMessage,
  reply: Reply,
  trace: Trace,
  isNew: (key: string) => boolean = () => true,
): Promise<readonly Edit[]> {
  const { questions, state, place } = readNeeded(call, reply);
  const workstation = trace.destination?.workstation ?? null;
  const edits: Edit[] = [];
  for (const { key, method, params } of questions) {
    const id = newRecordId(Date.now());
    try {
      checkQuestion(deps.inForce, call, method, params, abilitiesOf(call, message));
    } catch (thrown) {
      const fault = asFault(thrown, id);
      await deps.recorder.append(recordOf({ call, method, workstation }, id, 'refused', fault.code));
      // To ask for more than the host offers, or in a way that it can't show, is the server's mistake, not the host's.
      throw fault.code === 'SECRET_ASKED' ? fault : garbage(call, fault.message);
    }
    if (isNew(key)) await deps.recorder.append(recordOf({ call, method, workstation }, id, 'asked', null));
    const words = method === 'elicitation/create' ? paramSpan(params, 'message') : undefined;
    if (words && call.target.server === undefined)
      edits.push({ span: words, by: JSON.stringify(askedBy(call.assignment.server.slug, params.value['message'])) });
  }
  // What a host answers a task names the task, which says who asked (task.ts).
  if (!state && call.task) return edits;
  const sealed = JSON.stringify(deps.states.seal(call, message, call.assignment, state?.value));
  return [...edits, state ? { span: state.span, by: sealed } : { span: place, by: `"requestState":${sealed},` }];
}

/** The request again, with what a legacy host answered. Rejects with INPUT_MISSING, SERVER_GARBAGE, CANCELLED. */
export async function answered(
  call: AllowedCall,
  original: Pick<AllowedCall, 'body'> & { readonly message: RequestMessage },
  reply: Reply,
  trace: Trace,
  signal: AbortSignal,
): Promise<{ readonly body: Buffer; readonly message: RequestMessage }> {
  const { questions, state } = readNeeded(call, reply);
  const { span, value } = original.message.params;
  if (!span || 'inputResponses' in value || 'requestState' in value)
    throw new Fault('INVALID_PARAMS', { method: call.method, reason: 'it has no place for what the server needs' });
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const replies = await Promise.all(
    questions.map(async (question) => {
      try {
        return `${JSON.stringify(question.key)}:${await replyTo(call, question, reply, trace, either)}`;
      } catch (thrown) {
        failed.abort(); // the others are of no use any more
        throw thrown;
      }
    }),
  );
  const more = [
    ...(replies.length > 0 ? [`"inputResponses":{${replies.join(',')}}`] : []),
    ...(state ? [`"requestState":${JSON.stringify(state.value)}`] : []),
  ].join(',');
  const open = { start: span.start + 1, end: span.start + 1 };
  const body = splice(original.body, [{ span: open, by: Object.keys(value).length > 0 ? `${more},` : more }]);
  const message = readMessage(body);
  if (message.kind !== 'request') throw new Fault('INVALID_REQUEST', { reason: 'it is no request' });
  return { body, message };
}

/** What the host answers to one question, as JSON text. */
async function replyTo(
  call: AllowedCall,
  { method, params }: Asked,
  reply: Reply,
  trace: Trace,
  signal: AbortSignal,
): Promise<string> {
  const missing = (reason: string, cause?: unknown): Fault =>
    new Fault('INPUT_MISSING', { server: call.assignment.server.slug, method, reason }, { cause });
  if (!call.audience) throw missing('nothing can be said to the AI host');
  const workstation = trace.destination?.workstation ?? null;
  const question = { call, workstation, method, body: asRequest(method, params, reply.body), onProgress: () => undefined };
  let said;
  try {
    const { body } = await call.audience.ask(question, signal);
    said = { body, message: readMessage(body) };
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof Fault)) throw thrown;
    throw missing(thrown.message.replace(/\.$/, ''), thrown);
  }
  const { body, message } = said;
  if (message.kind === 'response' && message.result) return body.toString('utf8', message.result.start, message.result.end);
  throw missing('the AI host answered with an error');
}

/** As a server of the legacy era asks: an address to open has an id there. */
function asRequest(method: string, { span, members, value }: Params, body: Buffer): Buffer {
  const text = span ? body.toString('utf8', span.start, span.end) : '{}';
  const isAddress = value['mode'] === 'url' && !('elicitationId' in value);
  const id = isAddress ? `"elicitationId":${JSON.stringify(randomUUID())}${members.length > 0 ? ',' : ''}` : '';
  return Buffer.from(`{"jsonrpc":"2.0","id":0,"method":${JSON.stringify(method)},"params":{${id}${text.slice(1)}}`);
}

/** Throws SERVER_GARBAGE. */
function readNeeded(call: AllowedCall, { body, message: { result } }: Reply): Needed {
  if (!(asksBack(call.method) || call.task) || !result) throw garbage(call, `it asks for input in its answer to ${call.method}`);
  const members = membersOf(body, result.start);
  try {
    refuseDuplicates(members, 'its result');
    const state = members.find(({ key }) => key === 'requestState')?.value;
    const requests = members.find(({ key }) => key === 'inputRequests')?.value;
    if (!state && !requests) throw garbage(call, 'it asks for input and says of what neither');
    const value: unknown = state && JSON.parse(body.toString('utf8', state.start, state.end));
    if (state && typeof value !== 'string') throw garbage(call, '"requestState" is not a string');
    return {
      questions: requests ? readQuestions(call, body, requests) : [],
      state: state && typeof value === 'string' ? { value, span: state } : undefined,
      place: { start: result.start + 1, end: result.start + 1 },
    };
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'INVALID_REQUEST') throw garbage(call, thrown.message);
    throw thrown;
  }
}

function readQuestions(call: AllowedCall, body: Buffer, requests: Span): readonly Asked[] {
  const members = body[requests.start] === openBrace ? membersOf(body, requests.start) : undefined;
  if (!members || members.length > questionLimit)
    throw garbage(call, `"inputRequests" is not an object of at most ${questionLimit} requests`);
  refuseDuplicates(members, '"inputRequests"');
  return members.map(({ key, value: span }) => {
    const request: unknown = JSON.parse(body.toString('utf8', span.start, span.end));
    const method = isObject(request) ? request['method'] : undefined;
    if (!isObject(request) || typeof method !== 'string') throw garbage(call, `its request "${key.slice(0, 100)}" has no method`);
    const parts = membersOf(body, span.start);
    refuseDuplicates(parts, 'a request for input');
    const at = parts.find((part) => part.key === 'params')?.value;
    const value = request['params'];
    if (value === undefined || !at) return { key, method, params: { value: {}, span: undefined, members: [] } };
    if (!isObject(value)) throw garbage(call, `the params of its request "${key.slice(0, 100)}" are not an object`);
    const inner = membersOf(body, at.start);
    refuseDuplicates(inner, 'the params of a request for input');
    return { key, method, params: { value, span: at, members: inner } };
  });
}

function garbage({ assignment }: AllowedCall, reason: string): Fault {
  return new Fault('SERVER_GARBAGE', { server: assignment.server.slug, reason: reason.slice(0, 300) });
}
