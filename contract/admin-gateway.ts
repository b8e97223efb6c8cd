// The admin API's operations on gateways and on what is assigned to them. What is about one gateway needs that gateway by a team, or `gateways.view-all`.
import { z } from 'zod';
import { Done, listOf, operation, Page, slugs, title } from './admin-operation.ts';
import { Slug } from './id.ts';
import { Capture } from './payload.ts';
import { PolicyAssignment } from './policy.ts';

/** `capture`: whether what is asked and answered is kept. */
export const Gateway = z.object({ slug: Slug, title, capture: Capture, assignments: z.array(Slug) });
export type Gateway = z.infer<typeof Gateway>;
export const Assignment = z.object({ gateway: Slug, server: Slug, assignment: PolicyAssignment });
export type Assignment = z.infer<typeof Assignment>;

const titled = z.strictObject({ title });
const gateway = 'gateway';
const params = slugs(gateway);
const example = { params: { gateway: 'main' } };
const assigned = { params: { gateway: 'main', server: 'memory' } };

export const gatewayOperations = {
  'gateways.list': operation({
    method: 'GET',
    path: '/gateways',
    capability: 'gateways.view',
    summary: 'Lists the gateways that the teams of whoever asks grant; with `gateways.view-all` all.',
    query: Page,
    answer: listOf(Gateway),
  }),
  'gateways.read': operation({
    method: 'GET',
    path: '/gateways/{gateway}',
    capability: 'gateways.view',
    gateway,
    summary: 'Shows a gateway.',
    params,
    answer: Gateway,
    example,
  }),
  'gateways.create': operation({
    method: 'POST',
    path: '/gateways',
    capability: 'gateways.manage',
    summary: 'Makes a gateway, which no team grants yet.',
    body: z.strictObject({ slug: Slug, gateway: titled }),
    answer: Gateway,
    example: { body: { slug: 'new', gateway: { title: 'New' } } },
  }),
  'gateways.replace': operation({
    method: 'PUT',
    path: '/gateways/{gateway}',
    isConditional: true,
    capability: 'gateways.manage',
    gateway,
    summary: 'Gives a gateway another title; what is assigned to it stays.',
    params,
    body: titled,
    answer: Gateway,
    example: { ...example, body: { title: 'Main gateway' } },
  }),
  'gateways.capture': operation({
    method: 'PUT',
    path: '/gateways/{gateway}/capture',
    isConditional: true,
    capability: 'gateways.manage',
    gateway,
    summary:
      'Says whether what is asked and answered at a gateway is kept: off, redacted or full. What was captured before stays for its time.',
    params,
    body: z.strictObject({ capture: Capture }),
    answer: Gateway,
    example: { ...example, body: { capture: 'redacted' } },
  }),
  'gateways.remove': operation({
    method: 'DELETE',
    path: '/gateways/{gateway}',
    isConditional: true,
    capability: 'gateways.manage',
    gateway,
    summary: 'Removes a gateway, with its assignments, its tokens and its connections, and from all teams.',
    params,
    answer: Done,
    example,
  }),
  'assignments.list': operation({
    method: 'GET',
    path: '/gateways/{gateway}/assignments',
    capability: 'gateways.view',
    gateway,
    summary: 'Lists what is assigned to a gateway, and what of it is exposed.',
    params,
    query: Page,
    answer: listOf(Assignment),
    example,
  }),
  'assignments.read': operation({
    method: 'GET',
    path: '/gateways/{gateway}/assignments/{server}',
    capability: 'gateways.view',
    gateway,
    summary: 'Shows an assignment.',
    params: slugs(gateway, 'server'),
    answer: Assignment,
    example: assigned,
  }),
  'assignments.put': operation({
    method: 'PUT',
    path: '/gateways/{gateway}/assignments/{server}',
    isConditional: true,
    capability: 'provisioning.manage',
    gateway,
    summary: 'Assigns a server to a gateway, or says anew what of it is exposed there. What is left out is not exposed.',
    params: slugs(gateway, 'server'),
    body: PolicyAssignment,
    answer: Assignment,
    example: { ...assigned, body: { tools: ['read_graph'] } },
  }),
  'assignments.remove': operation({
    method: 'DELETE',
    path: '/gateways/{gateway}/assignments/{server}',
    isConditional: true,
    capability: 'provisioning.manage',
    gateway,
    summary: 'Takes a server from a gateway.',
    params: slugs(gateway, 'server'),
    answer: Done,
    example: assigned,
  }),
};
