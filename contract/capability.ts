// What somebody may do beside calling: capabilities, and the roles that grant them. A role grants capabilities, a team grants gateways; what is about one
// gateway needs both. The rule: code asks for a capability, never for a role, so that nothing hangs on how a role is called.
import { z } from 'zod';
import type { Slug } from './id.ts';

interface CapabilityEntry {
  /** What whoever has it may do, after "may". */
  readonly may: string;
  /** Which of the names that administrators of other gateways know it stands for, whole or in part. */
  readonly covers: readonly CommonCapability[];
}

/** The names that such products have for what an administrator may do: docs/capabilities.md says for each what it is here. */
export const commonCapabilities = [
  'Identity management',
  'View all identities',
  'Basic server management',
  'Deploy new server instances',
  'Deploy new workstation instances',
  'Create and configure managed and workstation servers',
  'View all servers',
  'Basic gateway management',
  'Manage team-gateway provisioning',
  'Manage feature provisioning settings',
  'View and use all gateways',
  'Authenticate via OAuth',
  'Create and manage API tokens',
  'Disable and enable connections',
  'Disable and enable hosts',
  'Manage people',
  'Manage SSO/SCIM mapping',
  'View and export logs',
  'Manage OpenTelemetry collector',
  'See all alerts',
  'View reports',
  'Manage integrations',
] as const;
export type CommonCapability = (typeof commonCapabilities)[number];

const table = {
  'people.view': { may: 'see users, teams and roles', covers: ['Manage people'] },
  'people.manage': { may: 'add, change, remove and offboard users', covers: ['Manage people'] },
  'teams.manage': {
    may: 'make teams, and say which gateways they grant',
    covers: ['Manage people', 'Manage team-gateway provisioning'],
  },
  'roles.manage': {
    may: 'make roles, and give to users those whose capabilities they have themselves',
    covers: ['Manage people'],
  },
  'directory.manage': {
    may: 'say how a directory (SCIM, groups) becomes users, teams and roles',
    covers: ['Manage SSO/SCIM mapping'],
  },

  'gateways.use': {
    may: 'sign AI hosts in, and call at the gateways that their teams grant',
    covers: ['Authenticate via OAuth'],
  },
  'gateways.use-all': { may: 'call at every gateway, whatever their teams grant', covers: ['View and use all gateways'] },
  'gateways.view': { may: 'see the gateways that their teams grant', covers: ['Basic gateway management'] },
  'gateways.view-all': {
    may: 'do with every gateway what they may do with those that their teams grant',
    covers: ['View and use all gateways'],
  },
  'gateways.manage': { may: 'make, change and remove gateways', covers: ['Basic gateway management'] },
  'provisioning.manage': {
    may: 'assign servers to gateways, and say which of their tools, prompts and resources are exposed',
    covers: ['Manage feature provisioning settings'],
  },
  'pins.manage': { may: 'approve or reject a changed definition', covers: ['Manage feature provisioning settings'] },
  'rules.manage': { may: 'say what may flow through a gateway', covers: ['Basic gateway management'] },
  'switches.manage': {
    may: 'turn users, hosts, servers, gateways or everything off and on at once',
    covers: ['Disable and enable connections', 'Disable and enable hosts'],
  },

  'connections.view': { may: 'see which AI hosts people let in', covers: ['Disable and enable connections'] },
  'connections.manage': { may: 'revoke connections', covers: ['Disable and enable connections'] },
  'tokens.view': {
    may: 'see the tokens of hosts, agents and enrollments, never their secrets',
    covers: ['Create and manage API tokens'],
  },
  'tokens.manage': { may: 'make and revoke tokens of hosts and agents', covers: ['Create and manage API tokens'] },
  'access-tokens.own': { may: 'make personal access tokens for themselves', covers: ['Create and manage API tokens'] },
  'access-tokens.manage': { may: "see and revoke everybody's personal access tokens", covers: ['Create and manage API tokens'] },

  'hosts.view': { may: 'see the AI hosts that were used', covers: ['Disable and enable hosts'] },
  'hosts.manage': { may: 'allow and block AI hosts', covers: ['Disable and enable hosts'] },

  'servers.view': { may: 'see all servers', covers: ['View all servers'] },
  'servers.manage': {
    may: 'add, change and remove servers',
    covers: ['Basic server management', 'Deploy new server instances', 'Create and configure managed and workstation servers'],
  },
  'servers.approve': {
    may: 'see what workstations could run, and approve or deny it',
    covers: ['Create and configure managed and workstation servers', 'Deploy new workstation instances'],
  },
  'workstations.view': { may: 'see the enrolled workstations', covers: ['View all servers'] },
  'workstations.manage': { may: 'begin enrollments, and revoke workstations', covers: ['Deploy new workstation instances'] },

  'identities.view': {
    may: 'see whose identities at remote servers there are, never their values',
    covers: ['View all identities'],
  },
  'identities.manage': { may: 'set and remove identities of everybody', covers: ['Identity management'] },

  'audit.read': { may: 'read and search the audit records', covers: ['View and export logs'] },
  'audit.export': { may: 'export audit records', covers: ['View and export logs'] },
  'payloads.read': { may: 'read captured payloads', covers: ['View and export logs'] },
  'sinks.manage': { may: 'say where records are sent', covers: ['Manage OpenTelemetry collector'] },
  'alerts.view': { may: 'see all alerts', covers: ['See all alerts'] },
  'alerts.manage': { may: 'dismiss alerts, and say what deserves one', covers: ['See all alerts'] },
  'reports.view': { may: 'see reports and how far the rollout is', covers: ['View reports'] },
  'integrations.manage': { may: 'configure rule engines and webhooks', covers: ['Manage integrations'] },
  'policy.read': { may: 'read the whole policy, and see what a file would change', covers: ['Basic gateway management'] },
  'policy.apply': { may: 'replace the whole policy', covers: ['Basic gateway management'] },
} as const satisfies Record<string, CapabilityEntry>;

export type Capability = keyof typeof table;
const [first, ...others] = Object.keys(table) as [Capability, ...Capability[]];
export const Capability = z.enum([first, ...others], 'use the name of a capability (docs/capabilities.md)');
export const capabilities: readonly Capability[] = [first, ...others];

export function capabilityOf(capability: Capability): CapabilityEntry {
  return table[capability];
}

/** Has every capability, whatever is added, and can't be changed. */
export const superAdmin = 'super-admin';
/** The role of whoever has no other. */
export const member = 'member';

const notAdministrators: ReadonlySet<Capability> = new Set<Capability>([
  'roles.manage',
  'directory.manage',
  'gateways.use-all',
  'payloads.read',
  'policy.apply',
]);

/** Roles that are always there. A policy may give them other titles, and nothing else. */
export const builtInRoles: Readonly<Record<string, { readonly title: string; readonly capabilities: readonly Capability[] }>> = {
  [superAdmin]: { title: 'Super admin', capabilities },
  administrator: { title: 'Administrator', capabilities: capabilities.filter((one) => !notAdministrators.has(one)) },
  [member]: { title: 'Member', capabilities: ['gateways.use'] },
};

export function isBuiltIn(role: string): boolean {
  return Object.hasOwn(builtInRoles, role);
}

/** What a policy says of roles and of one user, as far as it counts here. */
interface Roles {
  readonly roles: Readonly<Record<string, { readonly capabilities?: readonly Capability[] | undefined }>>;
}

/** What a role grants. One that is not there grants nothing. */
export function roleCapabilities({ roles }: Roles, role: string = member): readonly Capability[] {
  if (isBuiltIn(role)) return builtInRoles[role]?.capabilities ?? [];
  return (Object.hasOwn(roles, role) ? roles[role as Slug]?.capabilities : undefined) ?? [];
}
