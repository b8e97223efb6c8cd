// The newest calls of one user, out of the audit records: a bounded look back, because an index on what stands in the records would be paid by every call.
import { CallRecord } from '#contract/audit.ts';
import type { UserId } from '#contract/id.ts';
import { isWorthTelling } from '#contract/recent-call.ts';
import type { Db } from '../table.ts';
import { chains } from './record.ts';

/** Records of a chain that are looked at. */
export const lookBackRecords = 2000;

export async function newestCalls(db: Db, user: UserId, limit: number): Promise<readonly CallRecord[]> {
  // Quotes inside JSON strings are escaped, so these can only be the members themselves.
  const isTheirs = `%"user":{"id":"${user}"%`;
  const found: CallRecord[] = [];
  for (const chain of await chains(db)) {
    const rows = await db
      .selectFrom((from) =>
        from
          .selectFrom('record')
          .selectAll()
          .where('chain', '=', chain)
          .orderBy('seq', 'desc')
          .limit(lookBackRecords)
          .as('newest'),
      )
      .select(['body', 'seq'])
      .where('body', 'like', isTheirs)
      .where((where) =>
        where.or([where('body', 'like', '%"method":"tools/call"%'), where('body', 'not like', '%"decision":"allowed"%')]),
      )
      .orderBy('seq', 'desc')
      .limit(limit)
      .execute();
    found.push(...rows.flatMap(({ body }) => callOf(body, user)));
  }
  return found.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).slice(0, limit);
}

function callOf(body: string, user: UserId): CallRecord[] {
  const parsed = CallRecord.safeParse(JSON.parse(body));
  return parsed.success && parsed.data.user?.id === user && isWorthTelling(parsed.data) ? [parsed.data] : [];
}
