// Personal access tokens: by which people and their programs use the admin API. The secret leaves here once, to be shown; what is stored is its SHA-256. What a token
// can do is asked of the database at each request: what its user's role grants then, as far as the token's own list goes. One that is made with another one ends with it.
import { hash, randomBytes } from 'node:crypto';
import { accessTokenDays, type ShownAccessToken } from '#contract/admin-me.ts';
import type { Capability } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import { newId, Slug, TokenId } from '#contract/id.ts';
import { Secret } from '#contract/secret.ts';
import { isAhead } from '../caller/ahead.ts';
import { userOff } from '../policy/decide.ts';
import { compileOff } from '../policy/switch.ts';
import type { AccessToken } from '../store/administration.ts';
import type { Store } from '../store/store.ts';
import type { Actor } from './actor.ts';
import { type Acting, type AdminContext, doing } from './context.ts';
import { unknownName } from './suggest.ts';
import { standingOf } from './token-state.ts';
import { refuseNoTitle } from './token-title.ts';

const bearer = /^bearer +(dbp_[A-Za-z0-9_-]{43})$/i;
const dayMs = 86_400_000;
const tellEveryMs = 60_000;

/** Who asks. Rejects with ACCESS_TOKEN_NEEDED, TOKEN_EXPIRED, TOKEN_REVOKED or, where that user is switched off, SWITCHED_OFF: `everything` is not about administration. */
export async function actorOf(
  { administration, switches }: Pick<Store, 'administration' | 'switches'>,
  authorization: string | undefined,
  now: number,
): Promise<Extract<Actor, { kind: 'user' }>> {
  const secret = bearer.exec(authorization ?? '')?.[1];
  if (secret === undefined) throw new Fault('ACCESS_TOKEN_NEEDED');
  // Looked up by its hash alone, so how long that takes says nothing of tokens that exist.
  const holder = await administration.tokenHolder(hash('sha256', secret));
  if (!holder) throw new Fault('ACCESS_TOKEN_NEEDED');
  const { token, user, gateways } = holder;
  if (isAhead(token.createdAt, now)) throw new Fault('ACCESS_TOKEN_NEEDED');
  if (token.revokedAt !== null) throw new Fault('TOKEN_REVOKED');
  if (now >= token.expiresAt) throw new Fault('TOKEN_EXPIRED', { at: new Date(token.expiresAt).toISOString() });
  const off = userOff({ off: compileOff(await switches(), () => now) }, user.slug);
  if (off) throw off;
  if (now - (token.usedAt ?? 0) >= tellEveryMs) await administration.usedAccessToken(token.id, now);
  const granted = holder.capabilities.filter((one) => token.capabilities?.includes(one) ?? true);
  return {
    kind: 'user',
    user,
    accessToken: { id: token.id, expiresAt: token.expiresAt, hash: token.hash },
    capabilities: new Set(granted),
    gateways: new Set(gateways),
  };
}

/** Rejects with NAME_UNKNOWN, SETTING_INVALID and, where its parent was revoked meanwhile, TOKEN_REVOKED. `days`: how long it lives, but no longer than its parent. */
export async function issueAccessToken(
  context: Acting & Pick<AdminContext, 'now'>,
  of: {
    readonly user: string;
    readonly title: string;
    readonly capabilities: readonly Capability[] | undefined;
    readonly days: number;
    /** The one that it is made with. */
    readonly parent?: Pick<AccessToken, 'id' | 'expiresAt' | 'hash'>;
  },
): Promise<{ readonly token: AccessToken; readonly secret: Secret<string> }> {
  refuseNoTitle(of.title);
  const now = context.now();
  const { shortest, longest } = accessTokenDays;
  if (!Number.isInteger(of.days) || of.days < shortest || of.days > longest)
    throw new Fault('SETTING_INVALID', { setting: '--days', reason: `use ${shortest} to ${longest}.` });
  const { policy } = await context.store.policy();
  const users = Object.keys(policy.users);
  const user = Slug.safeParse(of.user);
  if (!user.success || !users.includes(of.user)) throw unknownName('user', of.user, users, 'apply a policy that names them');
  const secret = newSecret();
  const token: AccessToken = {
    id: TokenId.parse(newId(now)),
    user: user.data,
    title: of.title,
    hash: hash('sha256', secret),
    capabilities: of.capabilities,
    createdAt: now,
    expiresAt: Math.min(now + of.days * dayMs, of.parent?.expiresAt ?? Infinity),
    revokedAt: null,
    usedAt: null,
    parent: of.parent?.id ?? null,
  };
  const after = shownAccessToken(token, now);
  const store = doing(context, now, { operation: 'access-tokens.create', target: token.id, before: null, after });
  await store.administration.addAccessToken(token, of.parent?.hash);
  return { token, secret: new Secret(secret) };
}

/**
 * Another secret for the token that asks: the one it came with counts no more, what it may do and until when stays. Rejects with ACCESS_TOKEN_NEEDED where
 * it was rotated, revoked or expired meanwhile.
 */
export async function rotateAccessToken(
  context: Acting & Pick<AdminContext, 'now'>,
  { id, hash: from }: Pick<AccessToken, 'id' | 'hash'>,
): Promise<{ readonly token: AccessToken; readonly secret: Secret<string> }> {
  const now = context.now();
  const token = (await context.store.administration.accessTokens()).find((one) => one.id === id);
  if (!token) throw new Fault('ACCESS_TOKEN_NEEDED');
  const secret = newSecret();
  const before = shownAccessToken(token, now);
  const store = doing(context, now, {
    operation: 'access-tokens.rotate',
    target: id,
    before,
    after: { ...before, secret: 'replaced' },
  });
  if (!(await store.administration.rotateAccessToken(id, from, hash('sha256', secret), now)))
    throw new Fault('ACCESS_TOKEN_NEEDED');
  return { token, secret: new Secret(secret) };
}

/** Rejects with NAME_UNKNOWN. False where it was revoked already. `of`: whose it has to be, where that counts. */
export async function revokeAccessToken(
  context: Acting & Pick<AdminContext, 'now'>,
  operation: 'access-tokens.revoke' | 'access-tokens.revoke-own',
  id: string,
  of?: string,
): Promise<boolean> {
  const now = context.now();
  const all = (await context.store.administration.accessTokens()).filter(({ user }) => of === undefined || user === of);
  const found = all.find((one) => one.id === id);
  const ids = all.map((one) => one.id);
  if (!found) throw unknownName('personal access token', id, ids, 'nobody has made one');
  const before = shownAccessToken(found, now);
  const store = doing(context, now, { operation, target: found.id, before, after: { ...before, state: 'revoked' } });
  return store.administration.revokeAccessToken(found.id, now);
}

function newSecret(): string {
  return `dbp_${randomBytes(32).toString('base64url')}`;
}

export function shownAccessToken(
  { id, user, title, capabilities, createdAt, expiresAt, usedAt, revokedAt, parent }: AccessToken,
  now: number,
): ShownAccessToken {
  const state = standingOf({ createdAt, expiresAt, revokedAt }, now);
  return { id, user, title, capabilities: capabilities ? [...capabilities] : null, createdAt, expiresAt, usedAt, state, parent };
}
