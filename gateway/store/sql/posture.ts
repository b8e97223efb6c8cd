// What workstations told of their posture last: one row each, for those that are enrolled and not revoked; what is told again as it was changes nothing but the time.
import { type RawBuilder, sql } from 'kysely';
import { verdictOf } from '#contract/device.ts';
import { PostureSummary } from '#contract/posture-summary.ts';
import type { WorkstationId } from '#contract/id.ts';
import type { ToldPosture } from '../store.ts';
import type { Db } from '../table.ts';
import { parts } from './part.ts';
import { liveWorkstations } from './workstation.ts';

export async function tellPostures(db: Db, told: readonly ToldPosture[]): Promise<void> {
  const newest = new Map(told.map((one) => [one.workstation, one]));
  if (newest.size === 0) return;
  await db.transaction().execute(async (tx) => {
    const live = await liveWorkstations(tx, [...newest.keys()]);
    const rows = [...newest.values()]
      .filter(({ workstation }) => live.has(workstation))
      .toSorted((a, b) => (a.workstation < b.workstation ? -1 : 1))
      .map(({ workstation, posture, at }) => {
        const verdict = verdictOf(posture);
        const off_policy = verdict === undefined ? null : verdict === 'off-policy' ? 1 : 0;
        return { workstation_id: workstation, body: JSON.stringify(posture), at, changed_at: at, off_policy };
      });
    for (const values of parts(rows))
      await tx
        .insertInto('workstation_posture')
        .values(values)
        .onConflict((on) =>
          on.column('workstation_id').doUpdateSet({
            body: (row) => row.ref('excluded.body'),
            at: (row) => row.ref('excluded.at'),
            off_policy: (row) => row.ref('excluded.off_policy'),
            changed_at: unlessSame('changed_at', sql`excluded.changed_at`),
            looked: unlessSame('looked', sql`0`),
          }),
        )
        .execute();
  });
}

export async function postures(db: Db): Promise<ReadonlyMap<WorkstationId, ToldPosture>> {
  const rows = await db.selectFrom('workstation_posture').selectAll().execute();
  return new Map(
    rows.map(({ workstation_id, body, at }) => [
      workstation_id,
      { workstation: workstation_id, posture: PostureSummary.parse(JSON.parse(body)), at },
    ]),
  );
}

function unlessSame(column: 'changed_at' | 'looked', by: RawBuilder<unknown>): RawBuilder<number> {
  const kept = sql.ref(`workstation_posture.${column}`);
  return sql<number>`case when workstation_posture.body = excluded.body then ${kept} else ${by} end`;
}
