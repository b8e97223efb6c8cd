// A record's text taken apart (pure): most of it is the same call after call, so it is said by texts that many records share, with the record's own values in between.
// The rule: put together it is the very text that was hashed; neither a text nor a value holds a tab or a new line, which no JSON text does, and no value is empty.

/** Pieces of text; between two of them stands a value. Who makes one keeps it: what is the same object is stored once. */
export interface SharedText {
  /** The pieces, a tab between two. */
  readonly text: string;
  /** Each in UTF-8, in memory of its own: a part of Buffer's pool would keep all of the pool for as long as the text is known. */
  readonly pieces: readonly Uint8Array[];
  readonly sizeBytes: number;
}

/** A piece of JSON text, or a whole number from 0 up to Number.MAX_SAFE_INTEGER, which is written in place without becoming a string (value.ts). */
export type Value = string | number;

/** The shared texts one after the other, and the values for their places in order. */
export interface Apart {
  readonly shared: readonly SharedText[];
  readonly values: readonly Value[];
}

const valueSign = '\t';
const utf8 = new TextEncoder();
/** What nearly all texts of a kind have between their values is shorter; names and ids stand in longer ones. */
const shortPiece = 40;

/** `kept`: short pieces of other texts, which are the same memory in this one; its own are added. */
export function sharedText(text: string, kept?: Map<string, Uint8Array>): SharedText {
  const pieces = piecesOf(text).map((piece) => {
    const known = kept?.get(piece);
    if (known !== undefined) return known;
    const made = utf8.encode(piece);
    if (piece.length <= shortPiece) kept?.set(piece, made);
    return made;
  });
  return { text, pieces, sizeBytes: pieces.reduce((sum, { length }) => sum + length, 0) };
}

/** The pieces of a shared text. */
export function piecesOf(text: string): readonly string[] {
  return text.split(valueSign);
}

/** Values as one text, a tab between two. */
export function valuesText(values: readonly Value[]): string {
  return values.join(valueSign);
}

/** The whole text; undefined where there are more or fewer values than places for them. `values`: a tab between two. */
export function wholeText(shared: readonly (readonly string[])[], values: string): string | undefined {
  let text = '';
  /** Where the next value begins; beyond the end once there is none. */
  let from = values === '' ? 1 : 0;
  for (const pieces of shared)
    for (let i = 0; i < pieces.length; i++) {
      if (i > 0) {
        if (from > values.length) return undefined;
        const sign = values.indexOf(valueSign, from);
        const to = sign < 0 ? values.length : sign;
        text += values.slice(from, to);
        from = to + 1;
      }
      text += pieces[i];
    }
  return from > values.length ? text : undefined;
}
