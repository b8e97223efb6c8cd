// What each of the latest changes was about, written in the transaction of the change. The rule: a change that says nothing of itself may have been of anything, so
// whatever is forgotten, came from an older program or was too much to tell has everything read again.
import { UserId } from '#contract/id.ts';
import type { Db, Tx } from '../table.ts';
import { parts } from './part.ts';

/** Parts of what is in force that are read by themselves. */
export type Part = 'offers' | 'approvals' | 'hosts';
/** What a change was about. `beside`: nothing of what is in force. */
export type About = 'everything' | 'beside' | Part | { readonly people: ReadonlySet<UserId> };

/** Whoever looks less often than that reads everything. */
const keptRevisions = 5000;
const peopleAtMost = 2000;
/** Looked at for one answer; with more it is not known what is beyond them. */
const rowsAtMost = peopleAtMost + keptRevisions;
const person = 'person ';

export async function noteChange(tx: Tx, revision: number, about: About): Promise<void> {
  await tx
    .deleteFrom('recent_change')
    .where('revision', '<=', revision - keptRevisions)
    .execute();
  if (about === 'everything' || (typeof about === 'object' && about.people.size > peopleAtMost)) return;
  const whats = typeof about === 'string' ? [about] : [...about.people].map((id) => person + id);
  const rows = (whats.length === 0 ? ['beside'] : whats).map((what) => ({ revision, what }));
  for (const values of parts(rows)) await tx.insertInto('recent_change').values(values).execute();
}

/** What the changes from one revision to a later one were about; undefined where one of them may have been of anything. */
export async function changesBetween(
  db: Db,
  from: number,
  to: number,
): Promise<{ readonly parts: ReadonlySet<Part>; readonly people: readonly UserId[] } | undefined> {
  if (to < from || to - from > keptRevisions) return undefined;
  const rows = await db
    .selectFrom('recent_change')
    .selectAll()
    .where('revision', '>', from)
    .where('revision', '<=', to)
    .limit(rowsAtMost + 1)
    .execute();
  if (rows.length > rowsAtMost) return undefined;
  const people = new Set<UserId>();
  const found = new Set<Part>();
  for (const { what } of rows)
    if (what.startsWith(person)) people.add(UserId.parse(what.slice(person.length)));
    else if (isPart(what)) found.add(what);
    else if (what !== 'beside') return undefined;
  const told = new Set(rows.map(({ revision }) => revision));
  return told.size === to - from && people.size <= peopleAtMost ? { parts: found, people: [...people] } : undefined;
}

function isPart(what: string): what is Part {
  return what === 'offers' || what === 'approvals' || what === 'hosts';
}
