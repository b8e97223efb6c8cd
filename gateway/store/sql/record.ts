// Reading the audit records: by chain in order, and the newest over all chains. Writing them is the engine's (engine.ts).
import type { Selectable } from 'kysely';
import { lastHash } from '../run.ts';
import type { ChainedRecord, KeptTexts, Seal, SealedRecord } from '../store.ts';
import type { Db, Tables } from '../table.ts';
import { readAtOnce } from './change.ts';
import { idOf, numberOf, seqOf } from './place.ts';
import { newestOf, recordsAt, recordsFrom, recordsOfRows, unsealed } from './run.ts';

type Row = Selectable<Tables['record']>;

export async function chainHead(db: Db, chain: string): Promise<{ record: ChainedRecord; seal: Seal } | undefined> {
  return await readAtOnce(db, async (tx) => {
    const records = await rowsOf(tx, chain);
    const last = await records?.orderBy('id', 'desc').limit(1).executeTakeFirst();
    const record = last && (await recordsOfRows(tx, chain, [last])).map(unsealed).at(-1);
    const sealed = await records?.where('mac', 'is not', null).orderBy('id', 'desc').limit(1).executeTakeFirst();
    const [seal] = sealed ? sealOf(chain, sealed) : [];
    return record === undefined || seal === undefined ? undefined : { record, seal };
  });
}

export async function chains(db: Db): Promise<readonly string[]> {
  const found = await db.selectFrom('chain').select('name').execute();
  return found.map(({ name }) => name).toSorted();
}

export async function recordsAfter(db: Db, chain: string, seq: number, limit: number): Promise<readonly ChainedRecord[]> {
  return (await sealedAfter(db, chain, seq, limit)).map(unsealed);
}

/** With the texts that they share as they are at that moment. */
export async function sealedAfter(
  db: Db,
  chain: string,
  seq: number,
  limit: number,
  texts?: KeptTexts,
): Promise<readonly SealedRecord[]> {
  return await readAtOnce(db, (tx) => recordsFrom(tx, chain, seq, limit, texts));
}

export async function sealsAfter(db: Db, chain: string, seq: number, limit: number): Promise<readonly Seal[]> {
  const rows = await (await rowsOf(db, chain, seq))?.where('mac', 'is not', null).orderBy('id').limit(limit).execute();
  return rows?.flatMap((row) => sealOf(chain, row)) ?? [];
}

export async function newestRecords(db: Db, limit: number): Promise<readonly ChainedRecord[]> {
  const newest = await readAtOnce(db, async (tx) => {
    const found: SealedRecord[] = [];
    for (const chain of await chains(tx)) found.push(...(await newestOf(tx, chain, limit)));
    return found.map(unsealed);
  });
  return newest.toSorted((a, b) => b.at - a.at || b.seq - a.seq).slice(0, limit);
}

/** The record with that key; undefined where it is gone. */
export async function recordAt(db: Db, id: number): Promise<ChainedRecord | undefined> {
  const found = (await recordsAt(db, [id])).get(id);
  return found && unsealed(found);
}

/** The rows of a chain after one of its records; undefined where there is no such chain. */
async function rowsOf(db: Db, chain: string, seq = 0) {
  const number = await numberOf(db, chain);
  if (number === undefined) return undefined;
  return db
    .selectFrom('record')
    .selectAll()
    .where('id', '>', idOf(number, seq))
    .where('id', '<', idOf(number + 1, 0));
}

function sealOf(chain: string, { id, after, mac, ...row }: Row): readonly Seal[] {
  return after === null || mac === null ? [] : [{ chain, after, seq: seqOf(id), hash: lastHash(row), mac }];
}
