// The admin API's operations on roles: what each grants. Of the three that are always there only the title can be changed.
import { z } from 'zod';
import { Done, listOf, operation, Page, slugs, title } from './admin-operation.ts';
import { Capability } from './capability.ts';
import { Slug } from './id.ts';

export const Role = z.object({ slug: Slug, title: z.string(), isBuiltIn: z.boolean(), capabilities: z.array(Capability) });
export type Role = z.infer<typeof Role>;
const own = z.strictObject({ title, capabilities: z.array(Capability).max(500) });

const params = slugs('role');
const example = { params: { role: 'auditor' } };
const capability = 'roles.manage';

export const roleOperations = {
  'roles.list': operation({
    method: 'GET',
    path: '/roles',
    capability: 'people.view',
    summary: 'Lists the roles, with those that are always there.',
    query: Page,
    answer: listOf(Role),
  }),
  'roles.read': operation({
    method: 'GET',
    path: '/roles/{role}',
    capability: 'people.view',
    summary: 'Shows a role.',
    params,
    answer: Role,
    example,
  }),
  'roles.create': operation({
    method: 'POST',
    path: '/roles',
    capability,
    summary: 'Makes a role. It can grant only what whoever makes it has.',
    body: z.strictObject({ slug: Slug, role: own }),
    answer: Role,
    example: { body: { slug: 'helpdesk', role: { title: 'Helpdesk', capabilities: ['roles.manage'] } } },
  }),
  'roles.replace': operation({
    method: 'PUT',
    path: '/roles/{role}',
    isConditional: true,
    capability,
    summary: 'Replaces a role. Of one that is always there: its title; `capabilities` is left out then.',
    params,
    body: own.partial({ capabilities: true }),
    answer: Role,
    example: { ...example, body: { title: 'Auditors', capabilities: [] } },
  }),
  'roles.duplicate': operation({
    method: 'POST',
    path: '/roles/{role}/duplicate',
    capability,
    summary: 'Makes another role that grants the same.',
    params,
    body: z.strictObject({ slug: Slug, title }),
    answer: Role,
    example: { ...example, body: { slug: 'auditor-two', title: 'Second auditor' } },
  }),
  'roles.remove': operation({
    method: 'DELETE',
    path: '/roles/{role}',
    isConditional: true,
    capability,
    summary: 'Removes a role that nobody has.',
    params,
    answer: Done,
    example,
  }),
};
