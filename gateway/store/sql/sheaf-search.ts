// Looks through sheaves (sheaf.ts) for the entries that have all of some words: which texts have a word is asked of the index, and each entry by its texts' places alone.
// The rule: a sheaf none of whose texts has a word is passed over; and calls go on in between, however many there are.
import { sql } from 'kysely';
import { pauses } from '../../slice.ts';
import type { RecordFilter } from '../search.ts';
import type { Db } from '../table.ts';
import { readAtOnce } from './change.ts';
import { floatsIn, goneIn, namesAtMost, noName, ownBytes, restAt, shortsIn } from './sheaf.ts';
import { ownOf, type Wanted } from './word.ts';
import { isThere, saidTable, type WordPart } from './word-part.ts';

/** Sheaves that are read at once, a few kilobytes each: at first one, then twice as many each time, because most who search are content with the newest. */
const sheavesAtOnce = 16;
/** Up to here each is looked for among a sheaf's. */
const fewTexts = 16;
/** Texts that are read at once. */
const textsAtOnce = 4096;

export interface Place {
  readonly number: number;
  readonly record: number;
}

/** A word with the texts that have it, or the id that it is. */
interface Sought {
  readonly texts: ReadonlySet<number>;
  readonly own: Buffer | undefined;
}

/** The newest first, those with numbers from `first` up to `end`. */
export async function findInSheaves(
  db: Db,
  part: WordPart,
  wanted: readonly Wanted[],
  { from = 0, until = Number.MAX_SAFE_INTEGER }: RecordFilter,
  { first, end }: { readonly first: number; readonly end: number },
  limit: number,
): Promise<readonly Place[]> {
  const pause = pauses();
  const found: Place[] = [];
  if (part.said !== 1) return found;
  const all: Sought[] = [];
  for (const one of wanted) {
    const sought = { texts: await textsWith(db, part.part, one, pause), own: ownOf(one) };
    if (sought.texts.size === 0 && sought.own === undefined) return found;
    all.push(sought);
  }
  // What few have first: the others are asked of what is left only.
  const [rarest, ...others] = all.toSorted((a, b) => a.texts.size - b.texts.size);
  const withOwn = all.some(({ own }) => own !== undefined);
  const isGone = await goneIn(db);
  let before = end;
  for (let count = 1; ; count = Math.min(count * 2, sheavesAtOnce)) {
    const sheaves = await sheavesBefore(db, part.part, { first, before, count }, withOwn);
    for (const sheaf of sheaves) {
      await pause();
      const looked = { texts: floatsIn(sheaf.texts), names: shortsIn(sheaf.names), own: sheaf.own && Buffer.from(sheaf.own) };
      const left = entriesWith(looked, rarest).filter((entry) => others.every((sought) => has(looked, entry, sought)));
      if (left.length === 0) continue;
      const rest = floatsIn(await restOf(db, sheaf.first));
      for (const entry of left.toReversed()) {
        const { number, record, at } = restAt(rest, entry);
        if (number < first || number >= end || at < from || at >= until || isGone(record)) continue;
        found.push({ number, record });
        if (found.length >= limit) return found;
      }
    }
    const last = sheaves.at(-1);
    if (last === undefined || sheaves.length < count) return found;
    before = last.first;
  }
}

/** None where the part is gone meanwhile. */
async function textsWith(
  db: Db,
  part: number,
  { word, isBeginning }: Wanted,
  pause: () => Promise<void> | undefined,
): Promise<ReadonlySet<number>> {
  const query = `"${word}"${isBeginning ? '*' : ''}`;
  const table = saidTable(part);
  const texts = new Set<number>();
  for (let after = 0; ;) {
    const some = sql<{ text: number }>`
      select rowid as text from ${table} where ${table} match ${query} and rowid > ${after} order by rowid limit ${textsAtOnce}`;
    const rows = await readAtOnce(db, async (tx) => ((await isThere(tx, part)) ? (await some.execute(tx)).rows : []));
    for (const { text } of rows) texts.add(text);
    await pause();
    const last = rows.at(-1);
    if (last === undefined || rows.length < textsAtOnce) return texts;
    after = last.text;
  }
}

interface Looked {
  readonly texts: Float64Array;
  readonly names: Uint16Array;
  /** Where an id is sought. */
  readonly own: Buffer | undefined;
}

/** The newest of a part, without what is needed only of what is found. */
async function sheavesBefore(
  db: Db,
  part: number,
  of: { readonly first: number; readonly before: number; readonly count: number },
  withOwn: boolean,
) {
  const columns = ['first', 'texts', 'names'] as const;
  const sheaves = db
    .selectFrom('entry_sheaf')
    .select(columns)
    .$if(withOwn, (query) => query.select('own'))
    .where('first', '>=', part)
    .where('part', '=', part)
    .where('first', '<', of.before)
    .where('next', '>', of.first);
  return await sheaves.orderBy('first', 'desc').limit(of.count).execute();
}

/** In order; all where nothing is sought. */
function entriesWith({ texts, names, own }: Looked, sought: Sought | undefined): readonly number[] {
  if (sought === undefined) return Array.from({ length: names.length / namesAtMost }, (_, entry) => entry);
  const found: number[] = [];
  const holding = holdingOf(texts, sought.texts);
  if (holding !== undefined)
    for (let i = 0; i < names.length; i++) {
      if (holding[names[i] ?? noName] !== 1) continue;
      const entry = Math.floor(i / namesAtMost);
      if (found.at(-1) !== entry) found.push(entry);
    }
  if (own === undefined || sought.own === undefined) return found;
  const ids: number[] = [];
  for (let at = own.indexOf(sought.own); at >= 0; at = own.indexOf(sought.own, at + 1))
    if (at % ownBytes === 0) ids.push(at / ownBytes);
  return ids.length === 0 ? found : [...new Set([...found, ...ids])].toSorted((a, b) => a - b);
}

/** 1 at the place of each of a sheaf's texts that is among these; undefined where none is. */
function holdingOf(places: Float64Array, texts: ReadonlySet<number>): Uint8Array | undefined {
  let holding: Uint8Array | undefined;
  const hold = (place: number) => {
    holding ??= new Uint8Array(noName + 1);
    holding[place] = 1;
  };
  // To look for a number among others takes a fraction of what it takes to look whether it is in a set.
  if (texts.size <= fewTexts)
    for (const text of texts) {
      const place = places.indexOf(text);
      if (place >= 0) hold(place);
    }
  else for (let place = 0; place < places.length; place++) if (texts.has(places[place] ?? 0)) hold(place);
  return holding;
}

function has({ texts, names, own }: Looked, entry: number, sought: Sought): boolean {
  for (let i = entry * namesAtMost; i < (entry + 1) * namesAtMost; i++)
    // Where there is no name there is no text.
    if (sought.texts.has(texts[names[i] ?? noName] ?? 0)) return true;
  return sought.own !== undefined && own?.compare(sought.own, 0, ownBytes, entry * ownBytes, (entry + 1) * ownBytes) === 0;
}

/** Nothing where the sheaf is gone meanwhile. */
async function restOf(db: Db, first: number): Promise<Uint8Array> {
  const row = await db.selectFrom('entry_sheaf').select('rest').where('first', '=', first).executeTakeFirst();
  return row?.rest ?? new Uint8Array();
}
