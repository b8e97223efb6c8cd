// May this call go on? Pure: the snapshot and the call in, a decision out. This file alone makes an AllowedCall, so that whatever is
// forwarded was decided here. Absent means no.
import { Fault } from '#contract/error.ts';
import { isHostRefused } from '#contract/host-identity.ts';
import type { AllowedCall, AllowedListing, Assignment, Caller, Decision, Identified, Resolved } from '../call.ts';
import { notProvisioned } from '../mcp/feature.ts';
import type { CompiledGateway, Snapshot } from './compile.ts';

/** The gateway, if the caller may enter it: the token is for it, the user exists, a team of theirs grants it, and their host is let in. */
export function enter(snapshot: Snapshot, caller: Caller, gateway: string): CompiledGateway | Fault {
  const compiled = snapshot.gateways.get(gateway);
  const isGranted =
    snapshot.users.get(caller.user.slug) === caller.user.id && snapshot.grants.get(caller.user.slug)?.has(gateway);
  // An unknown gateway and one of another team get the same answer: names are nobody else's business.
  if (!compiled || !isGranted) return new Fault('GATEWAY_NOT_GRANTED', { gateway });
  if (caller.gateway !== gateway) return new Fault('TOKEN_NOT_FOR_GATEWAY', { gateway });
  const { client = '', host } = caller;
  if (isHostRefused(client, snapshot.hosts.states.get(client), snapshot.hosts.mode)) return new Fault('HOST_REFUSED', { host });
  return compiled;
}

/** Decides one use of one item. */
export function decide(snapshot: Snapshot, call: Resolved): Decision {
  const gateway = enter(snapshot, call.caller, call.target.gateway);
  if (gateway instanceof Fault) return { kind: 'refused', fault: gateway };
  const assignment = gateway.assignments.get(call.assignment.server.slug);
  if (!assignment) return { kind: 'refused', fault: new Fault('SERVER_NOT_ASSIGNED', { server: call.assignment.server.slug }) };
  if (!isExposed(assignment, call)) return { kind: 'refused', fault: notProvisioned(call.item) };
  if (call.item.kind === 'tools' && assignment.needsStepUp?.(call.item.name) === true && !isConsented(call, assignment))
    return { kind: 'refused', fault: new Fault('STEP_UP_NEEDED', { name: call.item.name }) };
  return { kind: 'allowed', call: { ...call, assignment } as AllowedCall };
}

/** Decides whether the items of one assignment may be listed to the caller; what they see of them is then filtered by provisioning. */
export function decideListing(snapshot: Snapshot, request: Identified, assignment: Assignment): AllowedListing | Fault {
  const gateway = enter(snapshot, request.caller, request.target.gateway);
  if (gateway instanceof Fault) return gateway;
  const current = gateway.assignments.get(assignment.server.slug);
  if (!current) return new Fault('SERVER_NOT_ASSIGNED', { server: assignment.server.slug });
  return { ...request, assignment: current } as AllowedListing;
}

/** By name, at the server as it is now: one of the same slug that was made anew was not shown to anybody. */
function isConsented({ caller, item }: Resolved, { server }: Assignment): boolean {
  const tools = caller.consented?.get(server.id);
  return tools === 'all' || tools?.has(item.name) === true;
}

/** By its own name; a resource also by a template. */
function isExposed(assignment: Assignment, { item, listedTemplates = [] }: Resolved): boolean {
  if (assignment.provisions(item.kind, item.name)) return true;
  return item.kind === 'resources' && assignment.hasTemplateFor(item.name, listedTemplates);
}
