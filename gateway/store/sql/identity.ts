// Identities at remote servers, sealed. One for each server, user and gateway; one that was removed leaves a row without a value.
import type { Selectable } from 'kysely';
import type { GatewayId, IdentityId, ServerId, UserId } from '#contract/id.ts';
import type { Store, StoredIdentity } from '../store.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { change, changed, unchanged } from './change.ts';

export async function identity(
  db: Db,
  server: ServerId,
  user: UserId | null,
  gateway: GatewayId,
): Promise<StoredIdentity | undefined> {
  const rows = await db
    .selectFrom('identity')
    .selectAll()
    .where('server_id', '=', server)
    .where('user_id', user === null ? 'is' : '=', user)
    .where('kind', '!=', 'client')
    .where('removed_at', 'is', null)
    .execute();
  const found = rows.find((row) => row.gateway_id === gateway) ?? rows.find((row) => row.gateway_id === null);
  return found && identityOf(found)[0];
}

export async function identityById(db: Db, id: IdentityId): Promise<StoredIdentity | undefined> {
  const row = await db.selectFrom('identity').selectAll().where('id', '=', id).executeTakeFirst();
  return row && identityOf(row)[0];
}

export async function identityClient(db: Db, server: ServerId, issuer: string): Promise<StoredIdentity | undefined> {
  const row = await db
    .selectFrom('identity')
    .selectAll()
    .where('server_id', '=', server)
    .where('kind', '=', 'client')
    .where('origin', '=', issuer)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  return row && identityOf(row)[0];
}

export async function identities(db: Db): Promise<readonly StoredIdentity[]> {
  return (await db.selectFrom('identity').selectAll().orderBy('set_at').orderBy('id').execute()).flatMap(identityOf);
}

export async function setIdentity(
  db: Db,
  { id, server, user, gateway, origin, kind, sealed, setAt }: StoredIdentity,
): Promise<boolean> {
  return await change(db, async (tx) => {
    if (!(await isNamed(tx, server.id, user?.id, gateway?.id))) return unchanged(false);
    const ofServer = tx.selectFrom('identity').select('id').where('server_id', '=', server.id).where('removed_at', 'is', null);
    const ofSame =
      kind === 'client'
        ? ofServer.where('kind', '=', kind).where('origin', '=', origin)
        : ofServer
            .where('kind', '!=', 'client')
            .where('user_id', user === null ? 'is' : '=', user?.id ?? null)
            .where('gateway_id', gateway === null ? 'is' : '=', gateway?.id ?? null);
    const there = await ofSame.executeTakeFirst();
    if (there) {
      if (there.id !== id) return unchanged(false);
      const set = { origin, kind, sealed, set_at: setAt, lease_until: null };
      await tx.updateTable('identity').set(set).where('id', '=', id).execute();
      return changed(true, 'beside');
    }
    await tx
      .insertInto('identity')
      .values({
        id,
        server_id: server.id,
        server_slug: server.slug,
        user_id: user?.id ?? null,
        user_slug: user?.slug ?? null,
        gateway_id: gateway?.id ?? null,
        gateway_slug: gateway?.slug ?? null,
        origin,
        kind,
        sealed,
        set_at: setAt,
        removed_at: null,
        lease_until: null,
      })
      .execute();
    return changed(true, 'beside');
  });
}

export async function removeIdentity(db: Db, id: IdentityId, now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const gone = tx.updateTable('identity').set({ sealed: null, removed_at: now });
    const { numUpdatedRows } = await gone.where('id', '=', id).where('removed_at', 'is', null).executeTakeFirstOrThrow();
    return numUpdatedRows > 0n ? changed(true, 'beside') : unchanged(false);
  });
}

export async function resealIdentities(
  db: Db,
  changes: readonly { readonly id: IdentityId; readonly before: string; readonly after: string }[],
): Promise<readonly IdentityId[]> {
  return await change(db, async (tx) => {
    const missed: IdentityId[] = [];
    for (const { id, before, after } of changes) {
      const now = tx.updateTable('identity').set({ sealed: after }).where('id', '=', id).where('sealed', '=', before);
      if ((await now.executeTakeFirstOrThrow()).numUpdatedRows === 0n) missed.push(id);
    }
    return missed.length < changes.length ? changed(missed, 'beside') : unchanged(missed);
  });
}

export async function leaseIdentity(db: Db, ...of: Parameters<Store['leaseIdentity']>): Promise<boolean> {
  const [id, sealed, now, until, held] = of;
  const lease = db.updateTable('identity').set({ lease_until: until }).where('id', '=', id).where('sealed', '=', sealed);
  const free = lease.where((is) =>
    is.or([
      is('lease_until', 'is', null),
      is('lease_until', '<=', now),
      ...(held === undefined ? [] : [is('lease_until', '=', held)]),
    ]),
  );
  return (await free.executeTakeFirstOrThrow()).numUpdatedRows > 0n;
}

export async function renewIdentity(db: Db, ...of: Parameters<Store['renewIdentity']>): Promise<boolean> {
  const [id, before, after, lease] = of;
  const found = db.updateTable('identity').where('id', '=', id).where('sealed', '=', before);
  const own = lease === undefined ? found : found.where('lease_until', '=', lease);
  return (await own.set({ sealed: after, lease_until: null }).executeTakeFirstOrThrow()).numUpdatedRows > 0n;
}

/** Those whose server, user or gateway is gone lose their values. */
export async function removeOrphanedIdentities(tx: Tx, now: number): Promise<void> {
  await tx
    .updateTable('identity')
    .set({ sealed: null, removed_at: now })
    .where('removed_at', 'is', null)
    .where((is) =>
      is.or([
        is('server_id', 'not in', tx.selectFrom('server').select('id').where('kind', '=', 'remote')),
        is('user_id', 'not in', tx.selectFrom('user').select('id')),
        is('gateway_id', 'not in', tx.selectFrom('gateway').select('id')),
      ]),
    )
    .execute();
}

async function isNamed(tx: Tx, server: ServerId, user: UserId | undefined, gateway: GatewayId | undefined): Promise<boolean> {
  const remote = tx.selectFrom('server').select('id').where('id', '=', server).where('kind', '=', 'remote');
  if (!(await remote.executeTakeFirst())) return false;
  if (user && !(await tx.selectFrom('user').select('id').where('id', '=', user).executeTakeFirst())) return false;
  return !gateway || (await tx.selectFrom('gateway').select('id').where('id', '=', gateway).executeTakeFirst()) !== undefined;
}

/** None of one that was removed. */
function identityOf(row: Selectable<Tables['identity']>): StoredIdentity[] {
  if (row.sealed === null) return [];
  const { id, origin, kind, sealed, set_at: setAt } = row;
  const server = { id: row.server_id, slug: row.server_slug };
  const user = row.user_id === null || row.user_slug === null ? null : { id: row.user_id, slug: row.user_slug };
  const gateway = row.gateway_id === null || row.gateway_slug === null ? null : { id: row.gateway_id, slug: row.gateway_slug };
  return [{ id, server, user, gateway, origin, kind, sealed, setAt }];
}
