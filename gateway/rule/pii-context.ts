// What stands around a value: words before and behind it, and the name of the member that it is the value of.
// The rule: a word counts only near the value: far away it speaks of something else.
import { type Digits, digitsIn } from './digit.ts';
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

/** `name`: of the member, such as `card_number`; empty where there is none. */
export function contextOf(text: string, digits: Digits, name: string, time: TimeBudget): Context {
  const named = () => (name === '' ? '' : `${name.replaceAll(/(?<=[a-z])(?=[A-Z])|[_-]+/g, ' ')}: `);
  const tick = () => time.check();
  const before = (start: number) => {
    tick();
    const own = text.slice(Math.max(0, start - beforeLength), start);
    return start < beforeLength ? named() + own : own;
  };
  return {
    digits,
    tick,
    before,
    near: (start, end, words) => words.test(before(start)) || words.test(text.slice(end, end + behindLength)),
  };
}

/** Of a text by itself, without what stands around it. */
export function nowhere(text: string): Context {
  return { digits: digitsIn(text), near: () => false, before: () => '', tick: () => undefined };
}
