// Sinks: what the policy says of them, how far each has come, and their sealed secrets. A sink that is new begins where the chains end at that moment.
import type { Selectable } from 'kysely';
import { type SinkId, Slug } from '#contract/id.ts';
import { PolicySink } from '#contract/sink.ts';
import type { Cursors, ParkedRecord, SinkProgress, SinkSecret, SinkStanding, StoredSink } from '../sink.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { change, changed, readAtOnce, unchanged } from './change.ts';
import { parts } from './part.ts';
import { idOf, seqOf } from './place.ts';
import { removal } from './removal.ts';

export async function sinks(db: Db): Promise<readonly StoredSink[]> {
  return (await db.selectFrom('sink').selectAll().execute()).map(sinkOf).toSorted((a, b) => (a.slug < b.slug ? -1 : 1));
}

export async function standing(db: Db): Promise<readonly SinkStanding[]> {
  return await readAtOnce(db, async (tx) => {
    const all = await sinks(tx);
    if (all.length === 0) return [];
    const heads = await chainHeads(tx);
    const states = new Map((await tx.selectFrom('sink_state').selectAll().execute()).map((row) => [row.sink_id, row]));
    const cursors = Map.groupBy(await tx.selectFrom('sink_cursor').selectAll().execute(), (row) => row.sink_id);
    const secrets = Map.groupBy(await tx.selectFrom('sink_secret').selectAll().execute(), (row) => row.sink_id);
    const set = tx.selectFrom('sink_parked').select(['sink_id', (of) => of.fn.countAll<number | bigint | string>().as('count')]);
    const parked = new Map((await set.groupBy('sink_id').execute()).map((row) => [row.sink_id, Number(row.count)]));
    const found: SinkStanding[] = [];
    for (const sink of all) {
      const at = new Map((cursors.get(sink.id) ?? []).map(({ chain, seq }) => [chain, seq]));
      const state = states.get(sink.id);
      found.push({
        ...sink,
        ...(await owing(tx, heads, at)),
        cursors: at,
        sent: state?.sent ?? 0,
        rejected: state?.rejected ?? 0,
        skipped: state?.skipped ?? 0,
        parked: parked.get(sink.id) ?? 0,
        deliveredAt: state?.delivered_at ?? null,
        failingSince: state?.failing_since ?? null,
        lastError: state?.last_error ?? null,
        lastErrorAt: state?.last_error_at ?? null,
        secrets: (secrets.get(sink.id) ?? []).map(({ name, origin, set_at }) => ({ name, origin, setAt: set_at })),
      });
    }
    return found;
  });
}

export async function leaseSink(db: Db, sink: SinkId, holder: string, now: number, until: number): Promise<Cursors | undefined> {
  return await db.transaction().execute(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('sink_state')
      .set({ holder, lease_until: until })
      .where('sink_id', '=', sink)
      .where((is) => is.or([is('holder', 'is', null), is('holder', '=', holder), is('lease_until', '<=', now)]))
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return undefined;
    const rows = await tx.selectFrom('sink_cursor').selectAll().where('sink_id', '=', sink).execute();
    return new Map(rows.map(({ chain, seq }) => [chain, seq]));
  });
}

export async function reportSink(db: Db, sink: SinkId, holder: string, progress: SinkProgress): Promise<boolean> {
  const { cursors, sent, rejected, skipped, parked, error, complaint, at } = progress;
  return await db.transaction().execute(async (tx) => {
    const words = error ?? complaint;
    const { numUpdatedRows } = await tx
      .updateTable('sink_state')
      .set((row) => ({
        sent: row('sent', '+', sent),
        rejected: row('rejected', '+', rejected),
        skipped: row('skipped', '+', skipped),
        ...(sent > 0 ? { delivered_at: at } : {}),
        ...(words === null ? {} : { last_error: words, last_error_at: at }),
        // What is only passed over says nothing of how it goes.
        ...(error === null && sent === 0
          ? {}
          : { failing_since: error === null ? null : row.fn.coalesce('failing_since', row.val(at)) }),
      }))
      .where('sink_id', '=', sink)
      .where('holder', '=', holder)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return false;
    for (const [chain, seq] of cursors)
      await tx
        .insertInto('sink_cursor')
        .values({ sink_id: sink, chain, seq })
        .onConflict((on) => on.columns(['sink_id', 'chain']).doUpdateSet({ seq }))
        .execute();
    for (const values of parts(parked.map((one) => ({ ...one, sink_id: sink, at }))))
      await tx
        .insertInto('sink_parked')
        .values(values)
        .onConflict((on) => on.columns(['sink_id', 'chain', 'seq']).doNothing())
        .execute();
    return true;
  });
}

export async function releaseSink(db: Db, sink: SinkId, holder: string): Promise<void> {
  const held = db.updateTable('sink_state').set({ holder: null }).where('sink_id', '=', sink);
  await held.where('holder', '=', holder).execute();
}

export async function parkedRecords(db: Db, sink: SinkId): Promise<readonly ParkedRecord[]> {
  const rows = db.selectFrom('sink_parked').select(['chain', 'seq', 'reason']).where('sink_id', '=', sink);
  return await rows.orderBy('chain').orderBy('seq').execute();
}

export async function unpark(db: Db, sink: SinkId, records: readonly Pick<ParkedRecord, 'chain' | 'seq'>[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const { chain, seq } of records)
      await tx.deleteFrom('sink_parked').where('sink_id', '=', sink).where('chain', '=', chain).where('seq', '=', seq).execute();
  });
}

export async function sinkSecrets(db: Db): Promise<readonly SinkSecret[]> {
  const rows = await db.selectFrom('sink_secret').selectAll().orderBy('sink_id').orderBy('name').execute();
  return rows.map(({ sink_id: sink, name, origin, sealed, set_at: setAt }) => ({ sink, name, origin, sealed, setAt }));
}

export async function setSinkSecret(db: Db, { sink, name, origin, sealed, setAt }: SinkSecret): Promise<boolean> {
  return await change(db, async (tx) => {
    if (!(await tx.selectFrom('sink').select('id').where('id', '=', sink).executeTakeFirst())) return unchanged(false);
    const set = { origin, sealed, set_at: setAt };
    await tx
      .insertInto('sink_secret')
      .values({ sink_id: sink, name, ...set })
      .onConflict((on) => on.columns(['sink_id', 'name']).doUpdateSet(set))
      .execute();
    return changed(true, 'beside');
  });
}

export async function resealSinkSecrets(
  db: Db,
  changes: readonly (Pick<SinkSecret, 'sink' | 'name'> & { readonly before: string; readonly after: string })[],
): Promise<number> {
  return await change(db, async (tx) => {
    let done = 0;
    for (const { sink, name, before, after } of changes) {
      const set = tx.updateTable('sink_secret').set({ sealed: after }).where('sink_id', '=', sink).where('name', '=', name);
      done += Number((await set.where('sealed', '=', before).executeTakeFirstOrThrow()).numUpdatedRows);
    }
    return done > 0 ? changed(done, 'beside') : unchanged(done);
  });
}

/** After a change of the policy: what belonged to sinks that are gone goes, and those that are new owe what is committed from now on. */
export async function settleSinks(tx: Tx): Promise<void> {
  const known = tx.selectFrom('sink').select('id');
  for (const table of ['sink_secret', 'sink_cursor', 'sink_state', 'sink_parked'] as const)
    await tx.deleteFrom(table).where('sink_id', 'not in', known).execute();
  const begun = tx.selectFrom('sink_state').select('sink_id');
  const fresh = await tx.selectFrom('sink').select('id').where('id', 'not in', begun).execute();
  if (fresh.length === 0) return;
  const heads = await chainHeads(tx);
  for (const { id: sink_id } of fresh) {
    const none = { holder: null, delivered_at: null, failing_since: null, last_error: null, last_error_at: null };
    await tx
      .insertInto('sink_state')
      .values({ sink_id, lease_until: 0, sent: 0, rejected: 0, skipped: 0, ...none })
      .execute();
    for (const { chain, seq } of heads) await tx.insertInto('sink_cursor').values({ sink_id, chain, seq }).execute();
  }
}

interface ChainHead {
  readonly chain: string;
  readonly number: number;
  readonly seq: number;
}

async function chainHeads(db: Db): Promise<readonly ChainHead[]> {
  const heads: ChainHead[] = [];
  for (const { number, name } of await db.selectFrom('chain').selectAll().orderBy('number').execute()) {
    const newest = db
      .selectFrom('record')
      .select('id')
      .where('id', '<', idOf(number + 1, 0))
      .where('id', '>', idOf(number, 0));
    const last = await newest.orderBy('id', 'desc').limit(1).executeTakeFirst();
    heads.push({ chain: name, number, seq: last === undefined ? ((await removal(db, name))?.seq ?? 0) : seqOf(last.id) });
  }
  return heads;
}

async function owing(db: Db, heads: readonly ChainHead[], cursors: Cursors): Promise<Pick<SinkStanding, 'owed' | 'oldestAt'>> {
  let owed = 0;
  let oldestAt: number | null = null;
  for (const { chain, number, seq } of heads) {
    const behind = seq - (cursors.get(chain) ?? 0);
    if (behind <= 0) continue;
    owed += behind;
    const first = db
      .selectFrom('record')
      .select('at')
      .where('id', '>', idOf(number, cursors.get(chain) ?? 0));
    const oldest = await first
      .where('id', '<', idOf(number + 1, 0))
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
    if (oldest) oldestAt = Math.min(oldestAt ?? oldest.at, oldest.at);
  }
  return { owed, oldestAt };
}

function sinkOf({ id, slug, body }: Selectable<Tables['sink']>): StoredSink {
  return { id, slug: Slug.parse(slug), config: PolicySink.parse(JSON.parse(body)) };
}
