// The admin API's operations on whoever asks: who they are here, and their own personal access tokens; and on everybody's.
import { z } from 'zod';
import { Done, listOf, operation, Page, TokenTitle } from './admin-operation.ts';
import { Capability } from './capability.ts';
import { Slug, TokenId, UserId } from './id.ts';

/** A personal access token lives for a day at least and 90 at most. */
export const accessTokenDays = { shortest: 1, longest: 90 } as const;
const days = z.number().int().min(accessTokenDays.shortest).max(accessTokenDays.longest).default(accessTokenDays.longest);

const AccessToken = z.object({
  id: TokenId,
  user: Slug,
  title: z.string(),
  /** Null: all that the user's role grants. */
  capabilities: z.array(Capability).nullable(),
  /** Times are ms since 1970. */
  createdAt: z.number().int(),
  expiresAt: z.number().int(),
  usedAt: z.number().int().nullable(),
  /** `ahead`: it was made while the clock of the gateway server was more than a day ahead, and opens nothing. */
  state: z.enum(['valid', 'expired', 'revoked', 'ahead']),
  /** The token that it was made with, and ends with; null of one that was made at the command line. */
  parent: TokenId.nullable(),
});
export type ShownAccessToken = z.infer<typeof AccessToken>;
const params = z.strictObject({ id: TokenId });
const example = { params: { id: '0198c0de-0000-7000-8000-000000000001' } };

export const meOperations = {
  'me.read': operation({
    method: 'GET',
    path: '/me',
    capability: 'any',
    summary: 'Who asks, and what they may do with this token.',
    answer: z.object({
      user: z.object({ id: UserId, slug: Slug }),
      capabilities: z.array(Capability),
      /** Those that the teams grant; with `gateways.view-all` every gateway counts. */
      gateways: z.array(Slug),
      accessToken: TokenId,
    }),
  }),
  'access-tokens.own': operation({
    method: 'GET',
    path: '/me/access-tokens',
    capability: 'access-tokens.own',
    summary: 'Lists the personal access tokens of whoever asks.',
    query: Page,
    answer: listOf(AccessToken),
  }),
  'access-tokens.create': operation({
    method: 'POST',
    path: '/me/access-tokens',
    capability: 'access-tokens.own',
    summary:
      'Makes a personal access token for whoever asks. It is shown once, can do no more than the one that it is made with, lives no longer, and is revoked with it.',
    body: z.strictObject({
      title: TokenTitle,
      /** Absent: all that the token that it is made with can do. */
      capabilities: z.array(Capability).optional(),
      days,
    }),
    answer: AccessToken.extend({ token: z.string() }),
    example: { body: { title: 'nightly report', capabilities: ['access-tokens.own'], days: 30 } },
  }),
  'access-tokens.rotate': operation({
    isUrgent: true,
    method: 'POST',
    path: '/me/access-tokens/rotate',
    // Its answer is not kept for an Idempotency-Key: whoever sends it again has a token that counts no more.
    status: 200,
    capability: 'any',
    summary:
      'Gives the token that asks another secret, which is shown once. The old one is refused from then on, what was made with it is revoked; id, capabilities and expiry stay.',
    answer: AccessToken.extend({ token: z.string() }),
  }),
  'access-tokens.revoke-own': operation({
    isUrgent: true,
    method: 'DELETE',
    path: '/me/access-tokens/{id}',
    capability: 'access-tokens.own',
    summary: 'Revokes a personal access token of whoever asks, and those that were made with it.',
    params,
    answer: Done,
    example,
  }),
  'access-tokens.list': operation({
    method: 'GET',
    path: '/access-tokens',
    capability: 'access-tokens.manage',
    summary: "Lists everybody's personal access tokens; never their secrets.",
    query: Page,
    answer: listOf(AccessToken),
  }),
  'access-tokens.revoke': operation({
    isUrgent: true,
    method: 'DELETE',
    path: '/access-tokens/{id}',
    capability: 'access-tokens.manage',
    summary: "Revokes anybody's personal access token, and those that were made with it.",
    params,
    answer: Done,
    example,
  }),
};
