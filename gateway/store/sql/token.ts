// Tokens by their hash, and the one-time enrollment that turns a token into a workstation.
import { Fault } from '#contract/error.ts';
import type { TokenId } from '#contract/id.ts';
import type { Selectable } from 'kysely';
import type { Token, Workstation } from '../store.ts';
import type { Db, Tables } from '../table.ts';
import { isHeld } from './held.ts';
import { change, changed, unchanged } from './change.ts';

export async function addToken(db: Db, token: Token): Promise<void> {
  await change(db, async (tx) => {
    const user = await tx.selectFrom('user').select(['id', 'email']).where('slug', '=', token.user).executeTakeFirst();
    if (user === undefined || (await isHeld(tx, user))) throw unknown('user', token.user);
    if (token.kind !== 'enroll') {
      const gateway = await tx.selectFrom('gateway').select('id').where('slug', '=', token.gateway).executeTakeFirst();
      if (gateway === undefined) throw unknown('gateway', token.gateway);
    }
    await tx
      .insertInto('token')
      .values({
        id: token.id,
        kind: token.kind === 'enroll' ? token.kind : 'host',
        agent: token.kind === 'agent' ? 1 : 0,
        hash: token.hash,
        user_id: user.id,
        user_slug: token.user,
        gateway_slug: token.kind === 'enroll' ? null : token.gateway,
        host: token.kind === 'enroll' ? null : token.host,
        created_at: token.createdAt,
        expires_at: token.expiresAt,
        revoked_at: token.revokedAt,
        spent_at: token.spentAt,
      })
      .execute();
    return changed(undefined, 'beside');
  });
}

export async function tokenByHash(db: Db, hash: string): Promise<Token | undefined> {
  const row = await db.selectFrom('token').selectAll().where('hash', '=', hash).executeTakeFirst();
  return row === undefined ? undefined : tokenOf(row);
}

export async function tokenById(db: Db, id: TokenId): Promise<Token | undefined> {
  const row = await db.selectFrom('token').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : tokenOf(row);
}

export async function tokens(db: Db): Promise<readonly Token[]> {
  return (await db.selectFrom('token').selectAll().orderBy('created_at').orderBy('id').execute()).map(tokenOf);
}

export async function revokeToken(db: Db, id: TokenId, now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const to = tx.updateTable('token').set({ revoked_at: now }).where('id', '=', id).where('revoked_at', 'is', null);
    const { numUpdatedRows } = await to.executeTakeFirstOrThrow();
    return numUpdatedRows > 0n ? changed(true, 'beside') : unchanged(false);
  });
}

export async function enroll(
  db: Db,
  tokenHash: string,
  workstation: Workstation,
  now: number,
): Promise<'enrolled' | 'spent' | 'expired' | 'revoked' | 'unknown'> {
  return await change(db, async (tx) => {
    const token = await tx.selectFrom('token').selectAll().where('hash', '=', tokenHash).executeTakeFirst();
    if (token === undefined || token.kind !== 'enroll' || token.user_slug !== workstation.user) return unchanged('unknown');
    if (token.revoked_at !== null) return unchanged('revoked');
    if (token.spent_at !== null) return unchanged('spent');
    if (token.expires_at <= now) return unchanged('expired');
    const twin = await tx
      .selectFrom('workstation')
      .select('id')
      .where('thumbprint', '=', workstation.thumbprint)
      .executeTakeFirst();
    if (twin !== undefined) throw new Fault('KEY_ENROLLED');
    await tx.updateTable('token').set({ spent_at: now }).where('id', '=', token.id).execute();
    await tx
      .insertInto('workstation')
      .values({
        id: workstation.id,
        user_id: token.user_id,
        user_slug: workstation.user,
        public_key: JSON.stringify(workstation.publicKey),
        thumbprint: workstation.thumbprint,
        hostname: workstation.hostname,
        os_user: workstation.osUser,
        platform: workstation.platform,
        enrolled_at: workstation.enrolledAt,
        revoked_at: workstation.revokedAt,
        last_seen_at: workstation.lastSeenAt,
      })
      .execute();
    return changed('enrolled', 'beside');
  });
}

function tokenOf(row: Selectable<Tables['token']>): Token {
  const common = {
    id: row.id,
    user: row.user_slug,
    hash: row.hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    spentAt: row.spent_at,
  };
  if (row.kind === 'enroll') return { kind: 'enroll', ...common };
  if (row.gateway_slug === null || row.host === null) throw new Error(`the host token ${row.id} names no gateway or no host`);
  return { kind: row.agent === 1 ? 'agent' : 'host', gateway: row.gateway_slug, host: row.host, ...common };
}

function unknown(what: string, name: string): Fault {
  return new Fault('NAME_UNKNOWN', { what, name, hint: 'Name one of the policy that was applied last.' });
}
