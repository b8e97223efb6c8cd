// From a request's target and tool name to the assignment that serves it. On the aggregated route a tool is named `<server>__<tool>`:
// a slug never holds "__", so the first one is the seam, whatever the tool's own name holds.
import { Fault } from '#contract/error.ts';
import type { Assignment, Identified, Resolved } from '../call.ts';
import type { CompiledGateway } from '../policy/compile.ts';

const separator = '__';

/** The name that a host sees on the aggregated route. */
export function prefixed(assignment: Assignment, tool: string): string {
  return `${assignment.server.slug}${separator}${tool}`;
}

/** Throws SERVER_NOT_ASSIGNED for an un-prefixed route to a server that is not there, TOOL_UNKNOWN for a name that leads nowhere. */
export function resolve(gateway: CompiledGateway, request: Identified, name: string): Resolved {
  const { server } = request.target;
  if (server !== undefined) return { ...request, assignment: assigned(gateway, server), tool: name };
  const seam = name.indexOf(separator);
  const assignment = seam > 0 ? gateway.assignments.get(name.slice(0, seam)) : undefined;
  if (!assignment) throw new Fault('TOOL_UNKNOWN', { tool: name });
  return { ...request, assignment, tool: name.slice(seam + separator.length) };
}

/** The assignment of a server in this gateway. Throws SERVER_NOT_ASSIGNED. */
export function assigned(gateway: CompiledGateway, server: string): Assignment {
  const assignment = gateway.assignments.get(server);
  if (!assignment) throw new Fault('SERVER_NOT_ASSIGNED', { server });
  return assignment;
}
