// tools/list: asks every assigned server that may be listed, in parallel, and shows only what is provisioned. What is hidden is on record.
// On the aggregated route a server that fails is left out, so that one dead server does not take the others with it; that is on record, and in the log.
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { AllowedListing, Answered, Assignment, Identified } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { splice } from '../mcp/span.ts';
import { decideListing, enter } from '../policy/decide.ts';
import type { ListedTool, Trace, Upstream } from '../upstream/upstream.ts';
import type { Draft } from './draft.ts';
import type { Mute } from './mute.ts';
import { assigned, prefixed } from './resolve.ts';

/** How long one server may hold up a list of many. */
const listWithinMs = 15_000;
/** One that did not answer the last time. */
const muteWithinMs = 1000;

export async function listTools(
  deps: { inForce: InForce; upstream: Upstream; mute: Mute; logger: Logger },
  request: Identified,
  draft: Draft,
  signal: AbortSignal,
): Promise<Answered> {
  const snapshot = deps.inForce.current();
  const gateway = enter(snapshot, request.caller, request.target.gateway);
  if (gateway instanceof Fault) throw gateway;
  draft.gateway = { id: gateway.id, name: gateway.slug };
  draft.decidedAt = performance.now();

  const isAggregated = request.target.server === undefined;
  async function visible(assignment: Assignment, trace: Trace): Promise<Buffer[]> {
    const listing = decideListing(snapshot, request, assignment);
    if (listing instanceof Fault) throw listing;
    const tools = await (isAggregated ? inTime(listing, trace) : deps.upstream.tools(listing, trace, signal));
    deps.mute.delete(request.caller, assignment);
    const shown: Buffer[] = [];
    for (const tool of tools) {
      if (!listing.assignment.provisions('tools', tool.name))
        draft.hidden.push(isAggregated ? prefixed(assignment, tool.name) : tool.name);
      else if (isAggregated)
        shown.push(splice(tool.json, [{ span: tool.nameSpan, by: JSON.stringify(prefixed(assignment, tool.name)) }]));
      else shown.push(tool.json);
    }
    return shown;
  }

  async function inTime(listing: AllowedListing, trace: Trace): Promise<readonly ListedTool[]> {
    const { assignment } = listing;
    const late = AbortSignal.timeout(deps.mute.has(request.caller, assignment) ? muteWithinMs : listWithinMs);
    try {
      return await deps.upstream.tools(listing, trace, AbortSignal.any([signal, late]));
    } catch (error) {
      const isMute = error instanceof Fault && (error.code === 'SERVER_TIMEOUT' || (error.code === 'CANCELLED' && late.aborted));
      if (isMute && !signal.aborted) deps.mute.add(request.caller, assignment);
      throw error;
    }
  }

  /** Leaves a server out, and says so. */
  function leaveOut({ server }: Assignment, thrown: unknown): void {
    draft.leftOut.push(server.slug);
    const code = thrown instanceof Fault ? thrown.code : 'INTERNAL';
    const cause = thrown instanceof Fault ? {} : { err: thrown };
    deps.logger.warn({ server: server.slug, user: request.caller.user.id, code, ...cause }, 'a server was left out of a list');
  }

  if (request.target.server !== undefined) {
    const assignment = assigned(gateway, request.target.server);
    draft.server = { id: assignment.server.id, name: assignment.server.slug };
    return { kind: 'listed', tools: await visible(assignment, draft.trace) };
  }
  const assignments = [...gateway.assignments.values()];
  const lists = await Promise.allSettled(assignments.map((assignment) => visible(assignment, {})));
  const failures = lists.flatMap((list) => (list.status === 'rejected' ? [list.reason] : []));
  if (lists.length > 0 && failures.length === lists.length) throw failures[0];
  for (const [index, assignment] of assignments.entries()) {
    const list = lists[index];
    if (list?.status === 'rejected') leaveOut(assignment, list.reason);
  }
  return { kind: 'listed', tools: lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : [])) };
}
