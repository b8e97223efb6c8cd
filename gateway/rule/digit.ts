// Where the numbers of a text begin, found out once for all that look for numbers: to try a pattern at these places costs next to nothing beside a search.
// The rule: nothing is found there that a search would not find, and all of it; a place is left out only where no number of people can begin.

export interface Digits {
  readonly count: number;
  /** The most digits in a row with at most three of the characters between two of them that people put there. */
  readonly dense: number;
  /** The fewest that stand together; infinite where there are none. */
  readonly shortest: number;
  /** Where digits begin of which at least seven stand in such a row, in order. */
  readonly starts: readonly number[];
  /** How many of its row stand from each of these on. */
  readonly left: readonly number[];
  /** All of those are the only one of their row, of nine digits at most, as ids are: no sign stands before one and none in it, and none begins with 00. */
  readonly isBare: boolean;
  /** Where two letters (ASCII) with two digits behind them begin, in order. */
  readonly lettered: readonly number[];
}

export const gapAtMost = 3;
const denseAtLeast = 7;
const bareAtMost = 9;

export function digitsIn(text: string): Digits {
  const [starts, left, lettered]: [number[], number[], number[]] = [[], [], []];
  let [count, dense, shortest, together] = [0, 0, Infinity, 0];
  /** Digits of the row, characters since its last one, and which of the starts is its first one. */
  let [row, gap, first] = [0, 0, 0];
  let isBare = true;
  for (let at = 0; at <= text.length; at++) {
    // Between two rows nothing counts: V8 looks for the next digit at sixteen characters at a time.
    if (row === 0 && (at = nextDigit(text, at)) === -1) break;
    const code = at < text.length ? text.charCodeAt(at) : 0;
    if (isDigit(code)) {
      if (together === 0) {
        starts.push(at);
        left.push(row);
        if (isLetter(text.charCodeAt(at - 1)) && isLetter(text.charCodeAt(at - 2)) && isDigit(text.charCodeAt(at + 1)))
          lettered.push(at - 2);
      }
      together++;
      count++;
      row++;
      gap = 0;
      continue;
    }
    if (together > 0 && together < shortest) shortest = together;
    together = 0;
    if (++gap <= gapAtMost && isGap(code)) continue;
    if (row > dense) dense = row;
    if (row < denseAtLeast) dropTo(first, starts, left);
    else if (starts.length > first + 1 || row > bareAtMost || isPrefixed(text, starts[first] ?? 0)) isBare = false;
    for (; first < left.length; first++) left[first] = row - (left[first] ?? 0);
    row = 0;
  }
  return { count, dense, shortest, starts, left, isBare, lettered };
}

/** To set a length takes ten times as long. */
function dropTo(length: number, starts: number[], left: number[]): void {
  for (; starts.length > length; left.pop()) starts.pop();
}

/** By what numbers of telephones begin with. */
function isPrefixed(text: string, at: number): boolean {
  return text[at - 1] === '+' || text[at - 1] === '(' || text.startsWith('00', at);
}

const digit = /[0-9]/g;

/** Where the first digit from a place on stands; -1 where none does. */
function nextDigit(text: string, from: number): number {
  digit.lastIndex = from;
  return digit.test(text) ? digit.lastIndex - 1 : -1;
}

/** A number as it stands in its text. */
export interface Numeral {
  readonly start: number;
  readonly end: number;
  readonly raw: string;
}

/**
 * What a sticky pattern that begins with a digit matches, as a search for it would: where no digit stands right before, and `atLeast` so many stand in the row from there on.
 * `before`: how much earlier it may begin.
 */
export function findNumbers(
  pattern: RegExp,
  text: string,
  { starts, left }: Digits,
  atLeast: number,
  before?: (text: string, at: number) => number,
): readonly Numeral[] {
  let found: Numeral[] | undefined;
  let from = 0;
  for (let index = 0; index < starts.length; index++) {
    if ((left[index] ?? 0) < atLeast) continue;
    const at = starts[index] ?? 0;
    for (let start = Math.max(before ? at - before(text, at) : at, from); start <= at; start++) {
      pattern.lastIndex = start;
      if (!pattern.test(text)) continue;
      const end = pattern.lastIndex;
      (found ??= []).push({ start, end, raw: text.slice(start, end) });
      from = end;
      break;
    }
  }
  return found ?? none;
}
const none: readonly Numeral[] = [];

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

export function isHex(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

/** What people put between the digits of one number. */
function isGap(code: number): boolean {
  if (code < 0x80) return isAsciiGap(code);
  return code === 0xa0 || code === 0x2009 || code === 0x202f || (code >= 0x2010 && code <= 0x2015);
}

/** The same of what is ASCII. */
export function isAsciiGap(code: number): boolean {
  return code === 0x20 || (code >= 0x28 && code <= 0x2f && code !== 0x2a && code !== 0x2c);
}
