// Whose item it is that somebody wants to use, and whether they may: a name is resolved, a server asked for a list only where nobody could decide without it.
// The rule: what is decided is decided last, by the policy of that moment.
import { performance } from 'node:perf_hooks';
import { Fault } from '#contract/error.ts';
import type { AllowedCall, Assignment, Caller, Decision, Identified, ListedTemplate, Resolved, SeenItem } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { type Exposed, features, type Item, nameShown, unknownItem } from '../mcp/feature.ts';
import { prefixed } from '../mcp/item-name.ts';
import type { Snapshot } from '../policy/compile.ts';
import { decide, decideListing, enter } from '../policy/decide.ts';
import type { Trace } from '../upstream/upstream.ts';
import type { Draft } from './draft.ts';
import type { KnownLists } from './known-list.ts';
import type { Pinning } from './pinning.ts';
import { resolve } from './resolve.ts';

interface PermitDeps {
  readonly inForce: InForce;
  readonly lists: KnownLists;
  /** What a caller was shown last of an item whose definition is pinned. */
  readonly seen: Pinning['seen'];
}
export interface Permitted {
  readonly asked: Resolved;
  readonly decision: Decision;
}

/** A promise only where a server has to be asked. Throws or rejects with what resolve and the listing throw, and with what refuses the gateway. */
export function permit(
  deps: PermitDeps,
  request: Identified,
  use: Exposed,
  draft: Pick<Draft, 'gateway' | 'server' | 'item' | 'decidedAt'> & Partial<Pick<Draft, 'hits' | 'trace' | 'taking'>>,
  signal: AbortSignal,
): Permitted | Promise<Permitted> {
  const snapshot = deps.inForce.current();
  const gateway = enter(snapshot, request.caller, request.target.gateway);
  if (gateway instanceof Fault) throw gateway;
  draft.gateway = { id: gateway.id, name: gateway.slug };
  draft.item = { kind: use.kind, name: use.name.slice(0, nameShown) };
  const found = resolve(gateway, request, use);
  const { assignment } = found;
  draft.server = { id: assignment.server.id, name: assignment.server.slug };

  function decided(item: Exposed, listedTemplates: readonly ListedTemplate[], seen: SeenItem | undefined): Permitted {
    const resolved: Resolved = {
      ...request,
      assignment,
      item,
      ...(draft.hits && { hits: draft.hits }),
      ...(draft.taking && { flow: draft.taking.flow }),
      ...(seen && { seen }),
    };
    const asked = listedTemplates.length === 0 ? resolved : { ...resolved, listedTemplates };
    // By the policy of now: the server may have been asked for a list meanwhile.
    const decision = decide(deps.inForce.current(), asked);
    draft.item = { kind: item.kind, name: item.name.slice(0, nameShown) };
    draft.decidedAt = performance.now();
    return { asked, decision };
  }

  const { caller } = request;
  const { item: own } = found;
  // Nobody lists a method: there is nothing of it to look at.
  if (own.kind === 'methods' || use.kind === 'methods') return decided(own, [], undefined);
  const known = assignment.pins && !found.isCut ? deps.seen({ caller, assignment }, own.kind, own.name) : undefined;
  if (!found.isCut && !needsTemplates(assignment, own) && (!assignment.pins || known)) return decided(own, [], known);
  return (async () => {
    const item = found.isCut ? await uncut(deps, snapshot, request, assignment, use, signal) : own;
    const templates = needsTemplates(assignment, item) ? await templatesOf(deps, snapshot, request, assignment, signal) : [];
    return decided(
      item,
      templates,
      assignment.pins && (await look(deps, snapshot, request, assignment, item, draft.trace, signal)),
    );
  })();
}

/** What was seen of an item; its server is asked for its list where nobody looked at one of this caller, if it is exposed at all. */
async function look(
  deps: PermitDeps,
  snapshot: Snapshot,
  request: Identified,
  assignment: Assignment,
  { kind, name }: Item,
  ofCall: Trace | undefined,
  signal: AbortSignal,
): Promise<SeenItem | undefined> {
  const of = { caller: request.caller, assignment };
  const seen = deps.seen(of, kind, name);
  const kinds = (kind === 'resources' ? (['resources', 'templates'] as const) : [kind]).filter((one) => assignment.exposes(one));
  if (seen || kinds.length === 0 || (kind !== 'resources' && !assignment.mayProvision(kind, name))) return seen;
  const listing = decideListing(snapshot, request, assignment);
  if (listing instanceof Fault) throw listing;
  const trace: Trace = {};
  try {
    for (const one of kinds) await deps.lists.ask(listing, features[one], trace, signal);
  } catch (error) {
    // The call ends here: its record says as whom, and where.
    if (ofCall && trace.identity) ofCall.identity = trace.identity;
    if (ofCall && trace.destination) ofCall.destination = trace.destination;
    throw error;
  }
  return deps.seen(of, kind, name);
}

/** Whether a call that was allowed would be still, by the policy and the caller of now. Rejects with the Fault for which it would not. */
export async function mayStay(
  { inForce, stands }: Pick<PermitDeps, 'inForce'> & { readonly stands: (caller: Caller) => Promise<void> },
  call: AllowedCall,
): Promise<void> {
  const decision = decide(inForce.current(), call);
  if (decision.kind === 'refused') throw decision.fault;
  const other = otherThan(call.assignment, decision.call.assignment);
  if (other) throw other;
  await stands(call.caller);
}

/** Its assignment by the policy of now, where the foreign method is exposed there to this caller still: what a server says or asks by one comes when it likes. */
export function exposingNow(
  inForce: InForce,
  { caller, assignment }: Pick<AllowedCall, 'caller' | 'assignment'>,
  { kind, name }: Exposed,
): Assignment | undefined {
  const gateway = enter(inForce.current(), caller, assignment.gateway.slug, assignment.server.slug);
  const now = gateway instanceof Fault ? undefined : gateway.assignments.get(assignment.server.slug);
  return now?.server.id === assignment.server.id && now.provisions(kind, name, undefined) ? now : undefined;
}

/** Who asked: which server, and where it was. */
export interface Asker {
  readonly server: { readonly id: string };
  readonly remote: { readonly url: string } | undefined;
}

/** Why a call that waits for its host does not go on, though the server of that name may be called. Not a code that says that the server is down. */
export function otherThan({ server, remote }: Asker, now: Assignment): Fault | undefined {
  const { slug } = now.server;
  // Another server has that name by now.
  if (now.server.id !== server.id) return new Fault('SERVER_NOT_ASSIGNED', { server: slug });
  // What a person says goes to no address that the policy does not name any more.
  return now.remote?.url === remote?.url ? undefined : new Fault('UPSTREAM_MOVED', { server: slug });
}

/**
 * The one exposed item of the server's list that a cut name is short for: its hash says which, and one that fits two is of no use. One that is
 * not exposed is unknown: another answer would tell that it is there.
 */
async function uncut(
  deps: PermitDeps,
  snapshot: Snapshot,
  request: Identified,
  assignment: Assignment,
  use: Item,
  signal: AbortSignal,
): Promise<Item> {
  const listing = decideListing(snapshot, request, assignment);
  if (listing instanceof Fault) throw listing;
  const items = await deps.lists.recent(listing, features[use.kind], {}, signal);
  // By the policy of now: what is new in that list was looked at meanwhile.
  const now = deps.inForce.current().gateways.get(assignment.gateway.slug)?.assignments.get(assignment.server.slug);
  const isExposed = now?.server.id === assignment.server.id ? now.provisions : () => false;
  const [only, second] = items.filter(
    ({ name, definition }) =>
      prefixed(assignment.server.slug, { kind: use.kind, name }) === use.name && isExposed(use.kind, name, definition),
  );
  if (only === undefined || second !== undefined) throw unknownItem(use);
  return { kind: use.kind, name: only.name };
}

/** Only where the resource is not named, and templates are exposed that only the server's list tells. */
function needsTemplates(assignment: Assignment, { kind, name }: Item): boolean {
  return kind === 'resources' && !assignment.provisions('resources', name, undefined) && assignment.exposesByList('templates');
}

async function templatesOf(
  deps: PermitDeps,
  snapshot: Snapshot,
  request: Identified,
  assignment: Assignment,
  signal: AbortSignal,
): Promise<readonly ListedTemplate[]> {
  const listing = decideListing(snapshot, request, assignment);
  if (listing instanceof Fault) throw listing;
  const items = await deps.lists.recent(listing, features.templates, {}, signal);
  return items.map(({ name, definition }) => ({ name, definition }));
}
