// Personal access tokens, and who comes with one: user, role and teams as they are now, read by indexes and remembered nowhere, so that what was taken away is
// gone at the next request.
import { z } from 'zod';
import { Capability, roleCapabilities } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import type { Slug, TokenId, UserId } from '#contract/id.ts';
import type { Selectable } from 'kysely';
import type { AccessToken, TokenHolder } from '../administration.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { directoryGrants } from './directory-grant.ts';
import { isHeld } from './held.ts';
import { change, changed, readAtOnce, unchanged } from './change.ts';

/** What expired is told that long, and then forgotten. By its time alone: a backup that is brought back brings nothing back to life that was revoked meanwhile. */
const keptMs = 90 * 86_400_000;

export async function addAccessToken(db: Db, token: AccessToken, parentHash?: string): Promise<void> {
  await change(db, async (tx) => {
    const user = await tx.selectFrom('user').select(['id', 'email']).where('slug', '=', token.user).executeTakeFirst();
    if (user === undefined || (await isHeld(tx, user)))
      throw new Fault('NAME_UNKNOWN', { what: 'user', name: token.user, hint: 'Name one of the policy that is in force.' });
    if (token.parent !== null) await refuseOrphan(tx, user.id, { id: token.parent, hash: parentHash });
    await tx
      .deleteFrom('access_token')
      .where('expires_at', '<', token.createdAt - keptMs)
      .execute();
    await tx
      .insertInto('access_token')
      .values({
        id: token.id,
        hash: token.hash,
        user_id: user.id,
        user_slug: token.user,
        title: token.title,
        capabilities: token.capabilities === undefined ? null : JSON.stringify(token.capabilities),
        created_at: token.createdAt,
        expires_at: token.expiresAt,
        revoked_at: token.revokedAt,
        used_at: token.usedAt,
        parent: token.parent,
      })
      .execute();
    return changed(undefined, 'beside');
  });
}

export async function accessTokens(db: Db): Promise<readonly AccessToken[]> {
  const rows = await db.selectFrom('access_token').selectAll().orderBy('created_at').orderBy('id').execute();
  return rows.map(tokenOf);
}

export async function revokeAccessToken(db: Db, id: TokenId, now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const to = tx.updateTable('access_token').set({ revoked_at: now }).where('id', '=', id).where('revoked_at', 'is', null);
    const { numUpdatedRows } = await to.executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return unchanged(false);
    await revokeChildren(tx, now);
    return changed(true, 'beside');
  });
}

export async function rotateAccessToken(db: Db, id: TokenId, from: string, to: string, now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const swap = tx
      .updateTable('access_token')
      .set({ hash: to })
      .where('id', '=', id)
      .where('hash', '=', from)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', now);
    if ((await swap.executeTakeFirstOrThrow()).numUpdatedRows === 0n) return unchanged(false);
    // Whoever had the old secret may have made them.
    const made = tx.updateTable('access_token').set({ revoked_at: now }).where('parent', '=', id).where('revoked_at', 'is', null);
    await made.execute();
    await revokeChildren(tx, now);
    return changed(true, 'beside');
  });
}

/** Those that were made with one that is revoked, and so on. */
export async function revokeChildren(tx: Tx, now: number): Promise<void> {
  for (;;) {
    const gone = tx.selectFrom('access_token').select('id').where('revoked_at', 'is not', null);
    const of = tx
      .updateTable('access_token')
      .set({ revoked_at: now })
      .where('revoked_at', 'is', null)
      .where('parent', 'in', gone);
    if ((await of.executeTakeFirstOrThrow()).numUpdatedRows === 0n) return;
  }
}

/** Whoever revokes or rotates a token while another one is made with it has ended both. */
async function refuseOrphan(
  tx: Tx,
  user: UserId,
  parent: { readonly id: TokenId; readonly hash: string | undefined },
): Promise<void> {
  const living = tx
    .selectFrom('access_token')
    .select('id')
    .where('id', '=', parent.id)
    .where('user_id', '=', user)
    .where('revoked_at', 'is', null);
  const found = parent.hash === undefined ? living : living.where('hash', '=', parent.hash);
  if ((await found.executeTakeFirst()) === undefined) throw new Fault('TOKEN_REVOKED');
}

export async function tokenHolder(db: Db, hash: string): Promise<TokenHolder | undefined> {
  return await readAtOnce(db, async (tx) => {
    const row = await tx.selectFrom('access_token').selectAll().where('hash', '=', hash).executeTakeFirst();
    if (row === undefined) return undefined;
    const found = await tx
      .selectFrom('user')
      .select(['id', 'slug', 'role', 'email'])
      .where('id', '=', row.user_id)
      .executeTakeFirst();
    if (found === undefined || (await isHeld(tx, found))) return undefined;
    const given = (await directoryGrants(tx, [found.id])).get(found.id);
    const user = { ...found, role: found.role ?? given?.role ?? null };
    const named =
      user.role === null ? undefined : await tx.selectFrom('role').selectAll().where('slug', '=', user.role).executeTakeFirst();
    const roles = named === undefined ? {} : { [named.slug]: { capabilities: capabilitiesIn(named.capabilities) } };
    return {
      token: tokenOf(row),
      user: { id: user.id, slug: user.slug },
      capabilities: roleCapabilities({ roles }, user.role ?? undefined),
      gateways: await gatewaysOf(tx, user.id, given?.teams ?? []),
    };
  });
}

/** By the teams that the policy and the groups of a directory give. */
async function gatewaysOf(db: Db, user: TokenHolder['user']['id'], given: readonly Slug[]): Promise<readonly Slug[]> {
  const named = db.selectFrom('membership').select('team_id').where('user_id', '=', user);
  const grouped = db
    .selectFrom('group_membership')
    .innerJoin('team', 'team.slug', 'group_membership.team_slug')
    .select('team.id')
    .where('group_membership.user_id', '=', user);
  const rows = await db
    .selectFrom('grant')
    .innerJoin('gateway', 'gateway.id', 'grant.gateway_id')
    .select('gateway.slug')
    .distinct()
    .where((is) =>
      is.or([
        is('grant.team_id', 'in', named),
        is('grant.team_id', 'in', grouped),
        ...(given.length === 0 ? [] : [is('grant.team_id', 'in', db.selectFrom('team').select('id').where('slug', 'in', given))]),
      ]),
    )
    .execute();
  return rows.map(({ slug }) => slug);
}

export async function usedAccessToken(db: Db, id: TokenId, now: number): Promise<void> {
  await db.updateTable('access_token').set({ used_at: now }).where('id', '=', id).execute();
}

function tokenOf(row: Selectable<Tables['access_token']>): AccessToken {
  return {
    id: row.id,
    user: row.user_slug,
    title: row.title,
    hash: row.hash,
    capabilities: capabilitiesIn(row.capabilities),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    usedAt: row.used_at,
    parent: row.parent,
  };
}

/** A capability that this program does not know grants nothing. */
function capabilitiesIn(text: string | null): readonly Capability[] | undefined {
  if (text === null) return undefined;
  return z
    .array(z.string())
    .parse(JSON.parse(text))
    .flatMap((name) => Capability.safeParse(name).data ?? []);
}
