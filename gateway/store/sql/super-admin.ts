// Somebody has to be able to do everything. The rule: whatever makes, changes or removes people goes through here, and the last super admin stays.
import { superAdmin } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import type { Db, Tx } from '../table.ts';
import { change, type Changed } from './change.ts';

/** As `change`; rejects with LAST_SUPER_ADMIN, changing nothing, where there was one before and there would be none after. */
export async function changePeople<T>(db: Db, work: (tx: Tx, revision: number) => Promise<Changed<T>>): Promise<T> {
  return await change(db, async (tx, revision) => {
    const had = await hasSuperAdmin(tx);
    const result = await work(tx, revision);
    if (had && result.changed && !(await hasSuperAdmin(tx))) throw new Fault('LAST_SUPER_ADMIN');
    return result;
  });
}

/** A person: a service account is nobody's. */
async function hasSuperAdmin(tx: Tx): Promise<boolean> {
  const ofRole = tx.selectFrom('user').select('id').where('role', '=', Slug.parse(superAdmin)).where('service', 'is', null);
  return (await ofRole.limit(1).executeTakeFirst()) !== undefined;
}
