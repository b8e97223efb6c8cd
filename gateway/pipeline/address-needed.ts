// A server of 2025-11-25 may refuse a call until the person has opened an address (the error -32042, client/elicitation: URL Elicitation Required Error). A
// modern host may not be told so by this error (2026-07-28, basic: error codes): it is asked as for any input, and its retry is the call anew. The rule: the
// addresses are held to the rules for elicitation and put on record, and who asks is named to the person, whichever way it goes.
import { asFault, Fault } from '#contract/error.ts';
import { newRecordId } from '#contract/id.ts';
import type { AllowedCall, Answered } from '../call.ts';
import type { Recorder } from '../audit/record.ts';
import { abilitiesOf } from '../mcp/ability.ts';
import type { Edit } from '../mcp/item-link.ts';
import { isObject, paramSpan, readMessage, refuseDuplicates, type RequestMessage } from '../mcp/jsonrpc.ts';
import { elementsOf, membersOf } from '../mcp/span.ts';
import type { Reply, Trace } from '../upstream/upstream.ts';
import { askedBy, checkElicitation, recordOf } from './question.ts';
import type { RequestStates } from './request-state.ts';

const addressNeeded = -32042;
const addressLimit = 32;

export interface AddressDeps {
  readonly recorder: Recorder;
  readonly states: RequestStates;
}
interface Address {
  readonly message: string;
  readonly url: string;
  readonly words: Edit['span'];
}

/** Whether an answer says that addresses have to be opened first. */
export function needsAddress({ message: { error, value } }: Reply): boolean {
  return error !== undefined && isObject(value) && value['code'] === addressNeeded;
}

/** For a modern host: what it is asked. Rejects with CAPABILITY_MISSING, SERVER_GARBAGE. */
export async function askForAddress(
  deps: AddressDeps,
  call: AllowedCall,
  message: RequestMessage,
  reply: Reply,
  trace: Trace,
): Promise<Answered> {
  const server = call.assignment.server.slug;
  const addresses = await admitted(deps, call, reply, trace);
  if (!abilitiesOf(call, message).url)
    throw new Fault('CAPABILITY_MISSING', { server, capabilities: JSON.stringify({ elicitation: { url: {} } }) });
  const asked = addresses.map(({ message: words, url }, index) => {
    const shown = call.target.server === undefined ? askedBy(server, words) : words;
    return [`question-${index + 1}`, { method: 'elicitation/create', params: { mode: 'url', message: shown, url } }];
  });
  const inputRequests = Object.fromEntries(asked);
  const result = { resultType: 'input_required', inputRequests, requestState: deps.states.sealAnew(call, message) };
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 0, result }));
  const response = readMessage(body);
  if (response.kind !== 'response' || !response.idSpan) throw new Error('an answer that is none');
  return { kind: 'relayed', body, id: response.idSpan, result: response.result, isError: false };
}

/** For a legacy host, which knows the error: the person reads who asks. Rejects with SERVER_GARBAGE. */
export async function addressEdits(deps: AddressDeps, call: AllowedCall, reply: Reply, trace: Trace): Promise<readonly Edit[]> {
  const addresses = await admitted(deps, call, reply, trace);
  if (call.target.server !== undefined) return [];
  const server = call.assignment.server.slug;
  return addresses.map(({ message, words }) => ({ span: words, by: JSON.stringify(askedBy(server, message)) }));
}

/** Whether the host answered each address with consent, as far as its retry says. Throws INPUT_MISSING, INVALID_PARAMS. */
export function checkConsent(call: AllowedCall, { method, params }: RequestMessage): void {
  const responses = params.value['inputResponses'] ?? {};
  if (!isObject(responses)) throw new Fault('INVALID_PARAMS', { method, reason: '"inputResponses" must be an object' });
  const isRefused = Object.values(responses).some((one) => !isObject(one) || one['action'] !== 'accept');
  const server = call.assignment.server.slug;
  if (isRefused)
    throw new Fault('INPUT_MISSING', { server, method: 'elicitation/create', reason: 'the person did not open its address' });
}

async function admitted(deps: AddressDeps, call: AllowedCall, reply: Reply, trace: Trace): Promise<readonly Address[]> {
  const method = 'elicitation/create';
  const workstation = trace.destination?.workstation ?? null;
  const id = newRecordId(Date.now());
  try {
    const addresses = read(call, reply);
    await deps.recorder.append(recordOf({ call, method, workstation }, id, 'asked', null));
    return addresses;
  } catch (thrown) {
    const fault = asFault(thrown, id);
    if (fault.code === 'SERVER_GARBAGE')
      await deps.recorder.append(recordOf({ call, method, workstation }, id, 'refused', fault.code));
    throw fault;
  }
}

/** Throws SERVER_GARBAGE. */
function read({ assignment }: AllowedCall, { body, message: { error } }: Reply): readonly Address[] {
  const garbage = (reason: string) =>
    new Fault('SERVER_GARBAGE', { server: assignment.server.slug, reason: reason.slice(0, 300) });
  const inside = (start: number, key: string) => membersOf(body, start).find((member) => member.key === key)?.value;
  const data = error && inside(error.start, 'data');
  const list = data && inside(data.start, 'elicitations');
  const elements = list ? elementsOf(body, list.start) : [];
  if (elements.length === 0 || elements.length > addressLimit)
    throw garbage(`it names no addresses to open, or more than ${addressLimit}`);
  return elements.map((span) => {
    const value: unknown = JSON.parse(body.toString('utf8', span.start, span.end));
    const members = membersOf(body, span.start);
    const params = { value: isObject(value) ? { ...value, mode: 'url' } : {}, span, members };
    try {
      refuseDuplicates(members, 'an address');
      checkElicitation(params);
    } catch (thrown) {
      throw thrown instanceof Fault ? garbage(thrown.message) : thrown;
    }
    const words = paramSpan(params, 'message');
    if (!words || !isObject(value)) throw garbage('an address to open has no words');
    return { message: String(value['message']), url: String(value['url']), words };
  });
}
