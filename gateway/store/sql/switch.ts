// What is switched off. Those whose time has come stay a while: whoever reads them compares the time by their own clock.
import type { Selectable } from 'kysely';
import { isOff, type Switch, type SwitchTarget } from '#contract/switch.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { change, changed, unchanged } from './change.ts';

const forgetAfterMs = 30 * 86_400_000;

export async function switches(db: Db): Promise<readonly Switch[]> {
  const rows = await db.selectFrom('switch').selectAll().orderBy('since').orderBy('kind').orderBy('name').execute();
  return rows.map(switchOf);
}

export async function switchOff(db: Db, off: Switch): Promise<void> {
  await change(db, async (tx) => {
    await tx
      .deleteFrom('switch')
      .where('until', '<', off.since - forgetAfterMs)
      .execute();
    await putSwitch(tx, rowOf(off));
    return changed(undefined, 'beside');
  });
}

export async function switchOn(db: Db, { kind, name }: SwitchTarget): Promise<boolean> {
  return await change(db, async (tx) => {
    const { numDeletedRows } = await tx.deleteFrom('switch').where('kind', '=', kind).where('name', '=', name).executeTakeFirst();
    return numDeletedRows > 0n ? changed(true, 'beside') : unchanged(false);
  });
}

/** Of an older state: what was off then and is not now is off again; what is off now stays as it is. How many came back. */
export async function mergeSwitches(tx: Tx, older: Db, now: number): Promise<number> {
  const rows = await older.selectFrom('switch').selectAll().execute();
  const live = await tx.selectFrom('switch').select(['kind', 'name', 'until']).execute();
  const known = new Set(live.filter((row) => isOff(row, now)).map(keyOf));
  const missing = rows.filter((row) => isOff(row, now) && !known.has(keyOf(row)));
  for (const row of missing) await putSwitch(tx, row);
  return missing.length;
}

async function putSwitch(tx: Tx, row: Selectable<Tables['switch']>): Promise<void> {
  const { kind, name, ...said } = row;
  await tx
    .insertInto('switch')
    .values({ kind, name, ...said })
    .onConflict((on) => on.columns(['kind', 'name']).doUpdateSet(said))
    .execute();
}

function keyOf({ kind, name }: Pick<Selectable<Tables['switch']>, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}

function rowOf({ kind, name, reason, isTold, since, until, by, owner }: Switch): Selectable<Tables['switch']> {
  return { kind, name, reason, told: isTold ? 1 : 0, since, until, made_by: by, owner };
}

function switchOf({ told, made_by, ...row }: Selectable<Tables['switch']>): Switch {
  return { ...row, isTold: told === 1, by: made_by };
}
