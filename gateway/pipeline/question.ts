// What a server asks of the host in the middle of a call that was allowed: elicitation, sampling, roots. May it be asked, who is it that asks, what came of
// it. The rule: each question is on record, without its content, before its answer goes back; what can't be recorded is not answered.
import type { Logger } from 'pino';
import type { EventRecord } from '#contract/audit.ts';
import { asFault, Fault } from '#contract/error.ts';
import { newRecordId } from '#contract/id.ts';
import { isForeign } from '#contract/method.ts';
import type { Abilities, AllowedCall, HostAnswer, Question } from '../call.ts';
import type { Recorder } from '../audit/record.ts';
import type { InForce } from '../in-force.ts';
import { asksBack, nameShown } from '../mcp/feature.ts';
import { isObject, type Params, paramSpan, readMessage, type RequestMessage } from '../mcp/jsonrpc.ts';
import { secretField } from '../mcp/secret-field.ts';
import { inOrder, membersOf, type Span, splice } from '../mcp/span.ts';
import { taskIdSpans } from '../mcp/task-name.ts';
import { exposingNow } from './permit.ts';
import type { Screen } from './screen.ts';

/** The key in `_meta` that names the server which asks, where several stand behind one address. */
const serverKey = 'drawbridge/server';

export interface QuestionDeps {
  readonly inForce: InForce;
  readonly recorder: Recorder;
  /** Told what a server wanted of a host that did not declare it. */
  readonly onLacking: (call: Question['call'], capability: object) => void;
  readonly screen: Screen;
  readonly logger: Logger;
}
/** The host as the edge reaches it: what it can be asked, and how. */
export interface Asked {
  /** Of a call that stays open here from round to round. */
  readonly id?: string;
  readonly abilities: Abilities;
  readonly pose: (question: Question, signal: AbortSignal) => Promise<HostAnswer>;
}

/** Resolves with the host's response, an error of the host's included. Rejects with the Fault that the server is told. */
export async function relayQuestion(
  deps: QuestionDeps,
  question: Question,
  host: Asked,
  signal: AbortSignal,
): Promise<HostAnswer> {
  let answer: HostAnswer;
  const { method } = question;
  // Every rule is for it.
  const call = isForeign(method) ? { ...question.call, item: { kind: 'methods' as const, name: method } } : question.call;
  try {
    const asked = (await deps.screen.question(call, question.body, signal)) ?? question.body;
    const onProgress = (report: Buffer) => deps.screen.notification(call, report, question.onProgress, 'request');
    const given = await host.pose(admitted({ ...question, body: asked, onProgress }, host.abilities, deps), signal);
    answer = (await deps.screen.answer(call, given, signal)) ?? given;
  } catch (thrown) {
    const id = newRecordId(Date.now());
    const fault = asFault(thrown, id);
    if (fault.code === 'INTERNAL') deps.logger.error({ err: fault.cause, reference: id }, 'a question could not be relayed');
    await deps.recorder.append(recordOf(question, id, refusals.has(fault.code) ? 'refused' : 'failed', fault.code, host.id));
    throw fault;
  }
  await deps.recorder.append(recordOf(question, newRecordId(Date.now()), 'answered', null, host.id));
  return answer;
}

const refusals: ReadonlySet<Fault['code']> = new Set([
  'HOST_UNABLE',
  'SECRET_ASKED',
  'INVALID_PARAMS',
  'BUSY',
  'RULE_BLOCKED',
  'RULE_UNDECIDED',
]);

/** The question as the host gets it. Throws HOST_UNABLE, SECRET_ASKED, INVALID_PARAMS. */
function admitted(question: Question, abilities: Abilities, { inForce, onLacking }: QuestionDeps): Question {
  const { method, body, call } = question;
  if (call.era === 'modern' && !asksBack(call.method))
    throw new Fault('HOST_UNABLE', { method, reason: `it speaks MCP 2026-07-28, where ${call.method} can not ask back` });
  const message = readMessage(body);
  if (message.kind !== 'request') throw new Fault('INVALID_PARAMS', { method, reason: 'it is no request' });
  const needed = isAble(abilities, method, message.params) ? undefined : neededFor(method, message.params);
  if (needed) onLacking(call, needed);
  checkQuestion(inForce, call, method, message.params, abilities);
  const own = taskNamed(question, message);
  if (call.target.server !== undefined) return { ...question, body: own };
  const renamed = readMessage(own);
  if (renamed.kind !== 'request') throw new Fault('INVALID_PARAMS', { method, reason: 'it is no request' });
  return { ...question, body: attributed(own, renamed, call.assignment.server.slug) };
}

/** With the task that it belongs to under the id that the host knows. */
function taskNamed({ call: { task }, body }: Question, { params: { span } }: RequestMessage): Buffer {
  if (!task || !span) return body;
  const named = taskIdSpans(body, span).filter(({ id }) => id === task.own);
  return splice(
    body,
    named.map((one) => ({ span: one.span, by: JSON.stringify(task.shown) })),
  );
}

/** Throws HOST_UNABLE, SECRET_ASKED, ADDRESS_REFUSED, INVALID_PARAMS. */
export function checkQuestion(
  inForce: InForce,
  call: Pick<AllowedCall, 'target' | 'caller' | 'assignment' | 'era' | 'item'>,
  method: string,
  params: Params,
  abilities: Abilities,
): void {
  if (isForeign(method) && mayAskForeign(inForce, call, method)) return;
  if (!isAble(abilities, method, params)) throw new Fault('HOST_UNABLE', { method, reason: 'it did not say that it can' });
  if (method === 'elicitation/create') checkElicitation(params);
}

/** It needs no ability that MCP knows of. A modern host gets it in the answer to its call, which every rule has to be for. */
function mayAskForeign(inForce: InForce, call: Parameters<typeof checkQuestion>[1], method: string): boolean {
  const { target, era, item } = call;
  if (target.server === undefined || (era === 'modern' && item.kind !== 'methods')) return false;
  return exposingNow(inForce, call, { kind: 'methods', name: method }) !== undefined;
}

/** The words of an elicitation, with the name of the server that asks. */
export function askedBy(server: string, words: unknown): string {
  return `The server "${server}" asks: ${String(words)}`;
}

function isAble(abilities: Abilities, method: string, params: Params): boolean {
  if (method === 'elicitation/create') return params.value['mode'] === 'url' ? abilities.url : abilities.form;
  if (method === 'sampling/createMessage') return needsTools(params) ? abilities.samplingTools : abilities.sampling;
  return method === 'roots/list' && abilities.roots;
}

/** Tools in a request for sampling need a capability of their own (2025-11-25, client/sampling). */
function needsTools({ value }: Params): boolean {
  return value['tools'] !== undefined || value['toolChoice'] !== undefined;
}

/** The client capability that a question needs; undefined where there is none for it. */
function neededFor(method: string, params: Params): object | undefined {
  if (method === 'elicitation/create') return { elicitation: params.value['mode'] === 'url' ? { url: {} } : { form: {} } };
  if (method === 'sampling/createMessage') return { sampling: needsTools(params) ? { tools: {} } : {} };
  return method === 'roots/list' ? { roots: {} } : undefined;
}

/** Throws INVALID_PARAMS, SECRET_ASKED. */
export function checkElicitation({ value }: Params): void {
  const { mode = 'form', message, url, requestedSchema } = value;
  const method = 'elicitation/create';
  if (typeof message !== 'string') throw new Fault('INVALID_PARAMS', { method, reason: '"message" must be a string' });
  if (mode === 'url') {
    if (typeof url !== 'string' || !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new Fault('INVALID_PARAMS', { method, reason: '"url" must be an http or https address' });
    return;
  }
  if (mode !== 'form') throw new Fault('INVALID_PARAMS', { method, reason: '"mode" must be "form" or "url"' });
  const field = secretField(requestedSchema);
  if (field !== undefined) throw new Fault('SECRET_ASKED', { field: field.slice(0, 100) });
}

/** Names the server that asks: to the host in `_meta`, and to the person in the words of an elicitation. */
function attributed(body: Buffer, { method, params }: RequestMessage, server: string): Buffer {
  const edits: { span: Span; by: string }[] = [];
  const words = method === 'elicitation/create' ? paramSpan(params, 'message') : undefined;
  if (words) edits.push({ span: words, by: JSON.stringify(askedBy(server, params.value['message'])) });
  const entry = `${JSON.stringify(serverKey)}:${JSON.stringify(server)}`;
  const meta = paramSpan(params, '_meta');
  if (meta) {
    if (!isObject(params.value['_meta'])) throw new Fault('INVALID_PARAMS', { method, reason: '"_meta" must be an object' });
    const members = membersOf(body, meta.start);
    const own = members.find(({ key }) => key === serverKey);
    if (own) edits.push({ span: own.value, by: JSON.stringify(server) });
    else edits.push({ span: after(meta.start), by: `${entry}${members.length > 0 ? ',' : ''}` });
  } else if (params.span)
    edits.push({ span: after(params.span.start), by: `"_meta":{${entry}}${params.members.length > 0 ? ',' : ''}` });
  else edits.push({ span: after(body.indexOf(0x7b)), by: `"params":{"_meta":{${entry}}},` });
  return splice(body, inOrder(edits));
}

function after(start: number): Span {
  return { start: start + 1, end: start + 1 };
}

/** `asked`: it went to the host, and what came of it is the host's own next request. `held`: the call that stays open meanwhile. */
export function recordOf(
  { call, method, workstation }: Pick<Question, 'call' | 'method' | 'workstation'>,
  id: EventRecord['id'],
  outcome: 'asked' | 'answered' | 'refused' | 'failed',
  code: EventRecord['code'],
  held?: string,
): EventRecord {
  const { caller, assignment } = call;
  return {
    version: 1,
    kind: 'event',
    id,
    at: Date.now(),
    event: 'host_asked',
    user: { id: caller.user.id, name: caller.user.slug },
    workstation,
    code,
    detail: {
      direction: 'server to host',
      // What a rule found in the name itself is in no record.
      method: isForeign(method) && call.hits?.isOfQuestion ? '?' : method,
      server: assignment.server.slug,
      gateway: assignment.gateway.slug,
      host: caller.host,
      item: call.item.name.slice(0, nameShown),
      outcome,
      ...(held !== undefined && { call: held }),
    },
  };
}
