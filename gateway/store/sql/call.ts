// The newest calls of users, out of the audit records: one bounded look back for all that are asked for, because an index on what stands in the records
// would be paid by every call.
import { CallRecord } from '#contract/audit.ts';
import type { UserId } from '#contract/id.ts';
import { isWorthTelling } from '#contract/recent-call.ts';
import type { Db } from '../table.ts';
import { readAtOnce } from './change.ts';
import { idOf, numberOf } from './place.ts';
import { chains } from './record.ts';
import { recordsOfRows } from './run.ts';

/** Records of a chain that are looked at. */
export const lookBackRecords = 2000;

/** Quotes inside JSON strings are escaped, so the first of these can only be the member itself. */
const userIn = /"user":\{"id":"([^"]+)"/;

export async function newestCalls(
  db: Db,
  users: readonly UserId[],
  limit: number,
): Promise<ReadonlyMap<UserId, readonly CallRecord[]>> {
  return await readAtOnce(db, (tx) => newestIn(tx, users, limit));
}

async function newestIn(db: Db, users: readonly UserId[], limit: number): Promise<ReadonlyMap<UserId, readonly CallRecord[]>> {
  const found = new Map<string, { readonly user: UserId; calls: CallRecord[] }>(users.map((user) => [user, { user, calls: [] }]));
  for (const chain of await chains(db)) {
    const number = await numberOf(db, chain);
    if (number === undefined) continue;
    const records = db
      .selectFrom('record')
      .where('id', '>', idOf(number, 0))
      .where('id', '<', idOf(number + 1, 0));
    const last = await records.select('id').orderBy('id', 'desc').limit(1).executeTakeFirst();
    const from = (last?.id ?? 0) - lookBackRecords;
    const rows = await records
      .selectAll()
      .where('id', '>', from)
      // Said again by isWorthTelling(): here it keeps the events of a storm of tunnels from being read at all. What is taken apart is calls that were allowed.
      .where((where) =>
        where.or([
          where('count', 'is not', null),
          where.and([
            where('body', 'like', '%"kind":"call"%'),
            where.or([
              where('body', 'like', '%"method":"tools/call"%'),
              where('body', 'like', '%"method":"prompts/get"%'),
              where('body', 'like', '%"method":"resources/read"%'),
              where('body', 'like', '%"item":{"kind":"method"%'),
              where('body', 'not like', '%"decision":"allowed"%'),
            ]),
          ]),
        ]),
      )
      .orderBy('id')
      .execute();
    for (const { seq, body } of (await recordsOfRows(db, chain, rows)).toReversed()) {
      if (idOf(number, seq) <= from) continue;
      const theirs = found.get(userIn.exec(body)?.[1] ?? '');
      const call = theirs && callOf(body, theirs.user);
      if (call !== undefined) theirs?.calls.push(call);
    }
  }
  return new Map(
    [...found.values()].map(({ user, calls }) => [
      user,
      calls.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).slice(0, limit),
    ]),
  );
}

function callOf(body: string, user: UserId): CallRecord | undefined {
  const parsed = CallRecord.safeParse(JSON.parse(body));
  return parsed.success && parsed.data.user?.id === user && isWorthTelling(parsed.data) ? parsed.data : undefined;
}
