// What an administrator decided about a local server's command, by its fingerprint. The last decision holds.
import type { Fingerprint, Slug } from '#contract/id.ts';
import type { Verdict } from '#contract/server.ts';
import type { Approval } from '../store.ts';
import type { Db } from '../table.ts';
import { change, changed } from './change.ts';

export async function approvals(db: Db): Promise<readonly Approval[]> {
  const rows = await db.selectFrom('approval').selectAll().orderBy('decided_at').execute();
  return rows.map(({ server_slug, fingerprint, decision, decided_at, reason }) => ({
    server: server_slug,
    fingerprint,
    decision,
    decidedAt: decided_at,
    reason,
  }));
}

export async function decide(
  db: Db,
  server: Slug,
  fingerprint: Fingerprint,
  decision: Verdict['decision'],
  reason: string | null,
  now: number,
): Promise<void> {
  await change(db, async (tx) => {
    const row = { decision, reason, decided_at: now };
    await tx
      .insertInto('approval')
      .values({ server_slug: server, fingerprint, ...row })
      .onConflict((conflict) => conflict.columns(['server_slug', 'fingerprint']).doUpdateSet(row))
      .execute();
    return changed(undefined, 'approvals');
  });
}
