// tools/list: asks every assigned server that may be listed, in parallel, and shows only what is provisioned. What is hidden is on record.
// On the aggregated route a server that fails is left out, so that one dead server does not take the others with it.
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import type { Answered, Assignment, Identified } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { splice } from '../mcp/span.ts';
import { decideListing, enter } from '../policy/decide.ts';
import type { Trace, Upstream } from '../upstream/upstream.ts';
import type { Draft } from './draft.ts';
import { assigned, prefixed } from './resolve.ts';

/** How long one server may hold up a list of many. */
const listWithinMs = 15_000;

export async function listTools(
  deps: { inForce: InForce; upstream: Upstream },
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
    const within = isAggregated ? AbortSignal.any([signal, AbortSignal.timeout(listWithinMs)]) : signal;
    const tools = await deps.upstream.tools(listing, trace, within);
    const shown: Buffer[] = [];
    for (const tool of tools) {
      if (!listing.assignment.provisions(tool.name))
        draft.hidden.push(isAggregated ? prefixed(assignment, tool.name) : tool.name);
      else if (isAggregated)
        shown.push(splice(tool.json, [{ span: tool.nameSpan, by: JSON.stringify(prefixed(assignment, tool.name)) }]));
      else shown.push(tool.json);
    }
    return shown;
  }

  if (request.target.server !== undefined) {
    const assignment = assigned(gateway, request.target.server);
    draft.server = { id: assignment.server.id, name: assignment.server.slug };
    return { kind: 'listed', tools: await visible(assignment, draft.trace) };
  }
  const lists = await Promise.allSettled([...gateway.assignments.values()].map((assignment) => visible(assignment, {})));
  const failures = lists.flatMap((list) => (list.status === 'rejected' ? [list.reason] : []));
  if (lists.length > 0 && failures.length === lists.length) throw failures[0];
  return { kind: 'listed', tools: lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : [])) };
}
