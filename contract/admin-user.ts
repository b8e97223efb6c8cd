// The admin API's operations on users: those of the policy, and those whom a sign-in or a directory made.
import { z } from 'zod';
import { clientProof } from './client-proof.ts';
import { Done, listOf, operation, Page, slugs, title } from './admin-operation.ts';
import { SignedReport } from './offboarding.ts';
import { Slug } from './id.ts';
import { PolicyUser } from './policy.ts';

export const User = z.object({
  slug: Slug,
  title,
  kind: z.enum(['person', 'service']),
  email: z.string().optional(),
  /** As the policy has them; of one whom a directory made those of their groups. */
  teams: z.array(Slug),
  role: Slug,
  /** Which identity provider or directory made this user; null of one of the policy. */
  madeBy: z.string().nullable(),
  ...clientProof,
});
export type User = z.infer<typeof User>;

const params = slugs('user');
const example = { params: { user: 'ben' } };
const ben = { title: 'Ben', email: 'ben@example.org', teams: ['eng'] };

export const userOperations = {
  'users.list': operation({
    method: 'GET',
    path: '/users',
    capability: 'people.view',
    summary: 'Lists the users, in the order of their slugs.',
    query: Page.extend({
      /** A part of the slug, the address or the title, in whatever case. */
      search: z.string().min(1).max(200).optional(),
    }),
    answer: listOf(User),
  }),
  'users.read': operation({
    method: 'GET',
    path: '/users/{user}',
    capability: 'people.view',
    summary: 'Shows a user.',
    params,
    answer: User,
    example,
  }),
  'users.create': operation({
    method: 'POST',
    path: '/users',
    capability: 'people.manage',
    summary: 'Adds a user. A role other than member needs `roles.manage` too, and all that the role grants.',
    body: z.strictObject({ slug: Slug, user: PolicyUser }),
    answer: User,
    example: { body: { slug: 'zoe', user: { email: 'zoe@example.org', teams: ['eng'] } } },
  }),
  'users.replace': operation({
    method: 'PUT',
    path: '/users/{user}',
    isConditional: true,
    capability: 'people.manage',
    summary: 'Replaces what the policy says of a user.',
    params,
    body: PolicyUser,
    answer: User,
    example: { ...example, body: ben },
  }),
  'users.set-role': operation({
    method: 'PUT',
    path: '/users/{user}/role',
    isConditional: true,
    capability: 'roles.manage',
    summary: 'Gives a user another role, also one whom a sign-in or a directory made.',
    params,
    body: z.strictObject({ role: Slug }),
    answer: User,
    example: { ...example, body: { role: 'auditor' } },
  }),
  'users.remove': operation({
    method: 'DELETE',
    path: '/users/{user}',
    isConditional: true,
    capability: 'people.manage',
    summary: 'Removes a user, with their tokens, workstations, connections and identities.',
    params,
    answer: Done,
    example,
  }),
  'users.rebind': operation({
    method: 'POST',
    path: '/users/{user}/rebind',
    status: 200,
    capability: 'people.manage',
    summary:
      'Forgets by which account at an identity provider a user comes: the next sign-in with their address says it anew. It needs all that they may do and reach.',
    params,
    answer: z.object({ forgotten: z.number().int() }),
    example,
  }),
  'users.offboard': operation({
    isUrgent: true,
    method: 'POST',
    path: '/users/{user}/offboard',
    capability: 'people.manage',
    summary:
      'Ends all that lets a user in, at once and until they are taken back, and gives back what they hold elsewhere. The report is signed.',
    params,
    answer: SignedReport,
    example,
  }),
  'users.take-back': operation({
    method: 'POST',
    path: '/users/{user}/take-back',
    capability: 'people.manage',
    summary:
      'Lets a user in again who was offboarded. What let them in before stays revoked. It needs all gateways that their teams grant.',
    params,
    answer: User,
    example,
  }),
};
