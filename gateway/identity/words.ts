// What a person can do about an identity that does not work, in the words of an error: where to go, or whom to ask.
import type { ErrorCode } from '#contract/error.ts';
import { Fault } from '#contract/error.ts';

export interface Whose {
  readonly kind: 'own' | 'shared';
  readonly server: { readonly slug: string };
  readonly user: { readonly slug: string };
}
/** The address of the page where people look after their identities; undefined where nobody can sign in here. */
export type Page = string | undefined;
export const identitiesPath = '/identities';

/** A fault that names the server, whose identity it is, and the way out. */
export function identityFault(
  code: Extract<
    ErrorCode,
    'IDENTITY_MISSING' | 'IDENTITY_REFUSED' | 'IDENTITY_ENDED' | 'IDENTITY_SCOPE' | 'IDENTITY_RENEWAL_FAILED'
  >,
  whose: Whose,
  page: Page,
  fields: Readonly<Record<string, string | number>> = {},
): Fault {
  const { kind, server, user } = whose;
  const isOwn = kind === 'own';
  const command = `drawbridge-gateway identity set --server ${server.slug} ${isOwn ? `--user ${user.slug}` : '--shared'}`;
  const how = isOwn && page !== undefined ? `Connect to it at ${page}` : `Ask your administrator to set it: ${command}`;
  const named = isOwn ? `identity of "${user.slug}"` : 'shared identity';
  return new Fault(code, { server: server.slug, whose: named, how, ...fields });
}
