// May this call go on? Pure: the snapshot and the call in, a decision out. This file alone makes an AllowedCall, so that whatever is
// forwarded was decided here. Absent means no.
import { Fault } from '#contract/error.ts';
import { isHostRefused } from '#contract/host-identity.ts';
import { everything, identityName } from '#contract/switch.ts';
import type { AllowedCall, AllowedListing, Assignment, Caller, Decision, Identified, Resolved } from '../call.ts';
import { type Exposed, nameShown, notProvisioned, nounOf } from '../mcp/feature.ts';
import type { CompiledGateway, Snapshot } from './compile.ts';
import type { Off } from './switch.ts';

/**
 * The gateway, if the caller may enter it: the token is for it, the user exists, a team of theirs grants it, their host is let in, and nothing of that is switched
 * off. `server`: the one that it is entered for; where it is assigned, it is not switched off either.
 */
export function enter(snapshot: Snapshot, caller: Caller, gateway: string, server?: string): CompiledGateway | Fault {
  const compiled = snapshot.gateways.get(gateway);
  const person = snapshot.people.bySlug(caller.user.slug);
  const isGranted = compiled !== undefined && person?.id === caller.user.id && person.gateways.has(compiled.slug);
  // An unknown gateway and one of another team get the same answer: names are nobody else's business.
  if (!compiled || !isGranted) return new Fault('GATEWAY_NOT_GRANTED', { gateway });
  if (caller.gateway !== gateway) return new Fault('TOKEN_NOT_FOR_GATEWAY', { gateway });
  const { client = '', host } = caller;
  if (isHostRefused(client, snapshot.hosts.states.get(client), snapshot.hosts.mode)) return new Fault('HOST_REFUSED', { host });
  return switchedOff(snapshot, caller, gateway, server) ?? compiled;
}

/** SWITCHED_OFF, where the caller is, the gateway, or a server in it; undefined where nothing of that is. */
export function switchedOff(
  { off, gateways }: Pick<Snapshot, 'off' | 'gateways'>,
  caller: Caller,
  gateway: string,
  server?: string,
): Fault | undefined {
  if (off === undefined) return undefined;
  const { user, client, token, workstation } = caller;
  const assignment = server === undefined ? undefined : gateways.get(gateway)?.assignments.get(server);
  return (
    memberOff({ off }, user.slug, workstation) ??
    off.find('gateway', gateway) ??
    (client === undefined ? undefined : off.find('host', client)) ??
    (token === null ? undefined : off.find('connection', token)) ??
    (assignment && assignmentOff(off, user.slug, assignment))
  );
}

/** The same of a user and their workstation, whichever gateway it is about: of whoever comes by a tunnel. */
export function memberOff({ off }: Pick<Snapshot, 'off'>, user: string, workstation: string | null): Fault | undefined {
  return (
    off &&
    (off.find('everything', everything) ??
      userOff({ off }, user) ??
      (workstation === null ? undefined : off.find('workstation', workstation)))
  );
}

/** The same of a user alone. */
export function userOff({ off }: Pick<Snapshot, 'off'>, user: string): Fault | undefined {
  return off?.find('user', user);
}

/** The same of a server, wherever it is assigned. */
export function serverOff({ off }: Pick<Snapshot, 'off'>, server: string): Fault | undefined {
  return off?.find('server', server);
}

function assignmentOff(off: Off, user: string, { server, gateway, reach, remote }: Assignment): Fault | undefined {
  const identity = remote?.auth && { server: server.slug, ...(remote.auth.identity === 'own' && { user }) };
  return (
    off.find('server', server.slug) ??
    off.find('assignment', `${gateway.slug}/${server.slug}`) ??
    (reach === 'caller' ? undefined : off.find('workstation', reach)) ??
    (identity && off.find('identity', identityName(identity))) ??
    (identity && off.find('identity', identityName({ ...identity, gateway: gateway.slug })))
  );
}

/** Decides one use of one item. */
export function decide(snapshot: Snapshot, call: Resolved): Decision {
  const gateway = enter(snapshot, call.caller, call.target.gateway);
  if (gateway instanceof Fault) return { kind: 'refused', fault: gateway };
  const assignment = gateway.assignments.get(call.assignment.server.slug);
  if (!assignment) return { kind: 'refused', fault: new Fault('SERVER_NOT_ASSIGNED', { server: call.assignment.server.slug }) };
  const off = snapshot.off && assignmentOff(snapshot.off, call.caller.user.slug, assignment);
  if (off) return { kind: 'refused', fault: off };
  if (!isExposed(assignment, call)) return { kind: 'refused', fault: notExposed(assignment, call.item) };
  const hold = onHold(assignment, call);
  if (hold) return { kind: 'refused', fault: hold };
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
  const off = snapshot.off && assignmentOff(snapshot.off, request.caller.user.slug, current);
  if (off) return off;
  return { ...request, assignment: current } as AllowedListing;
}

/** Why an item is not exposed whose definition does not count. */
export function heldBack({ server }: Assignment, { kind, name }: Exposed): Fault {
  return new Fault('ITEM_ON_HOLD', { server: server.slug, what: nounOf(kind), name: name.slice(0, nameShown) });
}

/** Why the definition that the caller was shown does not count, if it does not. */
function onHold(assignment: Assignment, { item, seen, task }: Resolved): Fault | undefined {
  const { pins, server } = assignment;
  // Nobody lists a method.
  if (!pins || item.kind === 'methods') return undefined;
  // A task is of a call that was allowed by the definition of then.
  if (!seen && task && pins.acceptedOf(item.kind, item.name).length > 0) return undefined;
  if (seen?.definition !== undefined && pins.stateOf(seen.kind, seen.name, seen.definition) === 'accepted') return undefined;
  if (!seen || seen.definition !== undefined || pins.knows(item.kind, item.name)) return heldBack(assignment, item);
  // What nobody lists has no definition that a model could have read.
  if (item.kind === 'resources' || pins.policy === 'first-use') return undefined;
  return new Fault('ITEM_NOT_LISTED', {
    server: server.slug,
    what: nounOf(item.kind),
    name: item.name.slice(0, nameShown),
  });
}

/** By name, at the server as it is now: one of the same slug that was made anew was not shown to anybody. */
function isConsented({ caller, item }: Resolved, { server }: Assignment): boolean {
  const tools = caller.consented?.get(server.id);
  return tools === 'all' || tools?.has(item.name) === true;
}

/** By its own name, or by what its caller was shown of it; a resource also by a template. */
function isExposed(assignment: Assignment, { item, seen, task, listedTemplates = [] }: Resolved): boolean {
  const { kind, name } = item;
  const isShown = seen?.kind === kind && seen.name === name;
  if (assignment.provisions(kind, name, isShown ? seen.definition : undefined)) return true;
  // A task is of a call that was allowed by the definition of then.
  if (!seen && task && kind !== 'methods')
    return assignment.pins?.acceptedOf(kind, name).some((hash) => assignment.provisions(kind, name, hash)) === true;
  return kind === 'resources' && assignment.hasTemplateFor(name, listedTemplates);
}

/** Why an item is not exposed. The same whether or not the server has such an item. */
export function notExposed({ isConditional, server }: Assignment, item: Exposed): Fault {
  const { kind, name } = item;
  if (!isConditional(kind) && !(kind === 'resources' && isConditional('templates'))) return notProvisioned(item);
  return new Fault('CONDITION_UNMET', { server: server.slug, what: nounOf(kind), name: name.slice(0, nameShown) });
}
