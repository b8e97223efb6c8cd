// Reading the audit records: by chain in order, and the newest over all chains. Writing them is the engine's (engine.ts).
import type { Selectable } from 'kysely';
import type { ChainedRecord, Seal, SealedRecord } from '../store.ts';
import type { Db, Tables } from '../table.ts';
import { readAtOnce } from './change.ts';
import { chainNumberOf, idOf, numberOf, seqOf } from './place.ts';

type Row = Selectable<Tables['record']>;

export async function chainHead(db: Db, chain: string): Promise<{ record: ChainedRecord; seal: Seal } | undefined> {
  return await readAtOnce(db, async (tx) => {
    const records = await rowsOf(tx, chain);
    const record = await records?.orderBy('id', 'desc').limit(1).executeTakeFirst();
    const sealed = await records?.where('mac', 'is not', null).orderBy('id', 'desc').limit(1).executeTakeFirst();
    const [seal] = sealed ? sealOf(chain, sealed) : [];
    return record === undefined || seal === undefined ? undefined : { record: recordOf(chain, record), seal };
  });
}

export async function chains(db: Db): Promise<readonly string[]> {
  const found = await db.selectFrom('chain').select('name').execute();
  return found.map(({ name }) => name).toSorted();
}

export async function recordsAfter(db: Db, chain: string, seq: number, limit: number): Promise<readonly ChainedRecord[]> {
  const rows = await (await rowsOf(db, chain, seq))?.orderBy('id').limit(limit).execute();
  return rows?.map((row) => recordOf(chain, row)) ?? [];
}

export async function sealsAfter(db: Db, chain: string, seq: number, limit: number): Promise<readonly Seal[]> {
  const rows = await (await rowsOf(db, chain, seq))?.where('mac', 'is not', null).orderBy('id').limit(limit).execute();
  return rows?.flatMap((row) => sealOf(chain, row)) ?? [];
}

export async function sealedAfter(db: Db, chain: string, seq: number, limit: number): Promise<readonly SealedRecord[]> {
  const rows = await (await rowsOf(db, chain, seq))?.orderBy('id').limit(limit).execute();
  return (
    rows?.map(({ id, at, body, hash, after, mac }) => {
      const seal = after === null || mac === null ? undefined : { after, mac };
      return { chain, seq: seqOf(id), at, body, hash, seal };
    }) ?? []
  );
}

export async function newestRecords(db: Db, limit: number): Promise<readonly ChainedRecord[]> {
  const newest: ChainedRecord[] = [];
  for (const chain of await chains(db)) {
    const rows = await (await rowsOf(db, chain))?.orderBy('id', 'desc').limit(limit).execute();
    newest.push(...(rows?.map((row) => recordOf(chain, row)) ?? []));
  }
  return newest.toSorted((a, b) => b.at - a.at || b.seq - a.seq).slice(0, limit);
}

/** The record in one row of the table; undefined where it is gone. */
export async function recordAt(db: Db, id: number): Promise<ChainedRecord | undefined> {
  const row = await db.selectFrom('record').selectAll().where('id', '=', id).executeTakeFirst();
  const chain = await db.selectFrom('chain').select('name').where('number', '=', chainNumberOf(id)).executeTakeFirst();
  return row && chain && recordOf(chain.name, row);
}

/** The records of a chain after one of them; undefined where there is no such chain. */
async function rowsOf(db: Db, chain: string, seq = 0) {
  const number = await numberOf(db, chain);
  if (number === undefined) return undefined;
  return db
    .selectFrom('record')
    .selectAll()
    .where('id', '>', idOf(number, seq))
    .where('id', '<', idOf(number + 1, 0));
}

function recordOf(chain: string, { id, at, body, hash }: Row): ChainedRecord {
  return { chain, seq: seqOf(id), at, body, hash };
}

function sealOf(chain: string, { id, hash, after, mac }: Row): readonly Seal[] {
  return after === null || mac === null ? [] : [{ chain, after, seq: seqOf(id), hash, mac }];
}
