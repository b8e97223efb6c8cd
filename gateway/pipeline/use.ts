// A request that uses one item (tools/call, prompts/get, resources/read, completion/complete): resolve its name, decide, forward, and hand the
// upstream's own bytes back.
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import type { AllowedCall, Answered, Assignment, Identified, Resolved } from '../call.ts';
import type { Recorder } from '../audit/record.ts';
import type { InForce } from '../in-force.ts';
import { features, type Item, nameShown, unknownItem, type Use } from '../mcp/feature.ts';
import { linkEdits } from '../mcp/item-link.ts';
import { prefixed } from '../mcp/item-name.ts';
import { isObject } from '../mcp/jsonrpc.ts';
import { progressTokenOf } from '../mcp/progress.ts';
import type { Snapshot } from '../policy/compile.ts';
import { decide, decideListing, enter } from '../policy/decide.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { addressEdits, askForAddress, checkConsent, needsAddress } from './address-needed.ts';
import type { Draft } from './draft.ts';
import { answered, inputEdits, needsInput, roundLimit } from './input-required.ts';
import type { KnownLists } from './known-list.ts';
import type { Mirrors } from './mirror.ts';
import type { Mute } from './mute.ts';
import type { Seal } from './seal.ts';
import { begunEdits } from './task.ts';
import type { Parking } from './parking.ts';
import type { OpenedRequest, RequestStates } from './request-state.ts';
import { resolve } from './resolve.ts';
import { beginRound, goOn } from './round.ts';

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
}

/** A request that uses an item; `waiting` where it goes on with a call that was asked something. */
interface Using extends OpenedRequest<Identified> {
  readonly use: Use;
}

export async function useItem(deps: UseDeps, using: Using, draft: Draft, signal: AbortSignal): Promise<Answered> {
  const { request, message, use, waiting, anew } = using;
  const snapshot = deps.inForce.current();
  const gateway = enter(snapshot, request.caller, request.target.gateway);
  if (gateway instanceof Fault) throw gateway;
  draft.gateway = { id: gateway.id, name: gateway.slug };
  draft.item = { kind: use.kind, name: use.name.slice(0, nameShown) };
  const found = resolve(gateway, request, use);
  const { assignment } = found;
  draft.server = { id: assignment.server.id, name: assignment.server.slug };
  const item = found.isCut ? await uncut(deps, snapshot, request, assignment, use, signal) : found.item;
  draft.item = { kind: item.kind, name: item.name.slice(0, nameShown) };

  const resolved: Resolved = { ...request, assignment, item };
  const listedTemplates = needsTemplates(resolved) ? await templatesOf(deps, snapshot, request, assignment, signal) : [];
  const host = { audience: request.audience, progressToken: progressTokenOf(message), signal };
  const held = waiting ? undefined : deps.parking.hold(request, message, host);
  const asked = {
    ...resolved,
    ...(listedTemplates.length > 0 && { listedTemplates }),
    ...(held && { audience: held }),
  };
  // By the policy of now: the server may have been asked for a list meanwhile.
  const decision = decide(deps.inForce.current(), asked);
  draft.decidedAt = performance.now();
  if (decision.kind === 'refused') {
    if (waiting) deps.parking.revoke(waiting, decision.fault);
    throw decision.fault;
  }
  const isMirrored = request.caller.via === 'http' && item.kind === 'tools' && (deps.lists.hasMirrored || request.paramHeaders);
  if (request.era === 'modern' && isMirrored) {
    const listing = decideListing(snapshot, request, assignment);
    const asking = deps.mirrors.check(request, message, item.name, listing, signal);
    if (asking) await asking;
  }

  let { call } = decision;
  if (anew) checkConsent(call, anew);
  const round = { call, message, draft, host };
  const rounded = waiting
    ? await goOn(deps, waiting, round)
    : held
      ? await beginRound(deps, held, round)
      : { began: call, reply: await deps.upstream.call(call, message, draft.trace, signal) };
  deps.mute.delete(request.caller, assignment);
  if ('kind' in rounded) return rounded;
  let { reply } = rounded;
  // A legacy host is asked here, and its call is sent again with what it answered.
  for (let round = 1; request.era === 'legacy' && needsInput(reply); round++) {
    if (round > roundLimit) throw tooManyRounds(assignment);
    const again = await answered(call, { body: request.body, message }, reply, draft.trace, signal);
    const allowed = decide(deps.inForce.current(), { ...asked, body: again.body });
    if (allowed.kind === 'refused') throw allowed.fault;
    ({ call } = allowed);
    reply = await deps.upstream.call(call, again.message, draft.trace, signal);
  }
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

function tooManyRounds({ server }: Assignment): Fault {
  return new Fault('SERVER_GARBAGE', {
    server: server.slug,
    reason: `it asks for input more than ${roundLimit} times for one request`,
  });
}

/**
 * The one exposed item of the server's list that a cut name is short for: its hash says which, and one that fits two is of no use. One that is
 * not exposed is unknown: another answer would tell that it is there.
 */
async function uncut(
  deps: UseDeps,
  snapshot: Snapshot,
  request: Identified,
  assignment: Assignment,
  use: Item,
  signal: AbortSignal,
): Promise<Item> {
  const listing = decideListing(snapshot, request, assignment);
  if (listing instanceof Fault) throw listing;
  const items = await deps.lists.recent(listing, features[use.kind], {}, signal);
  const [only, second] = items.filter(
    ({ name }) =>
      prefixed(assignment.server.slug, { kind: use.kind, name }) === use.name && assignment.provisions(use.kind, name),
  );
  if (only === undefined || second !== undefined) throw unknownItem(use);
  return { kind: use.kind, name: only.name };
}

/** Only where the resource is not exposed by its URI, and every template of the server is. */
function needsTemplates({ item, assignment }: Resolved): boolean {
  return item.kind === 'resources' && !assignment.provisions('resources', item.name) && assignment.exposesAll('templates');
}

async function templatesOf(
  deps: UseDeps,
  snapshot: Snapshot,
  request: Identified,
  assignment: Assignment,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const listing = decideListing(snapshot, request, assignment);
  if (listing instanceof Fault) throw listing;
  return (await deps.lists.recent(listing, features.templates, {}, signal)).map(({ name }) => name);
}
