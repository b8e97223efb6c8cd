// What the authorization server has under way, and its clients. The one rule: an item is consumed once, whoever asks at the same time.
import type { Selectable } from 'kysely';
import { type Connection, type SignInClient, type SignInItem, StepUp, stepUpModel, type TokenBearer } from '../sign-in.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { change, unchanged } from './change.ts';
import { connection } from './connection.ts';

/** So that a token that has just expired is told apart from one that never was. */
const keepExpiredMs = 3_600_000;
const idleClientMs = 86_400_000;
/** So many go at once, so that no registration waits for a large clean-up. */
const idleAtOnce = 1000;

export async function putItem(db: Db, item: SignInItem, now: number): Promise<void> {
  const { consumedAt, expiresAt, connection: connection_id, ...same } = item;
  const row = { ...same, connection_id, expires_at: expiresAt, consumed_at: consumedAt };
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto('sign_in_item')
      .values(row)
      .onConflict((on) => on.columns(['model', 'key']).doUpdateSet(row))
      .execute();
    // Few at a time, so that no sign-in waits for a large clean-up; each adds one row and takes up to twenty.
    const old = tx
      .selectFrom('sign_in_item')
      .select('key')
      .where('expires_at', '<', now - keepExpiredMs);
    await tx
      .deleteFrom('sign_in_item')
      .where('key', 'in', old.orderBy('expires_at').limit(20))
      .where('expires_at', '<', now - keepExpiredMs)
      .execute();
  });
}

export async function item(db: Db, model: string, key: string): Promise<SignInItem | undefined> {
  const row = await db
    .selectFrom('sign_in_item')
    .selectAll()
    .where('model', '=', model)
    .where('key', '=', key)
    .executeTakeFirst();
  return row && itemOf(row);
}

export async function itemByUid(db: Db, model: string, uid: string): Promise<SignInItem | undefined> {
  const row = await db
    .selectFrom('sign_in_item')
    .selectAll()
    .where('model', '=', model)
    .where('uid', '=', uid)
    .executeTakeFirst();
  return row && itemOf(row);
}

export async function consumeItem(db: Db, model: string, key: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('sign_in_item')
    .set({ consumed_at: now })
    .where('model', '=', model)
    .where('key', '=', key)
    .where('consumed_at', 'is', null)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export async function giveItemBack(db: Db, model: string, key: string, consumedAt: number): Promise<void> {
  await db
    .updateTable('sign_in_item')
    .set({ consumed_at: null })
    .where('model', '=', model)
    .where('key', '=', key)
    .where('consumed_at', '=', consumedAt)
    .execute();
}

export async function removeItem(db: Db, model: string, key: string): Promise<SignInItem | undefined> {
  return await change(db, async (tx) => {
    const row = await tx
      .deleteFrom('sign_in_item')
      .where('model', '=', model)
      .where('key', '=', key)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return unchanged(undefined);
    return { value: itemOf(row), changed: grantsAccess(model), about: 'beside' };
  });
}

export async function removeItemByUid(db: Db, model: string, uid: string): Promise<void> {
  await db.deleteFrom('sign_in_item').where('model', '=', model).where('uid', '=', uid).execute();
}

export async function removeFamily(db: Db, model: string, family: string): Promise<number> {
  return await change(db, async (tx) => {
    const { numDeletedRows } = await tx
      .deleteFrom('sign_in_item')
      .where('model', '=', model)
      .where('family', '=', family)
      .executeTakeFirstOrThrow();
    const count = Number(numDeletedRows);
    return { value: count, changed: count > 0 && grantsAccess(model), about: 'beside' };
  });
}

export async function endAccess(db: Db, family: string, now: number): Promise<number> {
  return await change(db, async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('sign_in_item')
      .set({ consumed_at: now })
      .where('model', '=', 'AccessToken')
      .where('family', '=', family)
      .where('consumed_at', 'is', null)
      .executeTakeFirstOrThrow();
    const count = Number(numUpdatedRows);
    return { value: count, changed: count > 0, about: 'beside' };
  });
}

export async function formerBearer(db: Db, key: string): Promise<Connection | undefined> {
  const row = await db
    .selectFrom('sign_in_item')
    .select('connection_id')
    .where('model', '=', 'AccessToken')
    .where('key', '=', key)
    .where('consumed_at', 'is not', null)
    .executeTakeFirst();
  return row && row.connection_id !== null ? await connection(db, row.connection_id) : undefined;
}

/** What the gateway may remember as valid; the rest is read anew each time. */
function grantsAccess(model: string): boolean {
  return model === 'AccessToken' || model === 'Grant' || model === 'ClientCredentials';
}

export async function bearer(db: Db, key: string): Promise<TokenBearer | undefined> {
  const row = await db
    .selectFrom('sign_in_item as token')
    .innerJoin('sign_in_item as grant', (on) => on.onRef('grant.key', '=', 'token.family').on('grant.model', '=', 'Grant'))
    .leftJoin('sign_in_item as shown', (on) => on.onRef('shown.key', '=', 'token.family').on('shown.model', '=', stepUpModel))
    .select(['token.expires_at', 'token.body', 'grant.connection_id', 'shown.body as shown'])
    .where('token.model', '=', 'AccessToken')
    .where('token.key', '=', key)
    .where('token.consumed_at', 'is', null)
    .executeTakeFirst();
  // A service account's has no grant: nobody consented, its connection stands for it.
  const bearing = row ?? (await serviceToken(db, key));
  if (bearing === undefined || bearing.connection_id === null) return undefined;
  const found = await connection(db, bearing.connection_id);
  if (!found || found.revokedAt !== null) return undefined;
  const stepUp = bearing.shown ? StepUp.parse(JSON.parse(bearing.shown)) : {};
  return { connection: found, scopes: scopesIn(bearing.body), stepUp, expiresAt: bearing.expires_at };
}

function scopesIn(body: string): string {
  const token: unknown = JSON.parse(body);
  return token instanceof Object && 'scope' in token && typeof token.scope === 'string' ? token.scope : '';
}

async function serviceToken(db: Db, key: string) {
  const row = await db
    .selectFrom('sign_in_item')
    .select(['connection_id', 'body', 'expires_at'])
    .where('model', '=', 'ClientCredentials')
    .where('key', '=', key)
    .executeTakeFirst();
  return row && { ...row, shown: null };
}

export async function addClient(db: Db, client: SignInClient, atMost: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const { count } = await tx
      .selectFrom('sign_in_client')
      .select((is) => is.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (Number(count) >= atMost && !(await makeRoom(tx, client.createdAt - idleClientMs))) return unchanged(false);
    await tx.insertInto('sign_in_client').values({ id: client.id, body: client.body, created_at: client.createdAt }).execute();
    return unchanged(true);
  });
}

/** Takes clients away that have neither a grant nor a token of anybody, the oldest first. Whoever comes back as one of them has to sign in anew anyway. False where there is none. */
async function makeRoom(tx: Tx, madeBefore: number): Promise<boolean> {
  const idle = tx
    .selectFrom('sign_in_client as client')
    .select('client.id')
    .where('client.created_at', '<', madeBefore)
    .where((is) =>
      is.not(
        is.exists(
          is
            .selectFrom('connection')
            .innerJoin('sign_in_item as given', 'given.connection_id', 'connection.id')
            .select('given.key')
            .whereRef('connection.client_id', '=', 'client.id'),
        ),
      ),
    )
    // Their ids begin with their time.
    .orderBy('client.id')
    .limit(idleAtOnce);
  const { numDeletedRows } = await tx.deleteFrom('sign_in_client').where('id', 'in', idle).executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

export async function client(db: Db, id: string): Promise<SignInClient | undefined> {
  const row = await db.selectFrom('sign_in_client').selectAll().where('id', '=', id).executeTakeFirst();
  return row && { id: row.id, body: row.body, createdAt: row.created_at };
}

function itemOf(row: Selectable<Tables['sign_in_item']>): SignInItem {
  const { model, key, family, uid, body } = row;
  return {
    model,
    key,
    family,
    uid,
    connection: row.connection_id,
    body,
    expiresAt: row.expires_at,
    consumedAt: row.consumed_at,
  };
}
