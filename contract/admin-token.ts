// The admin API's operations on the tokens of AI hosts, agents and enrollments. A secret is in the answer that makes it, and nowhere else.
import { z } from 'zod';
import { Done, listOf, operation, Page } from './admin-operation.ts';
import { Slug, TokenId } from './id.ts';

export const HeldToken = z.object({
  id: TokenId,
  kind: z.enum(['host', 'agent', 'enroll']),
  user: Slug,
  /** Null of an enrollment token, as the next. */
  gateway: Slug.nullable(),
  host: z.string().nullable(),
  createdAt: z.number().int(),
  expiresAt: z.number().int(),
  /** `ahead`: it was made while the clock of the gateway server was more than a day ahead, and opens nothing. */
  state: z.enum(['valid', 'expired', 'revoked', 'spent', 'ahead']),
});
export type HeldToken = z.infer<typeof HeldToken>;
const Issued = HeldToken.extend({
  token: z.string(),
  /** What whoever made it should know beside it. */
  warnings: z.array(z.string()),
});
const day = 86_400;
const ttlSeconds = (usual: number, longest: number) => z.number().int().min(60).max(longest).default(usual);

export const tokenOperations = {
  'tokens.list': operation({
    method: 'GET',
    path: '/tokens',
    capability: 'tokens.view',
    summary: 'Lists the tokens of hosts, agents and enrollments, of gateways that whoever asks reaches; never their secrets.',
    query: Page,
    answer: listOf(HeldToken),
  }),
  'tokens.host': operation({
    method: 'POST',
    path: '/tokens/host',
    capability: 'tokens.manage',
    summary: 'Makes a token for one AI host of a user at a gateway.',
    body: z.strictObject({
      user: Slug,
      gateway: Slug,
      host: z.string().min(1).max(40),
      ttlSeconds: ttlSeconds(90 * day, 3650 * day),
    }),
    answer: Issued,
    example: { body: { user: 'ben', gateway: 'main', host: 'codex' } },
  }),
  'tokens.agent': operation({
    method: 'POST',
    path: '/tokens/agent',
    capability: 'tokens.manage',
    summary: 'Makes a token for one of the many users of an agent.',
    body: z.strictObject({ user: Slug, gateway: Slug, agent: Slug, ttlSeconds: ttlSeconds(30 * day, 3650 * day) }),
    answer: Issued,
    example: { body: { user: 'ben', gateway: 'main', agent: 'assistant' } },
  }),
  'tokens.enroll': operation({
    method: 'POST',
    path: '/tokens/enroll',
    capability: 'workstations.manage',
    summary: 'Makes a one-time token that enrolls a workstation of a user.',
    body: z.strictObject({ user: Slug, ttlSeconds: ttlSeconds(3600, 30 * day) }),
    answer: Issued,
    example: { body: { user: 'ben' } },
  }),
  'tokens.revoke': operation({
    isUrgent: true,
    method: 'DELETE',
    path: '/tokens/{id}',
    capability: 'tokens.manage',
    summary: 'Revokes a token; what comes with it is refused.',
    params: z.strictObject({ id: TokenId }),
    answer: Done,
    example: { params: { id: '0198c0de-0000-7000-8000-000000000001' } },
  }),
};
