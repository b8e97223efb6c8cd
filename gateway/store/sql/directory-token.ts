// The tokens by which directories come. The rule: only a token's SHA-256 is kept.
import type { Selectable } from 'kysely';
import type { TokenId } from '#contract/id.ts';
import type { DirectoryToken } from '../directory.ts';
import type { Db, Tables } from '../table.ts';
import { change, changed, unchanged } from './change.ts';

export async function addDirectoryToken(db: Db, token: DirectoryToken): Promise<void> {
  await change(db, async (tx) => {
    const { id, title, hash, createdAt, expiresAt, revokedAt, usedAt } = token;
    await tx
      .insertInto('directory_token')
      .values({ id, title, hash, created_at: createdAt, expires_at: expiresAt, revoked_at: revokedAt, used_at: usedAt })
      .execute();
    return changed(undefined, 'beside');
  });
}

export async function directoryTokenByHash(db: Db, hash: string): Promise<DirectoryToken | undefined> {
  const row = await db.selectFrom('directory_token').selectAll().where('hash', '=', hash).executeTakeFirst();
  return row && tokenOf(row);
}

export async function directoryTokens(db: Db): Promise<readonly DirectoryToken[]> {
  return (await db.selectFrom('directory_token').selectAll().orderBy('created_at').orderBy('id').execute()).map(tokenOf);
}

export async function revokeDirectoryToken(db: Db, id: TokenId, now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('directory_token')
      .set({ revoked_at: now })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n ? changed(true, 'beside') : unchanged(false);
  });
}

/** Does not bump the revision. */
export async function usedDirectoryToken(db: Db, id: TokenId, now: number): Promise<void> {
  await db.updateTable('directory_token').set({ used_at: now }).where('id', '=', id).execute();
}

function tokenOf(row: Selectable<Tables['directory_token']>): DirectoryToken {
  const { id, title, hash } = row;
  return {
    id,
    title,
    hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    usedAt: row.used_at,
  };
}
