// How a token stands that was made here, as lists, plans and backups say it. The rule: "valid" is exactly what is let in.
import { isAhead } from '../caller/ahead.ts';
import type { Token } from '../store/store.ts';

/** Of any kind of token. `ahead`: it was made while the clock was more than a day ahead, and does not count. */
export function standingOf(
  { createdAt, expiresAt, revokedAt }: Pick<Token, 'createdAt' | 'expiresAt' | 'revokedAt'>,
  now: number,
): 'revoked' | 'ahead' | 'expired' | 'valid' {
  if (revokedAt !== null) return 'revoked';
  if (isAhead(createdAt, now)) return 'ahead';
  return expiresAt <= now ? 'expired' : 'valid';
}

export function stateOf(token: Token, now: number): ReturnType<typeof standingOf> | 'spent' {
  return token.revokedAt === null && token.spentAt !== null ? 'spent' : standingOf(token, now);
}
