// A request that uses one item (tools/call, prompts/get, resources/read, completion/complete): resolve its name, decide, forward, and hand the
// upstream's own bytes back.
import { Fault } from '#contract/error.ts';
import type { AllowedCall, Answered, Assignment, Identified, Resolved } from '../call.ts';
import type { Recorder } from '../audit/record.ts';
import type { InForce } from '../in-force.ts';
import { type Exposed, foreignOf } from '../mcp/feature.ts';
import { linkEdits } from '../mcp/item-link.ts';
import { isObject, type NotificationMessage, type RequestMessage } from '../mcp/jsonrpc.ts';
import { progressTokenOf } from '../mcp/progress.ts';
import { decide, decideListing } from '../policy/decide.ts';
import type { Reply, Upstream } from '../upstream/upstream.ts';
import { addressEdits, askForAddress, checkConsent, needsAddress } from './address-needed.ts';
import type { Draft } from './draft.ts';
import { answered, inputEdits, needsInput, roundLimit } from './input-required.ts';
import type { KnownLists } from './known-list.ts';
import type { Mirrors } from './mirror.ts';
import type { Mute } from './mute.ts';
import type { News } from './news.ts';
import { otherThan, permit } from './permit.ts';
import type { Pinning } from './pinning.ts';
import type { Seal } from './seal.ts';
import { begunEdits } from './task.ts';
import type { Parking } from './parking.ts';
import type { OpenedRequest, RequestStates } from './request-state.ts';
import { beginRound, goOn } from './round.ts';
import type { Screen, Sent } from './screen.ts';

interface UseDeps {
  readonly inForce: InForce;
  readonly upstream: Upstream;
  readonly lists: KnownLists;
  readonly mute: Mute;
  readonly mirrors: Mirrors;
  readonly states: RequestStates;
  readonly parking: Parking;
  readonly taskSeal: Seal;
  /** The capabilities that a server wanted in a call, and its host did not declare. */
  readonly lacking: Pick<WeakMap<AllowedCall, object>, 'get'>;
  readonly recorder: Recorder;
  readonly news: News;
  readonly screen: Screen;
  readonly seen: Pinning['seen'];
}

const subscribing: ReadonlySet<string> = new Set(['resources/subscribe', 'resources/unsubscribe']);

/** A request that uses an item, or is a foreign method; `waiting` where it goes on with a call that was asked something. */
interface Using extends OpenedRequest<Identified> {
  readonly use: Exposed;
}

export async function useItem(deps: UseDeps, using: Using, draft: Draft, signal: AbortSignal): Promise<Answered> {
  const { request, message, use, waiting, anew, asker } = using;
  const host = { audience: request.audience, progressToken: progressTokenOf(message), signal };
  const held = waiting ? undefined : deps.parking.hold(request, message, host);
  const permitted = permit(deps, held ? { ...request, audience: held } : request, use, draft, signal);
  const { asked, decision } = permitted instanceof Promise ? await permitted : permitted;
  const { assignment, item } = asked;
  if (decision.kind === 'refused') {
    if (waiting) deps.parking.revoke(waiting, decision.fault);
    throw decision.fault;
  }
  const isMirrored = request.caller.via === 'http' && item.kind === 'tools' && (deps.lists.hasMirrored || request.paramHeaders);
  if (request.era === 'modern' && isMirrored) {
    const listing = decideListing(deps.inForce.current(), request, assignment);
    const asking = deps.mirrors.check(request, message, item.name, listing, signal);
    if (asking) await asking;
  }

  let { call } = decision;
  if (anew) checkConsent(call, anew);
  let changed: Sent<RequestMessage> | undefined;
  try {
    const inspected = deps.screen.request(call, message, signal);
    changed = inspected instanceof Promise ? await inspected : inspected;
  } finally {
    forgetName(draft);
  }
  if (changed) call = allowedAgain(deps, { ...asked, body: changed.body });
  const sent = changed?.message ?? message;
  const other = asker && otherThan(asker, call.assignment);
  if (other) throw other;
  deps.news.uses(request, assignment);
  const round = { call, message, sent, draft, host };
  const rounded = waiting
    ? await goOn(deps, waiting, round)
    : held
      ? await beginRound(deps, held, round)
      : { began: call, reply: await forward(deps, call, sent, draft, signal) };
  deps.mute.delete(request.caller, assignment);
  if ('kind' in rounded) return rounded;
  let { reply } = rounded;
  // A legacy host is asked here, and its call is sent again with what it answered.
  const { body } = call;
  for (let round = 1; request.era === 'legacy' && needsInput(reply); round++) {
    if (round > roundLimit) throw tooManyRounds(assignment);
    const again = await answered(call, { body, message: sent }, reply, draft.trace, signal);
    call = allowedAgain(deps, { ...asked, body: again.body });
    const moved = otherThan(assignment, call.assignment);
    if (moved) throw moved;
    reply = await deps.upstream.call(call, again.message, draft.trace, signal);
  }
  const screened = deps.screen.reply(call, reply, signal);
  reply = (screened instanceof Promise ? await screened : screened) ?? reply;
  const { idSpan, result, error, value } = reply.message;
  if (!idSpan) throw new Fault('SERVER_GARBAGE', { server: assignment.server.slug, reason: 'its answer has no id' });
  const isError = error !== undefined || (isObject(value) && value['isError'] === true);
  const needed = isError && request.era === 'modern' ? deps.lacking.get(rounded.began) : undefined;
  // A server may go on without; where it can't, the host is told what it did not declare (2026-07-28, basic: client capabilities).
  if (needed) throw new Fault('CAPABILITY_MISSING', { server: assignment.server.slug, capabilities: JSON.stringify(needed) });
  if (request.era === 'modern' && needsAddress(reply)) return askForAddress(deps, call, message, reply, draft.trace);
  const isAggregated = request.target.server === undefined;
  const links = isAggregated && result ? linkEdits(assignment.server.slug, message.method, reply.body, result, value) : undefined;
  const edits = needsInput(reply)
    ? await inputEdits(deps, call, message, reply, draft.trace)
    : needsAddress(reply)
      ? await addressEdits(deps, call, reply, draft.trace)
      : [...(links ?? []), ...begunEdits(deps, call, message, reply)];
  return {
    kind: 'relayed',
    body: reply.body,
    id: idSpan,
    result,
    error,
    isError,
    edits,
    isCacheable: message.method === 'resources/read',
  };
}

/** A host's notification that is a foreign method. */
export async function tellServer(
  deps: UseDeps,
  request: Identified,
  message: NotificationMessage,
  draft: Draft,
  signal: AbortSignal,
): Promise<Answered> {
  const foreign = foreignOf(message);
  if (!foreign) throw new Fault('METHOD_UNKNOWN', { method: message.method });
  const { asked, decision } = await permit(deps, request, foreign, draft, signal);
  if (decision.kind === 'refused') throw decision.fault;
  let changed: Sent<NotificationMessage> | undefined;
  try {
    changed = await deps.screen.request(decision.call, message, signal);
  } finally {
    forgetName(draft);
  }
  const body = changed?.body ?? request.body;
  await deps.upstream.tell(allowedAgain(deps, { ...asked, body }), message, draft.trace, signal);
  return { kind: 'empty' };
}

/** The same use with another body, by the policy of now. Throws what refuses it. */
function allowedAgain({ inForce }: UseDeps, asked: Resolved): AllowedCall {
  const allowed = decide(inForce.current(), asked);
  if (allowed.kind === 'refused') throw allowed.fault;
  return allowed.call;
}

/** What a rule found in the name itself is in no record. */
function forgetName(draft: Draft): void {
  if (draft.item && draft.hits.isOfName) draft.item = { ...draft.item, name: '?' };
}

function tooManyRounds({ server }: Assignment): Fault {
  return new Fault('SERVER_GARBAGE', {
    server: server.slug,
    reason: `it asks for input more than ${roundLimit} times for one request`,
  });
}

/** What is subscribed to is remembered, and made again where its server is lost. */
function forward(deps: UseDeps, call: AllowedCall, message: RequestMessage, draft: Draft, signal: AbortSignal): Promise<Reply> {
  return subscribing.has(message.method)
    ? deps.news.subscribe(call, message, draft.trace, signal)
    : deps.upstream.call(call, message, draft.trace, signal);
}
