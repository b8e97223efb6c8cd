// Whether any rule of a chain could find anything in a message, told by its bytes before anybody makes texts of them: in most messages none can. The rule: a glance says so
// only where it is certain; whatever it can't read (\u, and what harmless.ts does not know) or would take long, the rules themselves look at.
import { backslash, closeBrace, closeBracket, colon, openBrace, openBracket, quote } from '../mcp/byte.ts';
import type { Span } from '../mcp/span.ts';
import { ByteNeedles, type Needle } from './byte-needle.ts';
import type { Limits } from './compile.ts';
import { gapAtMost, isAsciiGap, isDigit, isHex, isLetter } from './digit.ts';
import { harmlessTo } from './harmless.ts';
import type { Numbers, Trigger } from './match.ts';

/** True where no rule finds anything in what stands there: UTF-8 that JSON.parse has accepted. */
export type Glance = (body: Buffer, span: Span) => boolean;

/** A text that is longer hardly has nothing that could be something. In so few bytes there are never more texts than can be looked at (leaf.ts). */
const bytesAtMost = 16 * 1024;
/** So far from where a text begins its name says nothing of a number in it (pii-context.ts), whatever the characters before it take. */
const namedUntil = 146;
const [dot, ofHost] = [0x2e, 0x40];
/** What may be asked of numbers in one glance, or it would take longer than the rules' own look: some ms of questions that take long, and as much of those that don't. */
const askedAtMost = 32_768;
const longQuestion = 16;
/** With fewer digits a number reads the same however it is written. */
const surelyExact = 15;

/** Undefined where there is none for these rules. `triggers`: of each; undefined of those that are asked in any case. */
export function glanceOf(triggers: readonly (Trigger | undefined)[], least: Limits): Glance | undefined {
  const known = triggers.filter((trigger) => trigger !== undefined);
  if (known.length === 0 || known.length < triggers.length) return undefined;
  if (known.some(({ marks, glanced, loose }) => (marks && !glanced) || loose.some(({ row }) => row === undefined)))
    return undefined;
  const numbers = known.flatMap(({ glanced }) => glanced?.numbers ?? []);
  const groups: (readonly string[])[] = [];
  const groupOf = (words: readonly string[]): number => groups.push(words) - 1;
  const needs = [...new Set(known.flatMap((trigger) => (trigger.glanced ? [] : trigger.needs)))];
  const together = [
    ...(needs.length > 0 ? [[groupOf(needs)]] : []),
    ...known.flatMap(({ glanced }) => (glanced?.together ?? []).map((lists) => lists.map(groupOf))),
  ];
  const wordGroup = groupOf([...new Set(numbers.flatMap(({ words }) => words))]);
  const fewGroup = groupOf([...new Set(numbers.flatMap(({ fewWords }) => fewWords))]);
  const all = groups.flatMap((words, group) => words.map((text): Needle => ({ text, group })));
  const tiny = all.filter(({ text }) => text.length < 3 && /^[\0-\x7f]*$/.test(text));
  const needles = ByteNeedles.of(all.filter((needle) => !tiny.includes(needle)));
  // What ends in one of the bytes that mean something else here can't be told.
  if (!needles || tiny.some(({ text }) => !/^[^"\\]?[|@]$/.test(text))) return undefined;
  const rows = [...new Set(known.flatMap(({ loose }) => loose.map(({ row = '' }) => row)))];
  const looked: Looked = { needles, tiny, groups: groups.length, together, wordGroup, fewGroup, rows, numbers, least };
  const glancing = new Glancing(looked);
  return (body, span) => glancing.isPlain(body, span);
}

/** What is looked for. */
interface Looked {
  readonly needles: ByteNeedles;
  /** Of one or two characters. */
  readonly tiny: readonly Needle[];
  readonly groups: number;
  /** Groups of needles: for one of these lists one needle of each group has to stand somewhere. */
  readonly together: readonly (readonly number[])[];
  readonly wordGroup: number;
  readonly fewGroup: number;
  /** Of loose patterns, as match.ts has them. */
  readonly rows: readonly string[];
  readonly numbers: readonly Numbers[];
  readonly least: Limits;
}

/** What a byte can be beside one that only needles ask for; several at once. */
const [ofDigit, ofQuote, ofEscape, ofOpening, ofClosing, ofColon, ofAt, ofEnding, ofBeyond] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** What stands behind a backslash and is one sign, and no slash, which stands in numbers and addresses. */
const escaped: ReadonlySet<number> = new Set(Buffer.from('"\\bfnrt'));

class Glancing {
  readonly #least: Limits;
  readonly #kinds: Uint16Array;
  readonly #needles: ByteNeedles;
  readonly #tiny: readonly Needle[];
  /** Groups of which a needle stands in the message that is looked at. */
  readonly #marked: Uint8Array;
  #isMarked = false;
  readonly #together: readonly (readonly number[])[];
  readonly #wordGroup: number;
  readonly #fewGroup: number;
  readonly #rows: readonly string[];
  readonly #numbers: readonly Numbers[];
  /** Where the row of digits ends that was looked at last. */
  #rowEnd = 0;
  /** A word somewhere could make a number of one of them. */
  #isByWord = false;
  #asked = 0;

  constructor({ needles, tiny, groups, together, wordGroup, fewGroup, rows, numbers, least }: Looked) {
    this.#least = least;
    this.#needles = needles;
    this.#tiny = tiny;
    this.#marked = new Uint8Array(groups);
    this.#together = together;
    this.#wordGroup = wordGroup;
    this.#fewGroup = fewGroup;
    this.#rows = rows;
    this.#numbers = numbers;
    this.#kinds = kindsOf(new Set(tiny.map(({ text }) => text.charCodeAt(text.length - 1))), numbers.length > 0);
  }

  isPlain(body: Buffer, { start, end }: Span): boolean {
    const { bytes, texts, characters, depth: depthAtMost } = this.#least;
    const length = end - start;
    // Each text has three bytes and one beside it, and each character at least one.
    if (length > bytesAtMost || length > bytes || length > characters || length > texts * 4) return false;
    const kinds = this.#kinds;
    const marked = this.#marked;
    let textAt = 0;
    let depth = 0;
    let colonAt = -1;
    let colons = 0;
    let digits = 0;
    this.#isByWord = false;
    this.#asked = 0;
    if (this.#isMarked) marked.fill(0);
    this.#isMarked = false;
    for (let at = start; at < end; at++) {
      const kind = kinds[body[at] ?? 0] ?? ofBeyond;
      if (kind === 0) continue;
      if ((kind & ofDigit) !== 0) {
        const count = this.#row(body, at, end, textAt);
        if (count === -1) return false;
        digits += count;
        // Nothing else between digits means anything.
        at = this.#rowEnd - 1;
      } else if ((kind & ofQuote) !== 0) textAt = textAt === 0 ? at + 1 : 0;
      else if ((kind & ofEscape) !== 0) {
        at++;
        if (!escaped.has(body[at] ?? 0) || (this.#numbers.length > 0 && isSpaceOfName(body, at))) return false;
      } else if ((kind & ofOpening) !== 0) {
        if (textAt === 0 && ++depth > depthAtMost) return false;
      } else if ((kind & ofClosing) !== 0) {
        if (textAt === 0) depth--;
      } else if ((kind & ofBeyond) !== 0) {
        at = harmlessTo(body, at);
        if (at === 0) return false;
      } else if ((kind & ofColon) !== 0) {
        colons = colonAt >= start && areHex(body, colonAt + 1, at) ? colons + 1 : 1;
        colonAt = at;
        if (colons > 5 || body[at + 1] === colon) {
          if (this.#asksTooMuch(longQuestion)) return false;
          for (const numbers of this.#numbers) if (numbers.isOfAddress(body, at, colons)) return false;
        }
      } else {
        if ((kind & ofAt) !== 0) {
          if (this.#asksTooMuch(longQuestion)) return false;
          for (const numbers of this.#numbers) if (numbers.isOfMail(body, at)) return false;
        }
        this.#isMarked = true;
        for (const { text, group } of this.#tiny)
          if (text.charCodeAt(text.length - 1) === body[at] && (text.length === 1 || text.charCodeAt(0) === body[at - 1]))
            marked[group] = 1;
      }
    }
    if (this.#needles.mark(body, start, end, marked)) this.#isMarked = true;
    return !this.#isMarked || !this.#isFound(digits);
  }

  /** Of the row of digits (digit.ts) that begins there: how many; -1 where it could be something. `textAt`: where its text begins, 0 for a number of JSON. */
  #row(body: Buffer, at: number, end: number, textAt: number): number {
    let count = 0;
    let together = 0;
    let longest = 0;
    let gap = 0;
    let dots = 0;
    let last = at;
    let to = at;
    for (; to < end; to++) {
      const byte = body[to] ?? 0;
      if (isDigit(byte)) {
        count++;
        if (++together > longest) longest = together;
        gap = 0;
        last = to;
        continue;
      }
      together = 0;
      if (++gap > gapAtMost || !isAsciiGap(byte)) break;
      if (byte === dot) dots++;
    }
    this.#rowEnd = to;
    // It may read as other digits (leaf.ts).
    if (textAt === 0 && (isExponent(body[last + 1]) || (dots > 0 && last - at >= surelyExact))) return -1;
    for (const row of this.#rows) if (isRow(row, body, at, longest)) return -1;
    if (this.#asksTooMuch(count >= 7 || dots >= 3 ? longQuestion : 1)) return -1;
    for (const numbers of this.#numbers) {
      const could = numbers.could(body, at, last, count, dots);
      if (could === 'no') continue;
      if (could === 'yes') return -1;
      if (textAt === 0 || at - textAt < namedUntil) this.#isByWord = true;
      else if (numbers.isTold(body, at, last)) return -1;
    }
    return count;
  }

  /** A question of each of them: somebody who chooses the text chooses how many there are. */
  #asksTooMuch(weight: number): boolean {
    this.#asked += this.#numbers.length * weight;
    return this.#asked > askedAtMost;
  }

  #isFound(digits: number): boolean {
    const marked = this.#marked;
    if (this.#isByWord && marked[this.#wordGroup] === 1) return true;
    if (digits >= 4 && marked[this.#fewGroup] === 1) return true;
    for (const groups of this.#together) if (groups.every((group) => marked[group] === 1)) return true;
    return false;
  }
}

function kindsOf(endings: ReadonlySet<number>, areNumbersLookedFor: boolean): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    if (byte >= 0x80) return ofBeyond;
    const isOfAddress = areNumbersLookedFor && (byte === colon || byte === ofHost);
    return (
      (isDigit(byte) ? ofDigit : 0) |
      (byte === quote ? ofQuote : 0) |
      (byte === backslash ? ofEscape : 0) |
      (byte === openBrace || byte === openBracket ? ofOpening : 0) |
      (byte === closeBrace || byte === closeBracket ? ofClosing : 0) |
      (isOfAddress ? (byte === colon ? ofColon : ofAt) : 0) |
      (endings.has(byte) ? ofEnding : 0)
    );
  });
}

/** `row`: as match.ts has it. A digit of it behind a letter is that at `at`; where it has no letter, some digits stand together. */
function isRow(row: string, body: Buffer, at: number, longest: number): boolean {
  const letter = row.indexOf('LD');
  if (letter === -1) return longest >= row.length;
  for (let index = 0; index < row.length; index++) {
    const byte = body[at + index - letter - 1] ?? 0;
    if (!(row[index] === 'D' ? isDigit(byte) : isLetter(byte))) return false;
  }
  return true;
}

/** Whether the line break whose n is at `at` may be the space of "ss #": in a member's name it is read as one (leaf.ts). */
function isSpaceOfName(body: Buffer, at: number): boolean {
  const before = body[at - 2];
  return body[at] === 0x6e && body[at + 1] === 0x23 && (before === 0x73 || before === 0x53);
}

function isExponent(byte: number | undefined): boolean {
  return byte === 0x65 || byte === 0x45;
}

/** Whether two colons can be of one address. */
function areHex(body: Buffer, from: number, to: number): boolean {
  if (to - from > 4) return false;
  for (let at = from; at < to; at++) if (!isHex(body[at] ?? 0)) return false;
  return true;
}
