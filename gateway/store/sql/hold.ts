// Users who count as not there: the directory says they are not active, or they were offboarded. The rule: whoever is held is in no policy that is in force, and what
// let them in is revoked in the same transaction, so that letting them back brings none of it back.
import { type Expression, sql, type SqlBool } from 'kysely';
import type { ConnectionId, UserId } from '#contract/id.ts';
import type { CutAccess } from '../directory.ts';
import type { Tables, Tx } from '../table.ts';
import { removeItems } from './connection.ts';
import { heldUsers } from './held.ts';

type Cause = Tables['hold']['cause'];

export async function putHold(
  tx: Tx,
  of: { readonly user: UserId; readonly email: string; readonly cause: Cause; readonly now: number },
): Promise<void> {
  const row = { user_id: of.user, cause: of.cause, email_key: of.email.toLowerCase() };
  await tx
    .insertInto('hold')
    .values({ ...row, since: of.now })
    .onConflict((on) => on.columns(['user_id', 'cause']).doUpdateSet(row))
    .execute();
}

/**
 * Before users go, or one of them, and once an address changed: whoever is held stays so by the address that they have now, whatever they had when they were held.
 * Who gets one that they had is somebody else.
 */
export async function holdByAddress(tx: Tx, user?: UserId): Promise<void> {
  const theirs = sql`from "user" where "user".id = hold.user_id`;
  const all = tx
    .updateTable('hold')
    .set({ email_key: sql<string>`(select lower("user".email) ${theirs})` })
    .where(sql<boolean>`exists (select 1 ${theirs} and lower("user".email) <> hold.email_key)`);
  await (user === undefined ? all : all.where('user_id', '=', user)).execute();
}

/** The holds of this user, and of whoever had this address and is no user any more. Somebody else's who has it too stays theirs. */
export function holdsOf(user: UserId, email: string): Expression<SqlBool> {
  const gone = sql`hold.email_key = ${email.toLowerCase()} and not exists (select 1 from "user" where "user".id = hold.user_id)`;
  // A service account has no address, which is not one that it shares with others.
  return email === '' ? sql<SqlBool>`hold.user_id = ${user}` : sql<SqlBool>`(hold.user_id = ${user} or (${gone}))`;
}

/** Whoever is held has nothing of an older state either. */
export async function cutHeld(tx: Tx, now: number): Promise<void> {
  const isHeld = await heldUsers(tx);
  const those = tx
    .selectFrom('token')
    .select('user_id')
    .where('revoked_at', 'is', null)
    .union(tx.selectFrom('access_token').select('user_id').where('revoked_at', 'is', null))
    .union(tx.selectFrom('workstation').select('user_id').where('revoked_at', 'is', null));
  const users = await tx.selectFrom('user').select(['id', 'email']).where('id', 'in', those).execute();
  for (const { id } of users.filter(isHeld)) await cutAccess(tx, id, now);
}

/** Revokes what let this user in. */
export async function cutAccess(tx: Tx, user: UserId, now: number): Promise<CutAccess> {
  const gone = { revoked_at: now };
  const tokens = await tx
    .updateTable('token')
    .set(gone)
    .where('user_id', '=', user)
    .where('revoked_at', 'is', null)
    .where('spent_at', 'is', null)
    .returning(['id', 'kind', 'agent', 'host'])
    .execute();
  const accessTokens = await tx
    .updateTable('access_token')
    .set(gone)
    .where('user_id', '=', user)
    .where('revoked_at', 'is', null)
    .returning(['id', 'title as name'])
    .execute();
  const connections = await tx
    .updateTable('connection')
    .set(gone)
    .where('user_id', '=', user)
    .where('revoked_at', 'is', null)
    .returning(['id', 'title as name'])
    .execute();
  for (const { id } of connections) await removeItems(tx, id);
  const workstations = await tx
    .updateTable('workstation')
    .set(gone)
    .where('user_id', '=', user)
    .where('revoked_at', 'is', null)
    .returning(['id', 'hostname as name'])
    .execute();
  return {
    tokens: tokens.map(({ id, kind, agent, host }) => ({ id, kind: agent === 1 ? 'agent' : kind, name: host ?? '' })),
    accessTokens,
    connections: connections satisfies readonly { id: ConnectionId; name: string }[],
    workstations,
    sessions: await endSessions(tx, user),
  };
}

/** Signs the user out of all browsers; how many that were. */
export async function endSessions(tx: Tx, user: UserId): Promise<number> {
  // An id is nothing that stands in a body by chance.
  const { numDeletedRows } = await tx
    .deleteFrom('sign_in_item')
    .where('model', 'in', ['Session', 'PersonSession'])
    .where('body', 'like', `%${user}%`)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
