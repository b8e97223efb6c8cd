// What a text says between characters that nobody sees: they split words for whoever searches, and not for the model that reads. The rule: each place of what is read
// is known in the text itself.

/** Soft hyphens, joiners, zero-width spaces, variation selectors, tags, fillers, marks of the direction. */
const unseen = /[\p{Cf}\p{Default_Ignorable_Code_Point}]+/gu;
/** Where one of them, or the first half of one, can be among code units: a few ranges, which cost next to nothing, and in texts of Latin-1 nothing. */
const somewhere = /[\u034f\ufe00-\uffff\u0600-\u180f\u200b-\u200f\u202a-\u206f\u3164\ud804-\ud834\udb40-\udb43]/;
const one = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

export function hasUnseen(text: string): boolean {
  return text.includes('\u00ad') || (somewhere.test(text) && one.test(text));
}

export function withoutUnseen(text: string): string {
  return text.replaceAll(unseen, '');
}

export interface Reading {
  readonly text: string;
  /** Where a place of it is in the text that was read. */
  at(index: number): number;
}

/** Both ways in which it can be meant: they stand within words, and they stand between them. The text as it is where it has none. */
export function readingsOf(text: string): readonly Reading[] {
  return hasUnseen(text) ? ['', ' '].map((by) => readWith(text, by)) : [{ text, at: (index) => index }];
}

function readWith(text: string, by: string): Reading {
  /** Where each stretch between them begins, in what is read and in the text. */
  const stretches: { readonly read: number; readonly text: number }[] = [];
  let read = '';
  let at = 0;
  for (const { 0: run, index } of text.matchAll(unseen)) {
    read += text.slice(at, index) + by;
    at = index + run.length;
    stretches.push({ read: read.length, text: at });
  }
  return {
    text: read + text.slice(at),
    at(index) {
      const last = stretches[lastUpTo(index, stretches)];
      return last ? last.text + index - last.read : index;
    },
  };
}

/** The index of the last one that begins there or before; -1 where none does. */
function lastUpTo(place: number, stretches: readonly { readonly read: number }[]): number {
  let [low, high] = [0, stretches.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((stretches[middle]?.read ?? Infinity) <= place) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
