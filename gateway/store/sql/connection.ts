// Connections: what a person consented to. Revoking one removes every token and grant that hangs on it, in one transaction.
import { Fault } from '#contract/error.ts';
import type { ConnectionId } from '#contract/id.ts';
import type { Selectable } from 'kysely';
import type { Connection, SignInStore } from '../sign-in.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { isHeld } from './held.ts';
import { change, changed, unchanged } from './change.ts';

export async function addConnection(db: Db, { client, user, gateway, createdAt, revokedAt, ...same }: Connection): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const known = await tx.selectFrom('user').select(['id', 'email']).where('id', '=', user.id).executeTakeFirst();
    if (known === undefined || (await isHeld(tx, known))) throw unknown('user', user.slug);
    const found = await tx.selectFrom('gateway').select('id').where('slug', '=', gateway).executeTakeFirst();
    if (found === undefined) throw unknown('gateway', gateway);
    await tx
      .insertInto('connection')
      .values({
        ...same,
        client_id: client,
        user_id: user.id,
        user_slug: user.slug,
        gateway_slug: gateway,
        created_at: createdAt,
        revoked_at: revokedAt,
      })
      .execute();
  });
}

export async function connectionOf(
  db: Db,
  { client, user, gateway, redirect }: Parameters<SignInStore['connectionOf']>[0],
): Promise<Connection | undefined> {
  const row = await db
    .selectFrom('connection')
    .selectAll()
    .where('client_id', '=', client)
    .where('user_id', '=', user)
    .where('gateway_slug', '=', gateway)
    .where('redirect', '=', redirect)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return row && connectionIn(row);
}

export async function connection(db: Db, id: ConnectionId): Promise<Connection | undefined> {
  const row = await db.selectFrom('connection').selectAll().where('id', '=', id).executeTakeFirst();
  return row && connectionIn(row);
}

export async function connections(db: Db): Promise<readonly Connection[]> {
  return (await db.selectFrom('connection').selectAll().orderBy('created_at').orderBy('id').execute()).map(connectionIn);
}

export async function revokeConnection(db: Db, id: ConnectionId, now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const to = tx.updateTable('connection').set({ revoked_at: now }).where('id', '=', id).where('revoked_at', 'is', null);
    const { numUpdatedRows } = await to.executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return unchanged(false);
    await removeItems(tx, id);
    return changed(true, 'beside');
  });
}

/** Every token and grant of it. */
export async function removeItems(tx: Tx, id: ConnectionId): Promise<void> {
  const grants = tx.selectFrom('sign_in_item').select('key').where('model', '=', 'Grant').where('connection_id', '=', id);
  await tx.deleteFrom('sign_in_item').where('family', 'in', grants).execute();
  await tx.deleteFrom('sign_in_item').where('connection_id', '=', id).execute();
}

function connectionIn(row: Selectable<Tables['connection']>): Connection {
  const { id, host, title, redirect } = row;
  return {
    id,
    client: row.client_id,
    host,
    title,
    redirect,
    user: { id: row.user_id, slug: row.user_slug },
    gateway: row.gateway_slug,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}

function unknown(what: string, name: string): Fault {
  return new Fault('NAME_UNKNOWN', { what, name, hint: 'Name one of the policy that was applied last.' });
}
