// What every config format must be able to do. Pure: text in, text out. Whatever is not the named entry stays byte-identical: comments, order,
// indentation, byte order mark, line ends, the newline at the end or its absence, trailing commas.

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A scalar inside an entry: where its text stands, quotes included, and what it means. */
export interface Leaf {
  readonly path: readonly (string | number)[];
  readonly span: Span;
  readonly value: unknown;
}

/** Text that makes an entry, as it can be put back. One entry may stand in several pieces (a TOML table and its sub-tables). */
export interface Piece {
  /** `section`: whole tables, may stand anywhere among tables. `line`: key-value lines of the section `under`. `member`: inside the braces of `under`. */
  readonly form: 'section' | 'line' | 'member';
  readonly under: readonly string[];
  readonly text: string;
}

export interface RawEntry {
  readonly name: string;
  /** Keys from the top of the document to the entry. */
  readonly path: readonly string[];
  /** The entry as plain data. */
  readonly value: unknown;
  readonly leaves: readonly Leaf[];
  readonly pieces: readonly Piece[];
}

export type Reading =
  | { readonly ok: true; readonly root: Readonly<Record<string, unknown>>; readonly entries: readonly RawEntry[] }
  | { readonly ok: false; readonly reason: string; readonly line: number; readonly column: number };

/** A file that names more servers, in all its places, is not read: a cloned repository may bring one, and each costs work at every look. */
export const maxEntries = 1_000;
export const tooMany = `it names more than ${maxEntries} servers`;

/** A field to set, to a text or a list of texts. */
export type Field = readonly [name: string, value: string | readonly string[]];

/** What becomes of an entry: fields that are set (in place where they stand) and fields that go; every other field stays as it is. */
export interface NewEntry {
  readonly set: readonly Field[];
  readonly drop: readonly string[];
}

/** Thrown by an edit that can't be made without touching something else. */
export class EditRefused extends Error {}

/** What becomes of one entry: changed, or taken out where `entry` is absent. */
export interface Edit {
  readonly path: readonly string[];
  readonly entry?: NewEntry;
}

/**
 * The edits throw EditRefused unless the result, read again, differs from the text in exactly the named entries. They expect a text that `read` accepts.
 * `putEntry` undoes an edit in a text that others may have changed since.
 */
export interface EditFormat {
  read(text: string, keys: readonly (readonly string[])[]): Reading;
  edit(text: string, edits: readonly Edit[]): string;
  putEntry(text: string, path: readonly string[], pieces: readonly Piece[]): string;
  /** Puts in an entry that was never there, made of texts alone. */
  addEntry(text: string, path: readonly string[], fields: readonly (readonly [name: string, value: string])[]): string;
}
