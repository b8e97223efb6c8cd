// What a record is found by (pure): the words in it, and a word for each of its fields that stands for exactly its value. Both databases get the same words.
// The rule: a word is letters and digits only, so that it needs no quoting in any language of queries; what stands for a value or is an id has a sign before it, so
// that no beginning of a word means a million of those.
import { hash } from 'node:crypto';
import type { RecordFilter } from '../search.ts';

const fields = [
  'user',
  'host',
  'gateway',
  'server',
  'tool',
  'decision',
  'code',
  'kind',
] as const satisfies readonly (keyof RecordFilter)[];
type Field = (typeof fields)[number];
export type Members = Readonly<Record<string, unknown>>;

const wordLength = 64;
/** Words of one record; what is beyond them is not found by text. */
export const wordLimit = 400;
const sign = '¤';
/** Letters and digits; an id is one word, without its dashes. */
const word = /¤[0-9a-f]{32}|[\p{L}\p{N}]+/gu;
const id = /\b([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\b/gi;
export const wholeId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The words of a record's text, each once. A text that is no record has none. */
export function wordsOf(body: string): readonly string[] {
  const record = membersIn(body);
  return record === undefined ? [] : wordsOfMembers(record);
}

export function wordsOfMembers(record: Members): readonly string[] {
  const words = new Set<string>();
  for (const [field, exactly] of ofField) {
    const value = valueOf(record, field);
    if (value !== undefined) words.add(exactly(value));
  }
  collect(record, words);
  return [...words];
}

/** The word of a text that is an id and nothing else. */
export function idWord(text: string): string | undefined {
  return wholeId.test(text) ? `${sign}${text.replaceAll('-', '').toLowerCase()}` : undefined;
}

/** A word that must be there, or its beginning. */
export interface Wanted {
  readonly word: string;
  readonly isBeginning: boolean;
}

const ownWord = new RegExp(`^${sign}([0-9a-f]{32})$`);

/** The id that a word stands for, which none but itself begins with. */
export function ownOf({ word }: Wanted): Buffer | undefined {
  const digits = ownWord.exec(word)?.[1];
  return digits === undefined ? undefined : Buffer.from(digits, 'hex');
}

/** What a record must have; undefined where the text asks for something that no record can have. */
export function wantedOf(filter: RecordFilter): readonly Wanted[] | undefined {
  const exact = fields.flatMap((field) => {
    const value = filter[field];
    return value === undefined ? [] : [{ word: exactly(field, value), isBeginning: false }];
  });
  const text = filter.text?.trim() ?? '';
  if (text === '') return exact;
  const parts = text.split(/\s+/).flatMap((part) => {
    const found = split(part);
    return found.map((one, i) => ({ word: one, isBeginning: part.endsWith('*') && i === found.length - 1 }));
  });
  return parts.length === 0 ? undefined : [...exact, ...parts];
}

/** No two values share one. */
function exactly(field: Field, value: string): string {
  return `${sign}${field}${hash('sha256', value).slice(0, 24)}`;
}

function valueOf(record: Members, field: Field): string | undefined {
  if (field === 'user') return nameOf(record['user']) ?? userOf(record['actor']);
  if (field === 'tool') return nameOf(record['tool']) ?? nameOf(record['item']);
  return nameOf(record[field]);
}

function nameOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
    ? value.name
    : undefined;
}

function userOf(actor: unknown): string | undefined {
  return typeof actor === 'object' && actor !== null && 'user' in actor ? nameOf(actor.user) : undefined;
}

function collect(value: unknown, into: Set<string>): void {
  if (into.size >= wordLimit) return;
  if (typeof value === 'string') {
    // Each record has an id of its own, which is not worth remembering.
    const own = idWord(value);
    if (own === undefined) for (const one of wordsIn(value)) into.add(one);
    else into.add(own);
  } else if (Array.isArray(value)) for (const one of value) collect(one, into);
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) collect(one, into);
}

/** In lower case and without accents, so that `Zoe` finds `Zoë`. */
function split(text: string): readonly string[] {
  const plain = text
    .replace(id, ` ${sign}$1$2$3$4$5 `)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
  return (plain.match(word) ?? []).map((one) => one.slice(0, wordLength));
}

/** Texts that are kept with what was made of them, of a field or of all; what is longer comes seldom. */
const knownAtMost = 2048;
const knownLength = 100;
/** Most texts of a record are the same record after record. */
const wordsIn = remembering(split);
const ofField = new Map(fields.map((field) => [field, remembering((value) => exactly(field, value))] as const));

function remembering<Made>(make: (text: string) => Made): (text: string) => Made {
  const known = new Map<string, Made>();
  return (text) => {
    let made = known.get(text);
    if (made !== undefined) return made;
    made = make(text);
    if (text.length > knownLength) return made;
    if (known.size >= knownAtMost) known.clear();
    known.set(text, made);
    return made;
  };
}

/** Of a JSON object; undefined where the text is none. */
export function membersIn(body: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
