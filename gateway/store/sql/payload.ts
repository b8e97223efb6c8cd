// Captured payloads and their data keys. The rule: how long they are kept is what the policy says at this moment, so that one that is shortened counts for what is there.
import { payloadDays, PolicyRetention, retentionCutoff } from '#contract/retention.ts';
import type { RecordId } from '#contract/id.ts';
import type { SealedPayload } from '#contract/payload.ts';
import { guarded } from '../failure.ts';
import type { PayloadKey, PayloadStore, StoredPayload } from '../payload.ts';
import type { ChainedPayload, ChainedRecord } from '../store.ts';
import type { Db } from '../table.ts';
import { change, changed, readAtOnce, unchanged } from './change.ts';
import { parts } from './part.ts';
import { idOf } from './place.ts';
import { recordAt } from './record.ts';

export function payloadOf(db: Db): PayloadStore {
  return {
    addKey: guarded((key) => addPayloadKey(db, key)),
    keys: guarded(() => payloadKeys(db)),
    resealKeys: guarded((changes) => resealPayloadKeys(db, changes)),
    of: guarded((record, now) => payloadsOf(db, record, now)),
    page: guarded((after, limit, now) => payloadPage(db, after, limit, now)),
    there: guarded((records) => payloadsThere(db, records)),
    removeExpired: guarded((now, limit) => removeExpiredPayloads(db, now, limit)),
    removeKeys: guarded((madeBefore) => removePayloadKeys(db, madeBefore)),
  };
}

/** In the transaction of their records. */
export async function addPayloads(tx: Db, chain: number, payloads: readonly ChainedPayload[]): Promise<void> {
  const rows = payloads.map(({ record, direction, seq, key, sealed, at }) => ({
    ...{ record_id: record, direction, key_id: key, sealed, at },
    place: idOf(chain, seq),
  }));
  for (const values of parts(rows)) await tx.insertInto('payload').values(values).execute();
}

async function addPayloadKey(db: Db, { id, sealed, madeAt }: PayloadKey): Promise<void> {
  await db.insertInto('payload_key').values({ id, sealed, made_at: madeAt }).execute();
}

async function payloadKeys(db: Db): Promise<readonly PayloadKey[]> {
  const rows = await db.selectFrom('payload_key').selectAll().orderBy('made_at').orderBy('id').execute();
  return rows.map(({ id, sealed, made_at: madeAt }) => ({ id, sealed, madeAt }));
}

async function resealPayloadKeys(
  db: Db,
  changes: readonly { readonly id: string; readonly before: string; readonly after: string }[],
): Promise<number> {
  return await change(db, async (tx) => {
    let done = 0;
    for (const { id, before, after } of changes) {
      const set = tx.updateTable('payload_key').set({ sealed: after }).where('id', '=', id).where('sealed', '=', before);
      done += Number((await set.executeTakeFirstOrThrow()).numUpdatedRows);
    }
    return done > 0 ? changed(done) : unchanged(done);
  });
}

async function payloadsOf(
  db: Db,
  id: RecordId,
  now: number,
): Promise<{ payloads: readonly SealedPayload[]; record: ChainedRecord | undefined }> {
  return await readAtOnce(db, async (tx) => {
    const found = tx.selectFrom('payload').selectAll().where('record_id', '=', id);
    const rows = await found
      .where('at', '>=', await cutoff(tx, now))
      .orderBy('direction')
      .execute();
    const [first] = rows;
    return {
      payloads: rows.map(({ record_id: record, key_id: key, direction, sealed, at }) => ({ record, direction, key, sealed, at })),
      record: first && (await recordAt(tx, first.place)),
    };
  });
}

async function payloadPage(
  db: Db,
  after: Pick<SealedPayload, 'record' | 'direction'> | undefined,
  limit: number,
  now: number,
): Promise<readonly StoredPayload[]> {
  return await readAtOnce(db, async (tx) => {
    const from = await cutoff(tx, now);
    const all = tx.selectFrom('payload').selectAll().where('at', '>=', from);
    const rest =
      after &&
      all.where((is) =>
        is.or([
          is('record_id', '>', after.record),
          is.and([is('record_id', '=', after.record), is('direction', '>', after.direction)]),
        ]),
      );
    const rows = await (rest ?? all).orderBy('record_id').orderBy('direction').limit(limit).execute();
    const found: StoredPayload[] = [];
    for (const { record_id: record, key_id: key, direction, sealed, at, place } of rows)
      found.push({ payload: { record, direction, key, sealed, at }, record: await recordAt(tx, place) });
    return found;
  });
}

async function payloadsThere(db: Db, records: readonly RecordId[]): Promise<ReadonlyMap<string, number>> {
  const there = new Map<string, number>();
  for (const some of parts(records)) {
    const of = db.selectFrom('payload').select(['record_id', 'direction', 'at']).where('record_id', 'in', some);
    for (const { record_id, direction, at } of await of.execute()) there.set(`${record_id}/${direction}`, at);
  }
  return there;
}

async function removeExpiredPayloads(db: Db, now: number, limit: number): Promise<number> {
  const before = await cutoff(db, now);
  const oldest = await db
    .selectFrom('payload')
    .select(['record_id', 'direction'])
    .where('at', '<', before)
    .orderBy('at')
    .limit(limit)
    .execute();
  if (oldest.length === 0) return 0;
  return await db.transaction().execute(async (tx) => {
    let removed = 0;
    for (const { record_id, direction } of oldest) {
      const one = tx.deleteFrom('payload').where('record_id', '=', record_id).where('direction', '=', direction);
      removed += Number((await one.executeTakeFirstOrThrow()).numDeletedRows);
    }
    return removed;
  });
}

async function removePayloadKeys(db: Db, madeBefore: number): Promise<number> {
  const unused = db
    .deleteFrom('payload_key')
    .where('made_at', '<', madeBefore)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('payload').select('key_id').whereRef('payload.key_id', '=', 'payload_key.id'))),
    );
  return Number((await unused.executeTakeFirstOrThrow()).numDeletedRows);
}

/** What was captured before that has kept its time. */
async function cutoff(db: Db, now: number): Promise<number> {
  const row = await db.selectFrom('policy_setting').select('value').where('name', '=', 'retention').executeTakeFirst();
  const retention = row && PolicyRetention.parse(JSON.parse(row.value));
  return retentionCutoff(payloadDays(retention), now);
}
