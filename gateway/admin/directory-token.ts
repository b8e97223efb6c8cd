// The tokens by which a directory provisions people by SCIM. The secret leaves here once, to be shown; what is stored is its SHA-256. The rule: it opens SCIM and nothing
// else, and what comes with it is on record as the directory's.
import { hash, randomBytes } from 'node:crypto';
import { directoryTokenDays, type ShownDirectoryToken } from '#contract/admin-directory.ts';
import { Fault } from '#contract/error.ts';
import { newId, TokenId } from '#contract/id.ts';
import { Secret } from '#contract/secret.ts';
import { isAhead } from '../caller/ahead.ts';
import type { DirectoryToken } from '../store/directory.ts';
import type { Store } from '../store/store.ts';
import type { Actor } from './actor.ts';
import { type Acting, doing } from './context.ts';
import { unknownName } from './suggest.ts';
import { standingOf } from './token-state.ts';
import { refuseNoTitle } from './token-title.ts';

const bearer = /^bearer +(dbs_[A-Za-z0-9_-]{43})$/i;
const dayMs = 86_400_000;
const tellEveryMs = 60_000;

/** Which directory asks. Rejects with DIRECTORY_TOKEN_NEEDED, TOKEN_EXPIRED or TOKEN_REVOKED. */
export async function directoryActor(
  { directory }: Pick<Store, 'directory'>,
  authorization: string | undefined,
  now: number,
): Promise<Actor> {
  const secret = bearer.exec(authorization ?? '')?.[1];
  // Looked up by its hash alone, so how long that takes says nothing of tokens that exist.
  const token = secret === undefined ? undefined : await directory.tokenByHash(hash('sha256', secret));
  if (!token || isAhead(token.createdAt, now)) throw new Fault('DIRECTORY_TOKEN_NEEDED');
  if (token.revokedAt !== null) throw new Fault('TOKEN_REVOKED');
  if (now >= token.expiresAt) throw new Fault('TOKEN_EXPIRED', { at: new Date(token.expiresAt).toISOString() });
  if (now - (token.usedAt ?? 0) >= tellEveryMs) await directory.usedToken(token.id, now);
  return { kind: 'system', part: `scim ${token.id}`, capabilities: new Set() };
}

/** Rejects with SETTING_INVALID. `days`: how long it lives. */
export async function issueDirectoryToken(
  acting: Acting & { readonly now: () => number },
  { title, days }: { readonly title: string; readonly days: number },
): Promise<{ readonly token: DirectoryToken; readonly secret: Secret<string> }> {
  refuseNoTitle(title);
  const { shortest, longest } = directoryTokenDays;
  if (!Number.isInteger(days) || days < shortest || days > longest)
    throw new Fault('SETTING_INVALID', { setting: '--days', reason: `use ${shortest} to ${longest}.` });
  const now = acting.now();
  const secret = `dbs_${randomBytes(32).toString('base64url')}`;
  const times = { createdAt: now, expiresAt: now + days * dayMs, revokedAt: null, usedAt: null };
  const token: DirectoryToken = { id: TokenId.parse(newId(now)), title, hash: hash('sha256', secret), ...times };
  const after = shownDirectoryToken(token, now);
  const store = doing(acting, now, { operation: 'directory.create-token', target: token.id, before: null, after });
  await store.directory.addToken(token);
  return { token, secret: new Secret(secret) };
}

/** Rejects with NAME_UNKNOWN. False where it was revoked already. */
export async function revokeDirectoryToken(acting: Acting & { readonly now: () => number }, id: string): Promise<boolean> {
  const now = acting.now();
  const all = await acting.store.directory.tokens();
  const found = all.find((one) => one.id === id);
  if (!found)
    throw unknownName(
      'token of a directory',
      id,
      all.map((one) => one.id),
      'nobody has made one',
    );
  const before = shownDirectoryToken(found, now);
  const told = { before, after: { ...before, state: 'revoked' } };
  const store = doing(acting, now, { operation: 'directory.revoke-token', target: found.id, ...told });
  return store.directory.revokeToken(found.id, now);
}

export function shownDirectoryToken(
  { id, title, createdAt, expiresAt, usedAt, revokedAt }: DirectoryToken,
  now: number,
): ShownDirectoryToken {
  const state = standingOf({ createdAt, expiresAt, revokedAt }, now);
  return { id, title, createdAt, expiresAt, usedAt, state };
}
