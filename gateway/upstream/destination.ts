// Which workstation and which of its commands serve a call: the assignment's shared workstation, or the caller's own. Pure.
import { Fault } from '#contract/error.ts';
import type { WorkstationId } from '#contract/id.ts';
import type { AllowedCall, AllowedListing, Destination } from '../call.ts';
import type { OfferedServer, Snapshot } from '../policy/compile.ts';
import type { Hub } from '../tunnel/hub.ts';

type Presences = Pick<Hub, 'presences' | 'presence'>;

/**
 * Chooses the destination. A call through the shim goes to the workstation it came from; else the caller's only connected one that
 * offers the server, else the one used last. Throws WORKSTATION_OFFLINE, SERVER_NOT_OFFERED, WORKSTATION_AMBIGUOUS, SERVER_DENIED.
 */
export function chooseDestination(
  snapshot: Snapshot,
  hub: Presences,
  call: AllowedCall | AllowedListing,
  /** Asked only where that decides. */
  lastUsed: () => WorkstationId | undefined,
): Destination {
  const { assignment, caller } = call;
  const server = assignment.server.slug;
  const offered = (workstation: WorkstationId) => snapshot.offers.get(workstation)?.get(server) ?? [];

  const connected =
    assignment.reach !== 'caller'
      ? [hub.presence(assignment.reach)]
      : caller.workstation !== null
        ? [hub.presence(caller.workstation)].filter((presence) => presence?.user === caller.user.id)
        : hub.presences(caller.user.id);
  const offering: WorkstationId[] = [];
  let isOnline = false;
  for (const presence of connected) {
    if (!presence) continue;
    isOnline = true;
    if (offered(presence.workstation).length > 0) offering.push(presence.workstation);
  }
  if (!isOnline) throw snapshot.off?.workstationOf(caller.user.slug) ?? new Fault('WORKSTATION_OFFLINE', { server });
  const first = offering[0];
  if (first === undefined) throw new Fault('SERVER_NOT_OFFERED', { server });
  const last = offering.length === 1 ? first : lastUsed();
  const workstation = offering.find((candidate) => candidate === last);
  if (workstation === undefined) throw new Fault('WORKSTATION_AMBIGUOUS', { server, workstations: offering.join(', ') });
  return { workstation, fingerprint: chooseCommand(offered(workstation), server, caller.host) };
}

/** Among several commands of one name: the one of the calling host's own config, then an approved one, then the newest. */
function chooseCommand(offered: readonly OfferedServer[], server: string, host: string): Destination['fingerprint'] {
  const only = offered[0];
  if (offered.length === 1 && only && only.decision !== 'denied') return only.fingerprint;
  const runnable = offered.filter(({ decision }) => decision !== 'denied');
  const own = runnable.filter((candidate) => candidate.hosts.includes(host));
  const among = own.length > 0 ? own : runnable;
  const chosen = among.find(({ decision }) => decision === 'approved') ?? among[0];
  if (!chosen) throw new Fault('SERVER_DENIED', { server, by: 'an administrator of the gateway' });
  return chosen.fingerprint;
}
