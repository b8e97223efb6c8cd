// Enrolled workstations, and what each of them offers.
import type { Selectable } from 'kysely';
import { PublicKey } from '#contract/enrollment.ts';
import type { Slug, WorkstationId } from '#contract/id.ts';
import { Offer } from '#contract/server.ts';
import type { StoredOffer, Workstation } from '../store.ts';
import type { Db, Tables } from '../table.ts';
import { change, changed, unchanged } from './change.ts';
import { parts } from './part.ts';

export async function workstationsOf(db: Db, ids: readonly WorkstationId[]): Promise<ReadonlyMap<WorkstationId, Workstation>> {
  const found = new Map<WorkstationId, Workstation>();
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const some = ids.slice(at, at + idsAtOnce);
    for (const row of await db.selectFrom('workstation').selectAll().where('id', 'in', some).execute())
      found.set(row.id, workstationOf(row));
  }
  return found;
}

export async function workstations(db: Db): Promise<readonly Workstation[]> {
  return (await db.selectFrom('workstation').selectAll().orderBy('enrolled_at').orderBy('id').execute()).map(workstationOf);
}

export async function liveWorkstations(db: Db, ids: readonly WorkstationId[]): Promise<ReadonlyMap<WorkstationId, Slug>> {
  const live = new Map<WorkstationId, Slug>();
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const rows = await db
      .selectFrom('workstation')
      .select(['id', 'user_slug'])
      .where('id', 'in', ids.slice(at, at + idsAtOnce))
      .where('revoked_at', 'is', null)
      .execute();
    for (const { id, user_slug } of rows) live.set(id, user_slug);
  }
  return live;
}

export async function revokeWorkstation(db: Db, id: WorkstationId, now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const to = tx.updateTable('workstation').set({ revoked_at: now }).where('id', '=', id).where('revoked_at', 'is', null);
    const { numUpdatedRows } = await to.executeTakeFirstOrThrow();
    return numUpdatedRows > 0n ? changed(true, 'beside') : unchanged(false);
  });
}

export async function seenWorkstations(db: Db, ids: readonly WorkstationId[], now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (let at = 0; at < ids.length; at += idsAtOnce)
      await tx
        .updateTable('workstation')
        .set({ last_seen_at: now })
        .where('id', 'in', ids.slice(at, at + idsAtOnce))
        .execute();
  });
}

/** Parameters of one statement, far below what each database takes. */
const idsAtOnce = 500;

export async function replaceOffers(db: Db, id: WorkstationId, offers: readonly Offer[], now: number): Promise<void> {
  const wanted = new Map(offers.map((offer) => [`${offer.server} ${offer.fingerprint}`, { offer, body: JSON.stringify(offer) }]));
  const isStored = (stored: ReadonlyMap<string, Selectable<Tables['offer']>>) =>
    stored.size === wanted.size && [...wanted].every(([key, { body }]) => stored.get(key)?.body === body);
  // Most workstations come back with what they offered before: that takes no turn as a writer.
  if (isStored(await storedOffers(db, id))) return;
  await change(db, async (tx) => {
    const live = tx.selectFrom('workstation').select('id').where('id', '=', id).where('revoked_at', 'is', null);
    if ((await live.executeTakeFirst()) === undefined) return unchanged(undefined);
    const before = await storedOffers(tx, id);
    if (isStored(before)) return unchanged(undefined);
    const rows = [...wanted].map(([key, { offer, body }]) => {
      const old = before.get(key);
      const offered_at = old?.body === body ? old.offered_at : now;
      return { workstation_id: id, server_slug: offer.server, fingerprint: offer.fingerprint, body, offered_at };
    });
    await tx.deleteFrom('offer').where('workstation_id', '=', id).execute();
    for (const values of parts(rows)) await tx.insertInto('offer').values(values).execute();
    return changed(undefined, 'offers');
  });
}

async function storedOffers(db: Db, id: WorkstationId): Promise<ReadonlyMap<string, Selectable<Tables['offer']>>> {
  const rows = await db.selectFrom('offer').selectAll().where('workstation_id', '=', id).execute();
  return new Map(rows.map((row) => [`${row.server_slug} ${row.fingerprint}`, row]));
}

export async function offers(db: Db): Promise<readonly StoredOffer[]> {
  const rows = await db.selectFrom('offer').selectAll().execute();
  return rows
    .map((row) => ({ ...Offer.parse(JSON.parse(row.body)), workstation: row.workstation_id, offeredAt: row.offered_at }))
    .toSorted(
      (a, b) => compare(a.workstation, b.workstation) || compare(a.server, b.server) || compare(a.fingerprint, b.fingerprint),
    );
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function workstationOf(row: Selectable<Tables['workstation']>): Workstation {
  return {
    id: row.id,
    user: row.user_slug,
    publicKey: PublicKey.parse(JSON.parse(row.public_key)),
    thumbprint: row.thumbprint,
    hostname: row.hostname,
    osUser: row.os_user,
    platform: row.platform,
    enrolledAt: row.enrolled_at,
    revokedAt: row.revoked_at,
    lastSeenAt: row.last_seen_at,
  };
}
