// The admin API's operations on the directory that provisions people and groups: the tokens that let it in, what its groups give here, and who counts as not there.
import { z } from 'zod';
import { Done, listOf, operation, Page, TokenTitle } from './admin-operation.ts';
import { Slug, TokenId } from './id.ts';
import { PolicyDirectoryGroup } from './policy.ts';

/** Times are ms since 1970. */
const DirectoryToken = z.object({
  id: TokenId,
  title: z.string(),
  createdAt: z.number().int(),
  expiresAt: z.number().int(),
  usedAt: z.number().int().nullable(),
  /** `ahead`: it was made while the clock of the gateway server was more than a day ahead, and opens nothing. */
  state: z.enum(['valid', 'expired', 'revoked', 'ahead']),
});
export type ShownDirectoryToken = z.infer<typeof DirectoryToken>;
/** A token of a directory lives for a day at least, and about two years at most. */
export const directoryTokenDays = { shortest: 1, usual: 365, longest: 730 } as const;

const MappedGroup = z.object({ group: z.string(), gives: PolicyDirectoryGroup });
export type MappedGroup = z.infer<typeof MappedGroup>;
/** Exactly as the directory calls it. */
const params = z.strictObject({ group: z.string().min(1).max(256) });
const engineers = { params: { group: 'Engineering' } };
const token = { params: { id: '0198c0de-0000-7000-8000-000000000001' } };
const capability = 'directory.manage';

export const directoryOperations = {
  'directory.tokens': operation({
    method: 'GET',
    path: '/directory/tokens',
    capability,
    summary: 'Lists the tokens by which a directory provisions people; never their secrets.',
    query: Page,
    answer: listOf(DirectoryToken),
  }),
  'directory.create-token': operation({
    method: 'POST',
    path: '/directory/tokens',
    capability,
    summary:
      'Makes a token by which a directory provisions people by SCIM. It is shown once. Whoever makes it has all that the groups of the directory give.',
    body: z.strictObject({
      /** Which directory it is for. */
      title: TokenTitle,
      days: z.number().int().min(directoryTokenDays.shortest).max(directoryTokenDays.longest).default(directoryTokenDays.usual),
    }),
    answer: DirectoryToken.extend({ token: z.string() }),
    example: { body: { title: 'okta' } },
  }),
  'directory.revoke-token': operation({
    isUrgent: true,
    method: 'DELETE',
    path: '/directory/tokens/{id}',
    capability,
    summary: 'Revokes a token of a directory; its next request is refused. Whom it made stays as they are.',
    params: z.strictObject({ id: TokenId }),
    answer: Done,
    example: token,
  }),
  'directory.groups': operation({
    method: 'GET',
    path: '/directory/groups',
    capability: 'people.view',
    summary: 'Lists what groups of the directory give here, in the order in which their roles count.',
    answer: z.object({ items: z.array(MappedGroup) }),
  }),
  'directory.read-group': operation({
    method: 'GET',
    path: '/directory/groups/{group}',
    capability: 'people.view',
    summary: 'Shows what a group of the directory gives here.',
    params,
    answer: MappedGroup,
    example: engineers,
  }),
  'directory.put-group': operation({
    method: 'PUT',
    path: '/directory/groups/{group}',
    isConditional: true,
    capability,
    summary: 'Says what a group of the directory gives here, by its exact name. Nobody gives more than they have.',
    params,
    body: PolicyDirectoryGroup,
    answer: MappedGroup,
    example: { ...engineers, body: { teams: [] } },
  }),
  'directory.remove-group': operation({
    method: 'DELETE',
    path: '/directory/groups/{group}',
    isConditional: true,
    capability,
    summary: 'Lets a group of the directory give nothing here any more.',
    params,
    answer: Done,
    example: engineers,
  }),
  'directory.held': operation({
    method: 'GET',
    path: '/directory/held',
    capability: 'people.view',
    summary: 'Lists who counts as not there: not active by the word of the directory, or offboarded.',
    query: Page,
    answer: listOf(z.object({ user: Slug, cause: z.enum(['directory', 'offboarding']), since: z.number().int() })),
  }),
};
