// The admin API's operations on servers, and on what workstations offer to run of them.
import { z } from 'zod';
import { Done, listOf, operation, Page, slugs } from './admin-operation.ts';
import { Fingerprint, Slug, WorkstationId } from './id.ts';
import { PolicyServer } from './policy.ts';
import { Command } from './server.ts';

export const Server = z.object({ slug: Slug, server: PolicyServer });
export type Server = z.infer<typeof Server>;
const Offer = z.object({
  server: Slug,
  fingerprint: Fingerprint,
  /** As the workstation describes it: a claim. */
  command: Command,
  hosts: z.array(z.string()),
  workstation: WorkstationId,
  hostname: z.string(),
  user: Slug.nullable(),
  verdict: z.enum(['approved', 'denied', 'undecided']),
  /** Another workstation describes this fingerprint in another way. */
  isDisputed: z.boolean(),
  offeredAt: z.number().int(),
});

export const ServerCheck = z.object({
  server: z.string(),
  wants: z.enum(['open', 'header', 'oauth']),
  /** What the policy says of it. */
  auth: z.string(),
  /** Whether calls that follow the policy give the server what it wants. */
  fits: z.boolean(),
  issuer: z.string().optional(),
  /** How this gateway server becomes known at the authorization server. */
  client: z.string().optional(),
  scope: z.string().optional(),
  /** What has to be registered where an administrator does that. */
  redirect: z.string().optional(),
});
export type ServerCheck = z.infer<typeof ServerCheck>;

const params = slugs('server');
const example = { params: { server: 'files' } };
const fingerprint = 'sha256:0000000000000000000000000000000000000000000000000000000000000000';
const decision = z.strictObject({ fingerprint: Fingerprint });

export const serverOperations = {
  'servers.list': operation({
    method: 'GET',
    path: '/servers',
    capability: 'servers.view',
    summary: 'Lists the servers.',
    query: Page,
    answer: listOf(Server),
  }),
  'servers.read': operation({
    method: 'GET',
    path: '/servers/{server}',
    capability: 'servers.view',
    summary: 'Shows a server.',
    params,
    answer: Server,
    example,
  }),
  'servers.create': operation({
    method: 'POST',
    path: '/servers',
    capability: 'servers.manage',
    summary: 'Adds a server, which is assigned to no gateway yet.',
    body: z.strictObject({ slug: Slug, server: PolicyServer }),
    answer: Server,
    example: { body: { slug: 'tracker', server: { kind: 'remote', url: 'https://tracker.example.org/mcp' } } },
  }),
  'servers.replace': operation({
    method: 'PUT',
    path: '/servers/{server}',
    isConditional: true,
    capability: 'servers.manage',
    summary: 'Replaces what the policy says of a server. Where its origin is another one, identities there do not go with it.',
    params,
    body: PolicyServer,
    answer: Server,
    example: { ...example, body: { kind: 'workstation', title: 'Files' } },
  }),
  'servers.remove': operation({
    method: 'DELETE',
    path: '/servers/{server}',
    isConditional: true,
    capability: 'servers.manage',
    summary: 'Removes a server, with its identities, and from all gateways.',
    params,
    answer: Done,
    example,
  }),
  'servers.check': operation({
    method: 'POST',
    path: '/servers/{server}/check',
    capability: 'servers.manage',
    status: 200,
    summary:
      'Asks a remote server what it wants of who calls, and holds the policy against it. Nothing is registered, and nobody signs in.',
    params,
    answer: ServerCheck,
    example: { params: { server: 'crm' } },
  }),
  'offers.list': operation({
    method: 'GET',
    path: '/offers',
    capability: 'servers.approve',
    summary: 'Lists what workstations could run, and what was decided of it.',
    query: Page,
    answer: listOf(Offer),
  }),
  'offers.approve': operation({
    method: 'POST',
    path: '/offers/{server}/approve',
    capability: 'servers.approve',
    summary: 'Approves one exact command, on every workstation that offers it.',
    params,
    body: decision,
    answer: Offer,
    example: { ...example, body: { fingerprint } },
  }),
  'offers.deny': operation({
    method: 'POST',
    path: '/offers/{server}/deny',
    capability: 'servers.approve',
    summary: 'Denies one exact command, on every workstation that offers it.',
    params,
    body: decision,
    answer: Offer,
    example: { ...example, body: { fingerprint } },
  }),
};
