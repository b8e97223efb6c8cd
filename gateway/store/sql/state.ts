// The organization's id and the revision.
import { OrganizationId, newId } from '#contract/id.ts';
import type { Db } from '../table.ts';
import { change, changed, unchanged } from './change.ts';

export async function organization(db: Db): Promise<OrganizationId> {
  const { organization } = await db.selectFrom('state').select('organization').executeTakeFirstOrThrow();
  if (organization !== null) return organization;
  return await change(db, async (tx) => {
    const now = await tx.selectFrom('state').select('organization').executeTakeFirstOrThrow();
    if (now.organization !== null) return unchanged(now.organization);
    const made = OrganizationId.parse(newId());
    await tx.updateTable('state').set({ organization: made }).execute();
    return changed(made, 'beside');
  });
}

/** Compiled once. */
export function revisionOf(db: Db): () => Promise<number> {
  const query = db.selectFrom('state').select('revision').compile();
  return async () => {
    const [state] = (await db.executeQuery(query)).rows;
    if (state === undefined) throw new Error('the store has no state');
    return state.revision;
  };
}
