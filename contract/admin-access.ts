// The admin API's operations on what got access: workstations, AI hosts, the connections that people let in, and identities at remote servers.
import { z } from 'zod';
import { Done, listOf, operation, Page, slugs } from './admin-operation.ts';
import { DeviceStanding } from './device.ts';
import { ConnectionId, IdentityId, Slug, WorkstationId } from './id.ts';

const Workstation = z.object({
  id: WorkstationId,
  user: Slug,
  hostname: z.string(),
  osUser: z.string(),
  platform: z.string(),
  /** RFC 7638 thumbprint of its key. */
  thumbprint: z.string(),
  /** Times are ms since 1970. */
  enrolledAt: z.number().int(),
  revokedAt: z.number().int().nullable(),
  lastSeenAt: z.number().int().nullable(),
  /** By its own last word; what can't be seen is said to be so. Null of one that was revoked. */
  standing: DeviceStanding.nullable(),
});
const Use = z.object({ user: Slug, gateway: Slug, at: z.number().int() });
const Host = z.object({
  /** As whom it is known, by whatever vouches for it: contract/host-identity.ts. */
  id: z.string(),
  proof: z.string(),
  /** What it calls itself. */
  title: z.string().optional(),
  state: z.enum(['seen', 'allowed', 'blocked']),
  first: Use.optional(),
  last: Use.optional(),
  decidedAt: z.number().int().optional(),
});
const HostUse = z.object({
  user: Slug,
  gateway: Slug,
  firstAt: z.number().int(),
  lastAt: z.number().int(),
  /** Of the clock, in which it was used. */
  minutes: z.number().int(),
});
const Connection = z.object({
  id: ConnectionId,
  user: Slug,
  gateway: Slug,
  client: z.string(),
  host: z.string(),
  title: z.string(),
  redirect: z.string(),
  createdAt: z.number().int(),
  revokedAt: z.number().int().nullable(),
});
const Identity = z.object({
  id: IdentityId,
  server: Slug,
  /** Null of a shared one. */
  user: Slug.nullable(),
  /** Null of one for every gateway. */
  gateway: Slug.nullable(),
  origin: z.string(),
  setAt: z.number().int(),
  state: z.enum(['ready', 'unreadable', 'moved', 'ended']),
  kind: z.enum(['token', 'sign-in']),
});

const id = '0198c0de-0000-7000-8000-000000000001';
const decided = z.strictObject({ host: z.string().min(1).max(2000) });
const HostMode = z.strictObject({ mode: z.enum(['open', 'allow-list']) });
const HostDecision = z.object({ host: z.string(), state: z.enum(['allowed', 'blocked']) });

export const accessOperations = {
  'workstations.list': operation({
    method: 'GET',
    path: '/workstations',
    capability: 'workstations.view',
    summary: 'Lists the workstations, and how each stands: off policy, or what of it can not be seen.',
    query: Page,
    answer: listOf(Workstation),
  }),
  'workstations.revoke': operation({
    isUrgent: true,
    method: 'DELETE',
    path: '/workstations/{id}',
    capability: 'workstations.manage',
    summary: 'Revokes a workstation: its tunnel is cut, its local servers end.',
    params: z.strictObject({ id: WorkstationId }),
    answer: Done,
    example: { params: { id } },
  }),
  'hosts.list': operation({
    method: 'GET',
    path: '/hosts',
    capability: 'hosts.view',
    summary: 'Lists the AI hosts that were used or decided of.',
    query: Page,
    answer: listOf(Host),
  }),
  'hosts.uses': operation({
    method: 'GET',
    path: '/hosts/uses',
    capability: 'hosts.view',
    summary: 'Lists who used one AI host in the last half year, at gateways that whoever asks reaches.',
    query: Page.extend({ host: z.string().min(1).max(2000) }),
    answer: listOf(HostUse),
    example: { query: { host: 'https://host.example.org/client.json' } },
  }),
  'hosts.mode': operation({
    method: 'GET',
    path: '/hosts/mode',
    capability: 'hosts.view',
    summary: 'Says which AI hosts are let in that no administrator knows: all, or none.',
    answer: HostMode,
  }),
  'hosts.set-mode': operation({
    method: 'PUT',
    path: '/hosts/mode',
    isConditional: true,
    capability: 'hosts.manage',
    summary: 'Says which AI hosts are let in that no administrator knows, from their next request on.',
    body: HostMode,
    answer: HostMode,
    example: { body: { mode: 'allow-list' } },
  }),
  'hosts.allow': operation({
    method: 'POST',
    path: '/hosts/allow',
    capability: 'hosts.manage',
    summary: 'Lets an AI host in, also before it comes for the first time.',
    body: decided,
    answer: HostDecision,
    example: { body: { host: 'https://host.example.org/client.json' } },
  }),
  'hosts.block': operation({
    isUrgent: true,
    method: 'POST',
    path: '/hosts/block',
    capability: 'hosts.manage',
    summary: 'Turns an AI host away: its calls, sign-ins and tokens are refused from the next request on.',
    body: decided,
    answer: HostDecision,
    example: { body: { host: 'https://host.example.org/client.json' } },
  }),
  'connections.list': operation({
    method: 'GET',
    path: '/connections',
    capability: 'connections.view',
    summary: 'Lists which AI host of whom was let in, at gateways that whoever asks reaches.',
    query: Page,
    answer: listOf(Connection),
  }),
  'connections.revoke': operation({
    isUrgent: true,
    method: 'DELETE',
    path: '/connections/{id}',
    capability: 'connections.manage',
    summary: 'Revokes a connection with all its tokens; its host has to be let in anew.',
    params: z.strictObject({ id: ConnectionId }),
    answer: Done,
    example: { params: { id } },
  }),
  'identities.list': operation({
    method: 'GET',
    path: '/identities',
    capability: 'identities.view',
    summary: 'Lists the identities at remote servers; never what they are.',
    query: Page,
    answer: listOf(Identity),
  }),
  'identities.set': operation({
    method: 'POST',
    path: '/identities',
    capability: 'identities.manage',
    summary: 'Sets an identity at a remote server to a token. `user` left out: the one that all callers share.',
    body: z.strictObject({ server: Slug, user: Slug.optional(), gateway: Slug.optional(), value: z.string().min(1).max(8192) }),
    answer: Identity.extend({ warnings: z.array(z.string()) }),
    example: { body: { server: 'crm', user: 'ben', value: 'an-access-token-of-that-server' } },
  }),
  'identities.set-client': operation({
    method: 'PUT',
    path: '/servers/{server}/client-secret',
    capability: 'identities.manage',
    summary:
      "Sets the secret of a remote server's oauth.clientId, as its authorization server gave it. It is sealed, and shown never again.",
    params: slugs('server'),
    body: z.strictObject({ value: z.string().min(1).max(8192) }),
    answer: z.object({ server: Slug, issuer: z.string() }),
    example: { params: { server: 'wiki' }, body: { value: 'a-client-secret' } },
  }),
  'identities.link': operation({
    method: 'POST',
    path: '/servers/{server}/link',
    capability: 'identities.manage',
    summary: 'Makes a one-time link behind which somebody signs in at a remote server for everybody. It is shown once.',
    params: slugs('server'),
    body: z.strictObject({
      /** For this gateway only. */
      gateway: Slug.optional(),
      ttlSeconds: z.number().int().min(60).max(86_400).default(900),
    }),
    answer: z.object({
      /** To be opened at the public address of this gateway. */ path: z.string(),
      expiresAt: z.number().int(),
    }),
    example: { params: { server: 'wiki' }, body: {} },
  }),
  'identities.remove': operation({
    method: 'DELETE',
    path: '/identities/{id}',
    capability: 'identities.manage',
    summary: 'Removes an identity; its tokens are given back where its server takes them.',
    params: z.strictObject({ id: IdentityId }),
    answer: z.object({
      /** Whether its server took the tokens of a sign-in back. */
      isRevoked: z.boolean(),
    }),
    example: { params: { id } },
  }),
};
