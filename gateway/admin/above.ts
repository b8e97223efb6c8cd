// Nobody gives or takes more than they have themselves: no capability that they lack, and no gateway that they don't reach, whichever way it would go. Whoever
// could change somebody with more than they have could become that one.
import { isDeepStrictEqual } from 'node:util';
import { type Capability, member, roleCapabilities } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import { groupsInOrder, teamGateways } from '#contract/grant.ts';
import type { PolicyFile, PolicyUser } from '#contract/policy.ts';
import { pauses } from '../slice.ts';
import { type Actor, may, need, needGateway } from './actor.ts';

/** Rejects with CAPABILITY_NEEDED, ABOVE_OWN or GATEWAY_NOT_GRANTED where this actor may not make the one policy of the other. */
export async function refuseAbove(actor: Actor, before: PolicyFile, after: PolicyFile): Promise<void> {
  if (actor.kind === 'command-line') return;
  const pause = pauses();
  for (const role of namesOf(before.roles, after.roles)) {
    const [old, now] = [before, after].map((policy) => grantedBy(policy, role));
    if (isDeepStrictEqual(old, now)) continue;
    need(actor, 'roles.manage');
    refuseMore(actor, different(old ?? [], now ?? []));
  }
  refuseDirectory(actor, before, after);
  for (const [old, now] of pairsOf(before.teams, after.teams))
    for (const gateway of different(old?.gateways ?? [], now?.gateways ?? [])) needGateway(actor, gateway);
  for (const [old, now] of pairsOf(before.users, after.users)) {
    await pause();
    if (isDeepStrictEqual(old, now)) continue;
    // Teams alone make nobody somebody else; what they grant is asked for below.
    if (!isDeepStrictEqual(butTeams(old), butTeams(now))) refuseRole(actor, [before, old], [after, now]);
    const reached = [gatewaysOf(before, old), gatewaysOf(after, now)] as const;
    for (const gateway of different(...reached)) needGateway(actor, gateway);
  }
}

/** Whoever says what groups of the directory give can give it to anybody. Of somebody's groups the first with a role counts, so what stands behind a change counts too. */
function refuseDirectory(actor: Actor, before: PolicyFile, after: PolicyFile): void {
  for (const [old, now] of pairsOf(before.directory?.groups ?? {}, after.directory?.groups ?? {})) {
    if (isDeepStrictEqual(old, now)) continue;
    need(actor, 'directory.manage');
    const reached = [[...teamGateways(before, old?.teams ?? [])], [...teamGateways(after, now?.teams ?? [])]] as const;
    for (const gateway of different(...reached)) needGateway(actor, gateway);
  }
  const [olds, nows] = [rolesOfGroups(before), rolesOfGroups(after)];
  const first = nows.findIndex((one, index) => !isDeepStrictEqual(one, olds[index]));
  const from = first < 0 ? nows.length : first;
  if (from < Math.max(olds.length, nows.length)) need(actor, 'directory.manage');
  for (const [, role] of olds.slice(from)) refuseOver(actor, before, role);
  for (const [, role] of nows.slice(from)) refuseOver(actor, after, role);
}

function rolesOfGroups(policy: PolicyFile): readonly (readonly [string, string])[] {
  return groupsInOrder(policy).flatMap(([name, { role }]) => (role === undefined ? [] : [[name, role]]));
}

/**
 * Whoever changes by what somebody is known, or gets their name, becomes that one: with what is in force for them, which groups of a directory may give beside the
 * policy. Whoever gets their address keeps them from signing in. `inForce`: with the users whom sign-ins and directories made.
 */
export async function refuseTaking(actor: Actor, inForce: PolicyFile, before: PolicyFile, after: PolicyFile): Promise<void> {
  if (actor.kind === 'command-line') return;
  const pause = pauses();
  const [olds, nows] = [new Map(Object.entries(before.users)), new Map(Object.entries(after.users))];
  const holders = new Map(Object.entries(inForce.users));
  const byAddress = Map.groupBy(holders.entries(), ([, holder]) => addressOf(holder));
  for (const name of namesOf(before.users, after.users)) {
    await pause();
    const [old, now, holder] = [olds.get(name), nows.get(name), holders.get(name) ?? olds.get(name)];
    if (isDeepStrictEqual(old, now)) continue;
    if (holder && !isDeepStrictEqual(butTeams(old), butTeams(now))) refuseOver(actor, inForce, holder.role);
    if (!now || (old && isDeepStrictEqual(provenBy(old), provenBy(now)))) continue;
    if (holder) refuseBeing(actor, inForce, holder);
    const address = addressOf(now);
    if (address === undefined || address === addressOf(old)) continue;
    for (const [other, { role }] of byAddress.get(address) ?? []) if (other !== name) refuseOver(actor, inForce, role);
  }
}

/** By what a person or a program is known, whatever they are called and may do. */
function provenBy(user: PolicyUser) {
  return { kind: user.kind ?? 'person', address: addressOf(user), secretHash: user.secretHash, jwks: user.jwks };
}

function butTeams(user: PolicyUser | undefined): object | undefined {
  return user && { ...user, teams: [] };
}

function addressOf(user: PolicyUser | undefined): string | undefined {
  return user?.email?.toLowerCase();
}

/** As refuseAbove, for one user whose role becomes another one. */
export function refuseRole(
  actor: Actor,
  ...states: readonly (readonly [PolicyFile, Pick<PolicyUser, 'role'> | undefined])[]
): void {
  const roles = states.map(([, user]) => user?.role ?? member);
  if (new Set(roles).size > 1) need(actor, 'roles.manage');
  for (const [index, [policy]] of states.entries()) refuseOver(actor, policy, roles[index]);
}

/** Throws ABOVE_OWN where somebody of this role may do more. What everybody may is nothing more. */
export function refuseOver(actor: Actor, policy: PolicyFile, role: string | undefined): void {
  if (role !== undefined && role !== member) refuseMore(actor, roleCapabilities(policy, role));
}

/** Throws ABOVE_OWN and GATEWAY_NOT_GRANTED where whoever could act as this user would get more than they have. */
export function refuseBeing(actor: Actor, policy: PolicyFile, user: Pick<PolicyUser, 'role' | 'teams'>): void {
  refuseOver(actor, policy, user.role);
  for (const gateway of teamGateways(policy, user.teams)) needGateway(actor, gateway);
}

/** Throws ABOVE_OWN. */
export function refuseMore(actor: Actor, wanted: readonly Capability[]): void {
  const above = wanted.find((one) => !may(actor, one));
  if (above !== undefined) throw new Fault('ABOVE_OWN', { capability: above });
}

function grantedBy(policy: PolicyFile, role: string): readonly Capability[] {
  return Object.hasOwn(policy.roles, role) ? roleCapabilities(policy, role).toSorted() : [];
}

function gatewaysOf(policy: PolicyFile, user: PolicyUser | undefined): readonly string[] {
  return user === undefined ? [] : [...teamGateways(policy, user.teams)];
}

function different<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return [...a.filter((one) => !b.includes(one)), ...b.filter((one) => !a.includes(one))];
}

function namesOf(a: object, b: object): ReadonlySet<string> {
  return new Set([...Object.keys(a), ...Object.keys(b)]);
}

function pairsOf<T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
): readonly (readonly [T | undefined, T | undefined])[] {
  const [olds, nows] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  return [...namesOf(a, b)].map((name) => [olds.get(name), nows.get(name)]);
}
