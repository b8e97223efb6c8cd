// What shared texts (../apart.ts) say, for SQLite: the words of one are put into the index once, however many records name it, and beside them stands where in a line
// the values go. The rule: a record of which this is not surely so is found by its whole text.
import { sql } from 'kysely';
import { pauses } from '../../slice.ts';
import { piecesOf } from '../apart.ts';
import { endOf, type Line } from '../run.ts';
import { wholeCost } from '../search.ts';
import type { Db, Tables, Tx } from '../table.ts';
import { fewLengths, parts } from './part.ts';
import { type Apart, namesAtMost } from './sheaf.ts';
import { wholeId, wordLimit } from './word.ts';
import { bare, readSaid, roleOf } from './word-apart.ts';
import { newestPart, saidTable, tableForTexts, type WordPart } from './word-part.ts';

/** `words`: where they had to be read. */
type TextWords = Tables['entry_text'] & { readonly words?: string };
/** By the keys of the texts. */
export type KnownTexts = Map<number, TextWords>;

const idPlace = 'i';
const timePlace = 't';
const barePlace = '-';
const idLength = 36;
const zero = 48;
const timeSign = '"at":';
/** Of a text that is new. */
const nowhere = -1;
/** Texts that a part takes however few entries it has; beyond them one for so many entries. */
const textsAnyway = 1024;
const entriesOfText = 16;

/** Adds the texts that lines name; of those that are new only as many as there is room for. */
export async function readKnown(db: Db, lines: readonly Line[], known: KnownTexts, room: Room): Promise<void> {
  const roles = new Map<number, number>();
  for (const { named = [] } of lines)
    for (let i = 0; i < named.length; i++) {
      const key = named[i] ?? Number.NaN;
      if (!roles.has(key) && !Number.isNaN(key) && !known.has(key)) roles.set(key, roleOf(i === 0, i === named.length - 1));
    }
  if (roles.size === 0) return;
  const there = db.selectFrom('entry_text').select(['text', 'part', 'role', 'count', 'places']);
  // One value, however many they are: a statement of many is made for longer than it runs.
  const keys = sql<number>`(select value from json_each(${JSON.stringify([...roles.keys()])}))`;
  for (const one of await there.where('text', 'in', keys).execute()) known.set(one.text, one);
  const fresh = [...roles].filter(([key]) => !known.has(key)).slice(0, Math.max(room.left, 0));
  for (const one of await readWords(db, fresh, pauses())) known.set(one.text, { part: nowhere, ...one });
}

/** Of a batch: how many texts the newest part still takes, and those that its entries bring. */
export interface Room {
  readonly part: number | undefined;
  left: number;
  readonly taken: Set<number>;
}

/**
 * Whoever looks for a word that all have is given each text of a part that has it. Where many call, a text is forgotten before it comes again (../../audit/text.ts), so
 * that there are about as many texts as records: then most of these are found by their whole text.
 */
export async function roomIn(db: Db, next: number): Promise<Room> {
  const part = await newestPart(db);
  if (part === undefined) return { part: undefined, left: textsAnyway, taken: new Set() };
  const there = db.selectFrom('entry_text').select(({ fn }) => fn.countAll<number>().as('texts'));
  const { texts } = await there.where('part', '=', part.part).executeTakeFirstOrThrow();
  return { part: part.part, left: textsAnyway + Math.floor((next - part.first) / entriesOfText) - texts, taken: new Set() };
}

/** To write an entry takes longer where its texts are new, as `wholeCost` says; undefined where there is no room for them. */
export function costOf({ named }: Apart, known: ReadonlyMap<number, TextWords>, room: Room): number | undefined {
  const fresh = named.filter((text) => known.get(text)?.part !== room.part && !room.taken.has(text));
  if (fresh.length > 0 && fresh.length > room.left) return undefined;
  room.left -= fresh.length;
  for (const text of fresh) room.taken.add(text);
  return Math.min(1 + fresh.length, wholeCost);
}

/** What the index says of a line's record; undefined where only its whole text says it. */
export function apartOf({ text: line, named }: Line, known: ReadonlyMap<number, TextWords>): Apart | undefined {
  if (named === undefined || named.length > namesAtMost) return undefined;
  let own: string | undefined;
  let at: number | undefined;
  let count = 1;
  /** Before the next value. */
  let sign = endOf(line);
  for (let i = 0; i < named.length; i++) {
    const of = known.get(named[i] ?? Number.NaN);
    if (of === undefined || of.places === null || of.role !== roleOf(i === 0, i === named.length - 1)) return undefined;
    count += of.count;
    for (let place = 0; place < of.places.length; place++) {
      const from = sign + 1;
      if (from > line.length) return undefined;
      sign = line.indexOf('\t', from);
      if (sign < 0) sign = line.length;
      const kind = of.places[place];
      if (kind === idPlace && own === undefined && sign - from === idLength) own = line.slice(from, sign);
      else if (kind === timePlace && at === undefined && isWhole(line, from, sign)) at = Number(line.slice(from, sign));
      else if (kind !== barePlace || !(isWhole(line, from, sign) || bare.test(line.slice(from, sign)))) return undefined;
    }
  }
  if (own === undefined || at === undefined || sign !== line.length || count > wordLimit || !wholeId.test(own)) return undefined;
  return { at, named, own };
}

/** A whole number as JSON writes it, of 16 digits at most. */
function isWhole(line: string, from: number, to: number): boolean {
  if (to === from || to - from > 16 || (line.charCodeAt(from) === zero && to - from > 1)) return false;
  for (let i = from; i < to; i++) {
    const digit = line.charCodeAt(i) - zero;
    if (digit < 0 || digit > 9) return false;
  }
  return true;
}

/** Puts the words of texts into a part that does not have them: of those that entries name. */
export async function sayIn(
  tx: Tx,
  part: WordPart,
  known: ReadonlyMap<number, TextWords>,
  entries: readonly { readonly apart: Apart }[],
): Promise<void> {
  const unsaid = new Map([...known].filter(([, of]) => of.part !== part.part));
  if (unsaid.size === 0) return;
  const named = new Set(entries.flatMap(({ apart }) => apart.named));
  const missing = [...unsaid.values()].filter(({ text, places }) => named.has(text) || places === null);
  if (missing.length === 0) return;
  const unread = missing.filter(({ words }) => words === undefined).map(({ text, role }) => [text, role] as const);
  const texts = [...missing.filter(({ words }) => words !== undefined), ...(await readWords(tx, unread))];
  await tableForTexts(tx, part);
  for (const some of parts(texts)) {
    const rows = some.map(({ text, role, count, places }) => ({ text, part: part.part, role, count, places }));
    await tx
      .insertInto('entry_text')
      .values(rows)
      .onConflict((on) => on.column('text').doUpdateSet({ part: part.part }))
      .execute();
    const words = sql.join(some.map((of) => sql`(${of.text}, ${of.words ?? ''})`));
    await sql`insert into ${saidTable(part.part)} (rowid, words) values ${words}`.execute(tx);
  }
}

async function readWords(
  db: Db,
  roles: readonly (readonly [number, number])[],
  pause?: () => Promise<void> | undefined,
): Promise<readonly Omit<TextWords, 'part'>[]> {
  const found: Omit<TextWords, 'part'>[] = [];
  for (const some of parts(roles)) {
    const byKey = new Map(some);
    const keys = fewLengths([...byKey.keys()]);
    for (const { id, body } of await db.selectFrom('shared_text').selectAll().where('id', 'in', keys).execute()) {
      await pause?.();
      const role = byKey.get(id) ?? 0;
      found.push({ text: id, role, ...wordsIn(body, role) });
    }
  }
  return found;
}

function wordsIn(body: string, role: number): Pick<TextWords, 'count' | 'places'> & { readonly words: string } {
  const pieces = piecesOf(body);
  const said = readSaid(pieces, role);
  if (said === undefined) return { count: 0, places: null, words: '' };
  const places = said.isId.map((isId, i) => {
    if (isId) return idPlace;
    return pieces[i]?.endsWith(timeSign) === true && /^[,}]/.test(pieces[i + 1] ?? '') ? timePlace : barePlace;
  });
  // Of several members of that name the first one is meant, wherever it stands.
  const isSure = body.split(timeSign).length - 1 === places.filter((place) => place === timePlace).length;
  return { count: said.count, places: isSure ? places.join('') : null, words: said.words };
}
