// Removing records at the beginning of a chain. The rule: the mark is moved first, and only by who knows where it stood, so that of several who remove at once one
// does; what the records were needed for is asked in the same transaction.
import type { Selectable } from 'kysely';
import { PolicyRetention } from '#contract/retention.ts';
import type { DialectName } from '../engine.ts';
import type { Needed, Removal } from '../retention.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { idOf, numberOf } from './place.ts';
import { removeTexts } from './run.ts';
import { removeSheaves } from './sheaf.ts';
import { removeWords } from './word-part.ts';

export async function retention(db: Db): Promise<PolicyRetention | undefined> {
  const setting = await db.selectFrom('policy_setting').select('value').where('name', '=', 'retention').executeTakeFirst();
  return setting === undefined ? undefined : PolicyRetention.parse(JSON.parse(setting.value));
}

export async function removals(db: Db): Promise<readonly Removal[]> {
  return await db.selectFrom('removal').selectAll().orderBy('chain').execute();
}

export async function removal(db: Db, chain: string): Promise<Selectable<Tables['removal']> | undefined> {
  return await db.selectFrom('removal').selectAll().where('chain', '=', chain).executeTakeFirst();
}

export async function needed(db: Db, chain: string, before: number): Promise<Needed> {
  const indexed = await db.selectFrom('entry_cursor').select('seq').where('chain', '=', chain).executeTakeFirst();
  const found: [Needed, ...Needed[]] = [{ seq: indexed?.seq ?? 0, by: 'index' }];
  const read = await db.selectFrom('alert_cursor').select('seq').where('chain', '=', chain).executeTakeFirst();
  if (read !== undefined && !(await isSilentSince(db, chain, before))) found.push({ seq: read.seq, by: 'alerts' });
  const sent = db
    .selectFrom('sink')
    .leftJoin('sink_cursor', (on) => on.onRef('sink_cursor.sink_id', '=', 'sink.id').on('sink_cursor.chain', '=', chain))
    .select(['sink.slug', 'sink_cursor.seq']);
  for (const { slug, seq } of await sent.orderBy('sink.slug').execute()) found.push({ seq: seq ?? 0, by: `sink ${slug}` });
  return found.reduce((least, one) => (one.seq < least.seq ? one : least));
}

/** Who writes to the chain wrote nothing since then. */
async function isSilentSince(db: Db, chain: string, before: number): Promise<boolean> {
  const number = await numberOf(db, chain);
  if (number === undefined) return true;
  const newest = await db
    .selectFrom('record')
    .select('at')
    .where('id', '>', idOf(number, 0))
    .where('id', '<', idOf(number + 1, 0))
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return newest === undefined || newest.at < before;
}

export async function removeRecords(
  db: Db,
  dialect: DialectName,
  mark: Removal,
  after: number,
): Promise<{ readonly setAside: number } | undefined> {
  return await db.transaction().execute(async (tx) => {
    const number = await numberOf(tx, mark.chain);
    const last = await needed(tx, mark.chain, mark.before);
    if (number === undefined || last.seq < mark.seq || !(await move(tx, mark, after))) return undefined;
    const [from, to] = [idOf(number, after), idOf(number, mark.seq)];
    await tx.deleteFrom('entry').where('record', '>', from).where('record', '<=', to).execute();
    if (dialect === 'sqlite') await removeSheaves(tx);
    if (dialect === 'sqlite') await removeWords(tx);
    await removeTexts(tx, from, to);
    await tx.deleteFrom('record').where('id', '>', from).where('id', '<=', to).execute();
    const parked = tx.deleteFrom('sink_parked').where('chain', '=', mark.chain).where('seq', '<=', mark.seq);
    const { numDeletedRows } = await parked.executeTakeFirstOrThrow();
    return { setAside: Number(numDeletedRows) };
  });
}

/** False where the chain does not begin there. Takes the lock of its row. */
async function move(tx: Tx, { chain, ...mark }: Removal, after: number): Promise<boolean> {
  if (after > 0) {
    const moved = tx.updateTable('removal').set(mark).where('chain', '=', chain).where('seq', '=', after);
    return (await moved.executeTakeFirstOrThrow()).numUpdatedRows === 1n;
  }
  const begun = tx
    .insertInto('removal')
    .values({ chain, ...mark })
    .onConflict((on) => on.doNothing());
  return (await begun.executeTakeFirstOrThrow()).numInsertedOrUpdatedRows === 1n;
}
