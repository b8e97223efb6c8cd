// One round of a call whose server may ask in its midst (held-call.ts): the first begins it, a retry goes on with it. The rule: what a retry brings is read
// whole before its state counts as used, and from then on no second one gets at the call.
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import type { AllowedCall, Answered } from '../call.ts';
import { readMessage, type RequestMessage } from '../mcp/jsonrpc.ts';
import type { Reply, Upstream } from '../upstream/upstream.ts';
import type { Draft } from './draft.ts';
import type { HeldCall, Turn, TurnHost } from './held-call.ts';
import { answersOf, type Parking } from './parking.ts';
import { otherThan } from './permit.ts';
import type { RequestStates, Waiting } from './request-state.ts';

export interface RoundDeps {
  readonly upstream: Upstream;
  readonly parking: Parking;
  readonly states: RequestStates;
}
/** The request of this round. */
export interface Round {
  readonly call: AllowedCall;
  readonly message: RequestMessage;
  /** As the server gets it. */
  readonly sent: RequestMessage;
  readonly draft: Draft;
  readonly host: TurnHost;
}
/** What came of it: the answer to the call as it began, or what the host is asked. */
export type Rounded = { readonly began: AllowedCall; readonly reply: Reply } | Answered;

/** Rejects with a Fault. */
export function beginRound(deps: RoundDeps, held: HeldCall, round: Round): Promise<Rounded> {
  const { call, sent, draft } = round;
  held.trace = draft.trace;
  held.begin(deps.upstream.call(call, sent, draft.trace, held.signal));
  return turn(deps, held, call, round);
}

/** Rejects with INVALID_PARAMS, INVALID_REQUEST, STATE_USED, or what the call failed with. */
export async function goOn(deps: RoundDeps, waiting: Waiting, round: Round): Promise<Rounded> {
  const { call, sent, draft } = round;
  const answers = answersOf(call, sent);
  const { held, call: began } = deps.parking.find(waiting);
  draft.parked = { call: held.id, round: waiting.round + 1 };
  if (began.flow) began.flow.continuedBy = draft.taking?.flow;
  const other = otherThan(began.assignment, call.assignment);
  if (other) {
    deps.parking.revoke(waiting, other);
    throw new Fault('STATE_USED');
  }
  const { destination, identity } = held.trace;
  Object.assign(draft.trace, {
    forwardedAt: performance.now(),
    ...(destination && { destination }),
    ...(identity && { identity }),
  });
  held.answer(answers);
  const rounded = await turn(deps, held, began, round);
  draft.trace.answeredAt = performance.now();
  return rounded;
}

async function turn(deps: RoundDeps, held: HeldCall, began: AllowedCall, round: Round): Promise<Rounded> {
  let ended: Turn | undefined;
  try {
    ended = await held.turn(round.host);
  } finally {
    if (ended?.kind !== 'asked') deps.parking.forget(held);
  }
  if (ended.kind === 'replied') return { began, reply: ended.reply };
  round.draft.parked = { call: held.id, round: ended.round };
  const state = deps.states.sealWaiting(round.call, round.message, { call: held.id, round: ended.round }, deps.parking.waitMs);
  return asked(ended, state);
}

/** The questions as the server wrote them, as an answer that the host can make something of. */
function asked({ questions }: Extract<Turn, { kind: 'asked' }>, state: string): Answered {
  const requests = questions.map(({ key, question: { method, body } }) => {
    const message = readMessage(body);
    const span = message.kind === 'request' ? message.params.span : undefined;
    const params = span ? `,"params":${body.toString('utf8', span.start, span.end)}` : '';
    return `${JSON.stringify(key)}:{"method":${JSON.stringify(method)}${params}}`;
  });
  const result = `{"resultType":"input_required","inputRequests":{${requests.join(',')}},"requestState":${JSON.stringify(state)}}`;
  const body = Buffer.from(`{"jsonrpc":"2.0","id":0,"result":${result}}`);
  const message = readMessage(body);
  if (message.kind !== 'response' || !message.idSpan) throw new Error('an answer that is none');
  return { kind: 'relayed', body, id: message.idSpan, result: message.result, isError: false };
}
