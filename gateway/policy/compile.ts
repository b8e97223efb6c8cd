// The policy as one immutable snapshot of maps, read as a whole by each call. A change makes another one, of which what stayed is the same object.
// What the maps don't hold is not allowed: there is no default that grants anything.
import type { PinPolicy } from '#contract/pin.ts';
import { AssignmentId, type Fingerprint, GatewayId, ServerId, Slug, type WorkstationId } from '#contract/id.ts';
import type { HostMode, HostState } from '#contract/host-identity.ts';
import type { PolicyEngine } from '#contract/engine.ts';
import type { PolicyAssignment, PolicyFile, PolicyIds, RemoteServer } from '#contract/policy.ts';
import type { Offer, Verdict } from '#contract/server.ts';
import type { Assignment, Remote } from '../call.ts';
import type { Capturing, GatewayRules } from '../rule/compile.ts';
import { exposureOf } from './exposure.ts';
import { type People, peopleIn } from './people.ts';
import { type PinBoards, pinsOf } from './pins.ts';
import type { Off } from './switch.ts';

export interface OfferedServer {
  readonly fingerprint: Fingerprint;
  readonly hosts: readonly string[];
  /** What an administrator decided of it, if anything. */
  readonly decision: Verdict['decision'] | undefined;
}
export interface CompiledGateway {
  readonly id: GatewayId;
  readonly slug: Slug;
  readonly title: string;
  readonly assignments: ReadonlyMap<string, Assignment>;
  /** What may flow; undefined where no rule says anything of it. */
  readonly rules?: GatewayRules | undefined;
}
export interface Snapshot {
  /** The engines that rules name, by their slugs. */
  readonly engines: ReadonlyMap<string, PolicyEngine>;
  /** Who is there, and the gateways that they may call at. */
  readonly people: People;
  readonly gateways: ReadonlyMap<string, CompiledGateway>;
  /** How gateways capture payloads that do; undefined where none does. */
  readonly captures: ReadonlyMap<string, Capturing> | undefined;
  /** Which hosts are let in: what was decided of each by its identity, and of all others. */
  readonly hosts: { readonly mode: HostMode; readonly states: ReadonlyMap<string, HostState> };
  /** What is switched off; undefined where nothing is, and as compile() makes it: what is off comes faster than a policy is compiled. */
  readonly off: Off | undefined;
  /** What each workstation offers: workstation -> server -> launchable fingerprints, the newest first. */
  readonly offers: ReadonlyMap<string, ReadonlyMap<string, readonly OfferedServer[]>>;
}

export interface Source {
  readonly policy: PolicyFile;
  readonly ids: PolicyIds;
  /** Absent: the users of the policy. */
  readonly people?: People;
  readonly offers: readonly (Offer & { readonly workstation: WorkstationId; readonly offeredAt: number })[];
  readonly approvals: readonly Verdict[];
  /** The rules of gateways that have some, by their slugs. */
  readonly rules?: ReadonlyMap<string, GatewayRules> | undefined;
  readonly captures?: Snapshot['captures'];
  /** Definitions that were seen. Absent: nothing is pinned, whatever the policy says. */
  readonly pins?: PinBoards;
  readonly hosts?: readonly { readonly id: string; readonly state: HostState }[];
}

/** Compiles what the store holds. A reference to something that is not there grants nothing. `before`: what of it is made of the same is taken over. */
export function compile(source: Source, before?: { readonly source: Source; readonly snapshot: Snapshot }): Snapshot {
  const isAsBefore = (...parts: readonly (keyof Source)[]) => parts.every((part) => before?.source[part] === source[part]);
  const old = before?.snapshot;
  return {
    people: source.people ?? peopleIn(source),
    gateways: old && isAsBefore('policy', 'ids', 'rules', 'pins') ? old.gateways : compileGateways(source),
    engines: old && isAsBefore('policy') ? old.engines : new Map(Object.entries(source.policy.engines ?? {})),
    hosts: old && isAsBefore('policy', 'hosts') ? old.hosts : compileHosts(source),
    captures: source.captures,
    off: undefined,
    offers: old && isAsBefore('offers', 'approvals') ? old.offers : compileOffers(source),
  };
}

function compileHosts({ policy, hosts = [] }: Source): Snapshot['hosts'] {
  return { mode: policy.hosts ?? 'open', states: new Map(hosts.map(({ id, state }) => [id, state])) };
}

function compileGateways(source: Source): Snapshot['gateways'] {
  const { policy, ids } = source;
  const servers = new Map(Object.entries(policy.servers));
  const gateways = new Map<string, CompiledGateway>();
  for (const [slug, gateway] of Object.entries(policy.gateways)) {
    const id = ids.gateways[slug];
    if (id === undefined) continue;
    const of = { id: GatewayId.parse(id), slug: Slug.parse(slug) };
    const assignments = new Map<string, Assignment>();
    for (const [serverSlug, assignment] of Object.entries(gateway.assignments)) {
      const server = servers.get(serverSlug);
      const serverId = ids.servers[serverSlug];
      if (server === undefined || serverId === undefined) continue;
      const pinned = pinnedOf(ids.assignments[`${slug}/${serverSlug}`], assignment.pins, source.pins);
      if (!pinned) continue;
      assignments.set(serverSlug, {
        gateway: of,
        server: { id: ServerId.parse(serverId), slug: Slug.parse(serverSlug) },
        shareable: server.kind === 'workstation' && server.shareable,
        timeoutMs: server.timeoutSeconds * 1000,
        reach: assignment.reach,
        remote: server.kind === 'remote' ? remoteOf(server, assignment.identity) : undefined,
        ...exposureOf(assignment, pinned.pins),
        ...stepUp(assignment),
        ...pinned,
      });
    }
    gateways.set(slug, { ...of, title: gateway.title ?? slug, assignments, rules: source.rules?.get(slug) });
  }
  return gateways;
}

/** A server that wants an identity and an assignment that names none: the call asks for its own, so it fails where there is none. */
function remoteOf(server: RemoteServer, identity: PolicyAssignment['identity']): Remote {
  const { url, auth, header, allowPrivate, transport, egress, sign } = server;
  const place = { url, origin: new URL(url).origin, allowPrivate, transport, egress, isSigned: sign };
  // With `auto` an assignment may say that nobody in particular calls.
  if (auth === 'none' || (auth === 'auto' && identity === 'none')) return { ...place, auth: undefined };
  const isBearer = header === undefined || header.toLowerCase() === 'authorization';
  const of = identity === 'shared' ? 'shared' : 'own';
  return { ...place, auth: { identity: of, header: header ?? 'Authorization', isBearer, scheme: auth } };
}

function stepUp({ stepUp: tools = 'none' }: PolicyAssignment): Pick<Assignment, 'needsStepUp'> {
  if (tools === 'none') return {};
  const named = tools === 'all' ? undefined : new Set(tools);
  return { needsStepUp: (tool) => named === undefined || named.has(tool) };
}

/** Undefined where nobody could say what is pinned of it. */
function pinnedOf(
  id: string | undefined,
  policy: PinPolicy = 'first-use',
  boards?: PinBoards,
): Pick<Assignment, 'pins'> | undefined {
  if (boards === undefined) return {};
  return id === undefined ? undefined : { pins: pinsOf(AssignmentId.parse(id), policy, boards.get(id)) };
}

function compileOffers({ offers, approvals }: Source): Snapshot['offers'] {
  const decisions = new Map(approvals.map(({ server, fingerprint, decision }) => [`${server} ${fingerprint}`, decision]));
  const byWorkstation = new Map<string, Map<string, OfferedServer[]>>();
  for (const offer of offers.toSorted((a, b) => b.offeredAt - a.offeredAt)) {
    const servers = byWorkstation.get(offer.workstation) ?? new Map<string, OfferedServer[]>();
    const launchable = servers.get(offer.server) ?? [];
    const decision = decisions.get(`${offer.server} ${offer.fingerprint}`);
    launchable.push({ fingerprint: offer.fingerprint, hosts: offer.hosts, decision });
    byWorkstation.set(offer.workstation, servers.set(offer.server, launchable));
  }
  return byWorkstation;
}
