// Hosts that were seen, and what was decided of them. Sightings of a host that nobody decided of are forgotten half a year after the last one.
import type { Selectable } from 'kysely';
import type { HostSighting, SeenHost } from '../store.ts';
import type { Db, Tables } from '../table.ts';
import { change, changed, unchanged } from './change.ts';

const forgetAfterMs = 180 * 86_400_000;

export async function sawHosts(db: Db, sightings: readonly HostSighting[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const { id, title, user, gateway, at } of sightings) {
      const last = { last_user: user, last_gateway: gateway, last_at: at };
      const first = { first_user: user, first_gateway: gateway, first_at: at };
      await tx
        .insertInto('host')
        .values({ id, title: title ?? null, state: 'seen', ...first, ...last, decided_at: null })
        .onConflict((on) => on.column('id').doUpdateSet({ ...last, ...(title === undefined ? {} : { title }) }))
        .execute();
      await tx.updateTable('host').set(first).where('id', '=', id).where('first_at', 'is', null).execute();
    }
    const newest = Math.max(...sightings.map(({ at }) => at));
    await tx
      .deleteFrom('host')
      .where('state', '=', 'seen')
      .where('last_at', '<', newest - forgetAfterMs)
      .execute();
  });
}

export async function hosts(db: Db): Promise<readonly SeenHost[]> {
  const rows = await db.selectFrom('host').selectAll().execute();
  return rows.map(hostOf).toSorted((a, b) => (b.last?.at ?? 0) - (a.last?.at ?? 0) || (a.id < b.id ? -1 : 1));
}

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
    return changed(true);
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
