// Merges an older state into a database in use, in one transaction: policy, offers and approvals become what they were, tokens and workstations that were lost come back.
// The one rule: nothing that was taken away since comes back. What is revoked, spent or denied now stays so.
import { sql } from 'kysely';
import { Fault } from '#contract/error.ts';
import type { Counts, Header } from './backup-file.ts';
import { isValue } from './engine.ts';
import type { Value } from './engine.ts';
import { revokeChildren } from './sql/access-token.ts';
import { mergeAccounts } from './sql/account.ts';
import { changed } from './sql/change.ts';
import { followMade } from './sql/directory-user.ts';
import { cutHeld, holdByAddress } from './sql/hold.ts';
import { parts } from './sql/part.ts';
import { mergePins } from './sql/pin.ts';
import { deletePolicy, policyTables, revokeOrphans } from './sql/replace-policy.ts';
import { insertRows } from './sql/row.ts';
import { changePeople } from './sql/super-admin.ts';
import { mergeSwitches } from './sql/switch.ts';
import type { Db, Tx } from './table.ts';

interface From {
  readonly file: string;
  readonly header: Header;
  readonly now?: () => number;
}

/** Both databases have the newest schema. Rejects with FILE_UNUSABLE where they are of different organizations, and with LAST_SUPER_ADMIN. */
export async function mergeInto(db: Db, older: Db, { file, header, now = Date.now }: From): Promise<Counts> {
  return await changePeople(db, async (tx) => {
    const { organization } = await tx.selectFrom('state').select('organization').executeTakeFirstOrThrow();
    if (organization !== header.organization) {
      const reason = 'it is of another organization. Nothing was changed. Restore it into an empty data directory.';
      throw new Fault('FILE_UNUSABLE', { file, reason });
    }
    const counts: Record<string, number> = {};
    const users = new Set<string>((await tx.selectFrom('user').select('id').execute()).map(({ id }) => id));
    await holdByAddress(tx);
    await deletePolicy(tx);
    for (const table of policyTables.toReversed()) counts[table] = await copyTable(tx, older, table);
    counts['token'] = await mergeTokens(tx, older);
    counts['access_token'] = await mergeAccessTokens(tx, older, now());
    counts['workstation'] = await mergeWorkstations(tx, older);
    counts['offer'] = await mergeOffers(tx, older);
    counts['approval'] = await mergeApprovals(tx, older);
    counts['host'] = await mergeHosts(tx, older);
    counts['switch'] = await mergeSwitches(tx, older, now());
    counts['identity'] = await mergeIdentities(tx, older);
    counts['account'] = await mergeAccounts(tx, older, users);
    await mergeDirectory(tx, older);
    counts['pin'] = await mergePins(tx, older);
    await revokeOrphans(tx, now());
    await cutHeld(tx, now());
    return changed(counts);
  });
}

async function copyTable(tx: Tx, older: Db, table: string): Promise<number> {
  const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(older);
  const columns = Object.keys(rows[0] ?? {});
  await insertRows(tx, { table, columns, rows: rows.map((row) => columns.map((column) => valueOf(row[column]))) });
  return rows.length;
}

function valueOf(value: unknown): Value {
  if (!isValue(value)) throw new Error('a value of another kind');
  return value;
}

/** Tokens that were made since stay. */
async function mergeTokens(tx: Tx, older: Db): Promise<number> {
  const rows = await older.selectFrom('token').selectAll().execute();
  const live = new Map((await tx.selectFrom('token').selectAll().execute()).map((row) => [row.id, row]));
  const missing = rows.filter((row) => !live.has(row.id));
  for (const values of parts(missing)) await tx.insertInto('token').values(values).execute();
  for (const { id, ...old } of rows) {
    const now = live.get(id);
    if (now === undefined) continue;
    const gone = { revoked_at: now.revoked_at ?? old.revoked_at, spent_at: now.spent_at ?? old.spent_at };
    await tx
      .updateTable('token')
      .set({ ...old, ...gone })
      .where('id', '=', id)
      .execute();
  }
  return rows.length;
}

/** Those that were lost come back; what was revoked in either stays so. */
async function mergeAccessTokens(tx: Tx, older: Db, now: number): Promise<number> {
  const rows = await older.selectFrom('access_token').selectAll().execute();
  const live = new Map((await tx.selectFrom('access_token').selectAll().execute()).map((row) => [row.id, row]));
  const missing = rows.filter((row) => !live.has(row.id));
  for (const values of parts(missing)) await tx.insertInto('access_token').values(values).execute();
  for (const { id, revoked_at } of rows)
    if (revoked_at !== null && live.get(id)?.revoked_at === null)
      await tx.updateTable('access_token').set({ revoked_at }).where('id', '=', id).execute();
  await revokeChildren(tx, now);
  return missing.length;
}

/** What a directory says now counts; only where it says nothing any more it is as it was. Its tokens, and who counts as not there, come back as they were lost. */
async function mergeDirectory(tx: Tx, older: Db): Promise<void> {
  const [person, group] = [
    await tx.selectFrom('directory_person').select('id').limit(1).executeTakeFirst(),
    await tx.selectFrom('directory_group').select('id').limit(1).executeTakeFirst(),
  ];
  if (!person && !group)
    for (const table of ['directory_person', 'directory_email', 'directory_group', 'directory_member'])
      await copyTable(tx, older, table);
  const tokens = new Set<string>((await tx.selectFrom('directory_token').select('id').execute()).map(({ id }) => id));
  const lost = (await older.selectFrom('directory_token').selectAll().execute()).filter(({ id }) => !tokens.has(id));
  for (const values of parts(lost)) await tx.insertInto('directory_token').values(values).execute();
  for (const values of parts(await older.selectFrom('hold').selectAll().execute()))
    await tx
      .insertInto('hold')
      .values(values)
      .onConflict((on) => on.doNothing())
      .execute();
  await followMade(tx);
}

/** Workstations that were enrolled since stay. */
async function mergeWorkstations(tx: Tx, older: Db): Promise<number> {
  const rows = await older.selectFrom('workstation').selectAll().execute();
  const live = new Map((await tx.selectFrom('workstation').selectAll().execute()).map((row) => [row.id, row]));
  const missing = rows.filter((row) => !live.has(row.id));
  for (const values of parts(missing)) await tx.insertInto('workstation').values(values).execute();
  for (const { id, revoked_at } of rows) {
    if (revoked_at === null || live.get(id)?.revoked_at !== null) continue;
    await tx.updateTable('workstation').set({ revoked_at }).where('id', '=', id).execute();
  }
  return rows.length;
}

/** A workstation that the backup knows offers what it offered then; connected ones say anew what they have. */
async function mergeOffers(tx: Tx, older: Db): Promise<number> {
  for (const { id } of await older.selectFrom('workstation').select('id').execute())
    await tx.deleteFrom('offer').where('workstation_id', '=', id).execute();
  return await copyTable(tx, older, 'offer');
}

/** What was approved since is approved no more; what was denied since stays denied. */
async function mergeApprovals(tx: Tx, older: Db): Promise<number> {
  await tx.deleteFrom('approval').where('decision', '=', 'approved').execute();
  const denied = new Set(
    (await tx.selectFrom('approval').selectAll().execute()).map((row) => `${row.server_slug} ${row.fingerprint}`),
  );
  const rows = await older.selectFrom('approval').selectAll().execute();
  const wanted = rows.filter((row) => !denied.has(`${row.server_slug} ${row.fingerprint}`));
  for (const values of parts(wanted)) await tx.insertInto('approval').values(values).execute();
  return wanted.length;
}

/** Those that were lost come back. What was decided since stays; a block comes back also over what was allowed since. */
async function mergeHosts(tx: Tx, older: Db): Promise<number> {
  const live = new Map((await tx.selectFrom('host').select(['id', 'state']).execute()).map((row) => [row.id, row.state]));
  const rows = await older.selectFrom('host').selectAll().execute();
  const missing = rows.filter((row) => !live.has(row.id));
  for (const values of parts(missing)) await tx.insertInto('host').values(values).execute();
  for (const { id, state, decided_at } of rows)
    if (live.get(id) === 'seen' || (state === 'blocked' && live.has(id)))
      await tx.updateTable('host').set({ state, decided_at }).where('id', '=', id).execute();
  for (const values of parts(await older.selectFrom('host_use').selectAll().execute()))
    await tx
      .insertInto('host_use')
      .values(values)
      .onConflict((on) => on.columns(['host_id', 'user_slug', 'gateway_slug']).doNothing())
      .execute();
  return missing.length;
}

/** Those that were lost come back, sealed as they were. One that was removed or set anew since stays as it is now. */
async function mergeIdentities(tx: Tx, older: Db): Promise<number> {
  const placeOf = (row: { server_id: string; user_id: string | null; gateway_id: string | null; kind: string; origin: string }) =>
    JSON.stringify([row.server_id, row.user_id, row.gateway_id, row.kind === 'client' ? row.origin : null]);
  const live = await tx.selectFrom('identity').selectAll().execute();
  const known = new Set<string>(live.map(({ id }) => id));
  const taken = new Set(live.filter((row) => row.removed_at === null).map(placeOf));
  const rows = await older.selectFrom('identity').selectAll().execute();
  const missing = rows.filter((row) => !known.has(row.id) && !taken.has(placeOf(row)));
  for (const values of parts(missing)) await tx.insertInto('identity').values(values).execute();
  return missing.length;
}
