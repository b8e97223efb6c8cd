// The tokens of one sign-in at a remote server, as they are sealed: all of them in one value, so that they are renewed together or not at all.
// Rule: what ended keeps neither token; only what was asked for stays, so that a person can be asked to sign in again for the same.
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { reveal, Secret } from '#contract/secret.ts';

export const TokenSet = z.object({
  version: z.literal(1),
  /** Undefined: the sign-in ended at the server, and a person has to sign in again. */
  access: z.string().optional(),
  refresh: z.string().optional(),
  /** ms since 1970; undefined where the server did not say. */
  obtainedAt: z.number(),
  expiresAt: z.number().optional(),
  /** What the tokens allow, separated by spaces. */
  scope: z.string().optional(),
  /** What the server wanted beyond it. */
  wanted: z.string().optional(),
  issuer: z.string(),
  clientId: z.string(),
  /** What the tokens are for (RFC 8707). */
  resource: z.string(),
});
export type TokenSet = z.infer<typeof TokenSet>;

/** At this part of its lifetime a token is renewed. */
const renewAt = 0.8;

export function writeTokenSet(set: TokenSet): Secret<string> {
  return new Secret(JSON.stringify(set));
}

/** Throws VAULT_DAMAGED. */
export function readTokenSet(value: Secret<string>): TokenSet {
  try {
    return TokenSet.parse(JSON.parse(reveal(value)));
  } catch {
    // What could not be read is a secret, so it is no cause either.
    throw new Fault('VAULT_DAMAGED');
  }
}

/** When to renew it, in ms since 1970; undefined where that can't be told or done. */
export function renewalOf({ refresh, obtainedAt, expiresAt }: TokenSet): number | undefined {
  if (refresh === undefined || expiresAt === undefined) return undefined;
  return obtainedAt + (expiresAt - obtainedAt) * renewAt;
}

/** Scopes of both, each once. */
export function unionOf(...scopes: readonly (string | undefined)[]): string | undefined {
  const all = new Set(scopes.flatMap((scope) => (scope ?? '').split(' ').filter((one) => one !== '')));
  return all.size === 0 ? undefined : [...all].join(' ');
}
