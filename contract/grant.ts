// Which gateways a user reaches: those that their teams grant, all of them by a capability, and none at all without the capability to use any. Pure.
// The rule: whoever asks what somebody reaches asks here, so that a call, a sign-in, a plan and a token say the same.
import { type Capability, roleCapabilities } from './capability.ts';
import type { Slug } from './id.ts';
import type { PolicyDirectoryGroup, PolicyFile, PolicyUser } from './policy.ts';

/** Groups of the directory by their names, in the order in which their roles count. */
export function groupsInOrder({
  directory,
}: Pick<PolicyFile, 'directory'>): readonly (readonly [string, PolicyDirectoryGroup])[] {
  const rankOf = ({ rank }: PolicyDirectoryGroup) => rank ?? Infinity;
  return Object.entries(directory?.groups ?? {}).toSorted(([, a], [, b]) =>
    rankOf(a) < rankOf(b) ? -1 : rankOf(a) > rankOf(b) ? 1 : 0,
  );
}

type Granting = Pick<PolicyFile, 'roles' | 'teams' | 'gateways'>;
type Holder = Pick<PolicyUser, 'teams' | 'role'>;

/** Slugs of the gateways that they may call at. */
export function reachedGateways(policy: Granting, user: Holder): ReadonlySet<Slug> {
  return grantedGateways(policy, user, 'gateways.use', 'gateways.use-all');
}

/** Slugs of the gateways for which a user may do what needs `needed`: those of their teams, or with `all` every one. */
export function grantedGateways(policy: Granting, user: Holder, needed: Capability, all: Capability): ReadonlySet<Slug> {
  const capabilities = roleCapabilities(policy, user.role);
  if (!capabilities.includes(needed)) return new Set();
  return capabilities.includes(all) ? new Set(Object.keys(policy.gateways) as Slug[]) : teamGateways(policy, user.teams);
}

/** What these teams grant, of gateways that there are. */
export function teamGateways(
  { teams, gateways }: Pick<Granting, 'teams' | 'gateways'>,
  names: Holder['teams'],
): ReadonlySet<Slug> {
  const granted = names.flatMap((team) => (Object.hasOwn(teams, team) ? (teams[team]?.gateways ?? []) : []));
  return new Set(granted.filter((gateway) => Object.hasOwn(gateways, gateway)));
}
