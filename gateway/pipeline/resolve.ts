// From a request's target and the name of its item to the assignment that serves it. On the un-prefixed route names are the upstream's own.
import { Fault } from '#contract/error.ts';
import type { Assignment, Identified } from '../call.ts';
import { type Exposed, notProvisioned, unknownItem } from '../mcp/feature.ts';
import { unprefixed } from '../mcp/item-name.ts';
import type { CompiledGateway } from '../policy/compile.ts';

/** `isCut`: the name is short for one that only the server's list can tell. */
export interface Found {
  readonly assignment: Assignment;
  readonly item: Exposed;
  readonly isCut: boolean;
}

/**
 * Throws SERVER_NOT_ASSIGNED for an un-prefixed route to a server that is not there, and the item's own `…_UNKNOWN` for a name that leads nowhere; of a foreign method none
 * does, because it names no server.
 */
export function resolve(gateway: CompiledGateway, request: Pick<Identified, 'target'>, item: Exposed): Found {
  const { server } = request.target;
  if (server !== undefined) return { assignment: assigned(gateway, server), item, isCut: false };
  if (item.kind === 'methods') throw notProvisioned(item);
  const own = unprefixed(item);
  const assignment = own && gateway.assignments.get(own.server);
  if (!assignment) throw unknownItem(item);
  return { assignment, item: { kind: item.kind, name: own.name }, isCut: own.isCut };
}

/** The assignment of a server in this gateway. Throws SERVER_NOT_ASSIGNED. */
export function assigned(gateway: CompiledGateway, server: string): Assignment {
  const assignment = gateway.assignments.get(server);
  if (!assignment) throw new Fault('SERVER_NOT_ASSIGNED', { server });
  return assignment;
}
