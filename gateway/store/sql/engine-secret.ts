// The secrets of engines. The rule: whoever has no engine in the policy has no secret either.
import type { Selectable } from 'kysely';
import type { EngineSecret, EngineSecretStore } from '../engine-secret.ts';
import { guarded } from '../failure.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { change, changed, unchanged } from './change.ts';

export function engineSecretOf(db: Db): EngineSecretStore {
  return {
    all: guarded(async () => (await db.selectFrom('engine_secret').selectAll().orderBy('engine_slug').execute()).map(secretOf)),
    of: guarded(async (engine) => {
      const row = await db.selectFrom('engine_secret').selectAll().where('engine_slug', '=', engine).executeTakeFirst();
      return row && secretOf(row);
    }),
    set: guarded((secret) => setSecret(db, secret)),
    remove: guarded((engine) =>
      change(db, async (tx) => {
        const gone = tx.deleteFrom('engine_secret').where('engine_slug', '=', engine);
        return (await gone.executeTakeFirstOrThrow()).numDeletedRows > 0n ? changed(true, 'beside') : unchanged(false);
      }),
    ),
    reseal: guarded((engine, before, after) =>
      change(db, async (tx) => {
        const again = tx.updateTable('engine_secret').set({ sealed: after }).where('engine_slug', '=', engine);
        const done = Number((await again.where('sealed', '=', before).executeTakeFirstOrThrow()).numUpdatedRows);
        return done > 0 ? changed(done, 'beside') : unchanged(done);
      }),
    ),
  };
}

async function setSecret(db: Db, { engine, header, origin, sealed, setAt, setBy }: EngineSecret): Promise<boolean> {
  return await change(db, async (tx) => {
    if (!(await tx.selectFrom('engine').select('slug').where('slug', '=', engine).executeTakeFirst())) return unchanged(false);
    const set = { header, origin, sealed, set_at: setAt, set_by: setBy };
    await tx
      .insertInto('engine_secret')
      .values({ engine_slug: engine, ...set })
      .onConflict((on) => on.column('engine_slug').doUpdateSet(set))
      .execute();
    return changed(true, 'beside');
  });
}

/** After a change of the policy: the secrets of engines that are gone go. */
export async function settleEngines(tx: Tx): Promise<void> {
  await tx.deleteFrom('engine_secret').where('engine_slug', 'not in', tx.selectFrom('engine').select('slug')).execute();
}

function secretOf({
  engine_slug: engine,
  header,
  origin,
  sealed,
  set_at,
  set_by,
}: Selectable<Tables['engine_secret']>): EngineSecret {
  return { engine, header, origin, sealed, setAt: set_at, setBy: set_by };
}
