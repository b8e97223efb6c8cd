// Hosts that were seen, and what was decided of them. Sightings of a host that nobody decided of are forgotten half a year after the last one, and so is each of its
// uses by a person at a gateway.
import { sql, type Selectable } from 'kysely';
import type { HostSighting, HostUse, SeenHost } from '../store.ts';
import type { Db, Tables } from '../table.ts';
import { change, changed, unchanged } from './change.ts';
import { parts } from './part.ts';

const forgetAfterMs = 180 * 86_400_000;

export async function sawHosts(db: Db, sightings: readonly HostSighting[]): Promise<void> {
  if (sightings.length === 0) return;
  await db.transaction().execute(async (tx) => {
    for (const { id, title, user, gateway, at } of newestOf(sightings, ({ id }) => id)) {
      const last = { last_user: user, last_gateway: gateway, last_at: at };
      const first = { first_user: user, first_gateway: gateway, first_at: at };
      await tx
        .insertInto('host')
        .values({ id, title: title ?? null, state: 'seen', ...first, ...last, decided_at: null })
        .onConflict((on) => on.column('id').doUpdateSet({ ...last, ...(title === undefined ? {} : { title }) }))
        .execute();
      await tx.updateTable('host').set(first).where('id', '=', id).where('first_at', 'is', null).execute();
    }
    await addUses(tx, sightings);
    const before = Math.max(...sightings.map(({ at }) => at)) - forgetAfterMs;
    await tx.deleteFrom('host').where('state', '=', 'seen').where('last_at', '<', before).execute();
    await tx.deleteFrom('host_use').where('last_at', '<', before).execute();
  });
}

async function addUses(tx: Db, sightings: readonly HostSighting[]): Promise<void> {
  const uses = newestOf(sightings, ({ id, user, gateway }) => JSON.stringify([id, user, gateway]));
  const rows = uses.map(({ id, user, gateway, at }) => ({
    host_id: id,
    user_slug: user,
    gateway_slug: gateway,
    first_at: at,
    last_at: at,
    minutes: 1,
  }));
  for (const values of parts(rows))
    await tx
      .insertInto('host_use')
      .values(values)
      .onConflict((on) =>
        on.columns(['host_id', 'user_slug', 'gateway_slug']).doUpdateSet({
          last_at: (row) => row.ref('excluded.last_at'),
          minutes: sql`host_use.minutes + case when excluded.last_at / 60000 > host_use.last_at / 60000 then 1 else 0 end`,
        }),
      )
      .execute();
}

/** The newest sighting of each key, in the order of the keys: two gateway servers that write the same rows take them in the same order. */
function newestOf(sightings: readonly HostSighting[], keyOf: (one: HostSighting) => string): readonly HostSighting[] {
  const newest = new Map<string, HostSighting>();
  for (const one of sightings) {
    const key = keyOf(one);
    if ((newest.get(key)?.at ?? 0) <= one.at) newest.set(key, one);
  }
  return [...newest].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

export async function hosts(db: Db): Promise<readonly SeenHost[]> {
  const rows = await db.selectFrom('host').selectAll().execute();
  return rows.map(hostOf).toSorted((a, b) => (b.last?.at ?? 0) - (a.last?.at ?? 0) || (a.id < b.id ? -1 : 1));
}

export async function hostUses(db: Db, id: string): Promise<readonly HostUse[]> {
  const rows = await db.selectFrom('host_use').selectAll().where('host_id', '=', id).execute();
  return rows
    .map(({ user_slug, gateway_slug, first_at, last_at, minutes }) => ({
      user: user_slug,
      gateway: gateway_slug,
      firstAt: first_at,
      lastAt: last_at,
      minutes,
    }))
    .toSorted((a, b) => b.lastAt - a.lastAt || compare(a.user, b.user) || compare(a.gateway, b.gateway));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export async function decidedHosts(db: Db): Promise<readonly Pick<SeenHost, 'id' | 'state'>[]> {
  return await db.selectFrom('host').select(['id', 'state']).where('state', '!=', 'seen').execute();
}

export async function decideHost(db: Db, id: string, state: 'allowed' | 'blocked', now: number): Promise<boolean> {
  return await change(db, async (tx) => {
    const known = await tx.selectFrom('host').select('state').where('id', '=', id).executeTakeFirst();
    if (known?.state === state) return unchanged(false);
    const unseen = { title: null, first_user: null, first_gateway: null, first_at: null, last_user: null, last_gateway: null };
    await tx
      .insertInto('host')
      .values({ id, state, decided_at: now, last_at: null, ...unseen })
      .onConflict((on) => on.column('id').doUpdateSet({ state, decided_at: now }))
      .execute();
    return changed(true, 'hosts');
  });
}

function hostOf(row: Selectable<Tables['host']>): SeenHost {
  const use = (user: typeof row.last_user, gateway: typeof row.last_gateway, at: number | null) =>
    user === null || gateway === null || at === null ? undefined : { user, gateway, at };
  return {
    id: row.id,
    title: row.title ?? undefined,
    state: row.state,
    first: use(row.first_user, row.first_gateway, row.first_at),
    last: use(row.last_user, row.last_gateway, row.last_at),
    decidedAt: row.decided_at ?? undefined,
  };
}
