// What stands around a value: words before and behind it, and the name of the member that it is the value of.
// The rule: a word counts only near the value: far away it speaks of something else.
import { type Digits, digitsIn, type Numeral } from './digit.ts';
import type { TimeBudget } from './match.ts';

export interface Found {
  readonly start: number;
  readonly end: number;
  /** 0 to 1: how sure it is. */
  readonly score: number;
}
export interface Context {
  /** Of the text. */
  readonly digits: Digits;
  /** Nine digits in the text as `find` finds them, found once for all whose numbers have so many. */
  nine(find: (text: string, digits: Digits) => readonly Numeral[]): readonly Numeral[];
  /** Whether one of some words stands before a place, or just behind it. */
  near(start: number, end: number, words: RegExp): boolean;
  /** What stands right before a place. */
  before(start: number): string;
  /** Another candidate is looked at. Throws TimeSpent. Both of the above do so too. */
  tick(): void;
}
/** Finds all of a type. */
export type Recognizer = (text: string, context: Context) => readonly Found[];

const beforeLength = 48;
const behindLength = 24;
/** What a candidate takes: some words are looked for around it. */
const workOfOne = 256;

/** `name`: of the member, such as `card_number`; empty where there is none. */
export function contextOf(text: string, digits: Digits, name: string, time: TimeBudget): Context {
  let named: string | undefined;
  /** What stands around the candidate that was asked for last: several types may have the same one. */
  let around = { start: -1, end: -1, text: '' };
  let nine: readonly Numeral[] | undefined;
  const tick = () => time.spend(workOfOne);
  const before = (start: number) => {
    tick();
    if (start >= beforeLength) return text.slice(start - beforeLength, start);
    return (named ??= saying(name)) + text.slice(0, start);
  };
  return {
    digits,
    nine: (find) => (nine ??= find(text, digits)),
    tick,
    before,
    near(start, end, words) {
      if (around.start === start && around.end === end) tick();
      // No words reach over the end of a line.
      else around = { start, end, text: `${before(start)}\n${text.slice(end, end + behindLength)}` };
      return words.test(around.text);
    },
  };
}

/** The name of a member as words before its value. */
function saying(name: string): string {
  if (name === '') return '';
  return /[A-Z_-]/.test(name) ? `${name.replaceAll(/(?<=[a-z])(?=[A-Z])|[_-]+/g, ' ')}: ` : `${name}: `;
}

/** Of a text by itself, without what stands around it. */
export function nowhere(text: string): Context {
  const digits = digitsIn(text);
  return { digits, nine: (find) => find(text, digits), near: () => false, before: () => '', tick: () => undefined };
}
