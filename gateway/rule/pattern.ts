// Patterns in a text, by an engine whose time is linear in it (Rust's, in WebAssembly). V8's own would hang for minutes on a text that somebody chose.
// The rule: a pattern is compiled when a text first may hold it, and forgotten when others were needed more; between two matches the time is looked at.
import { createRequire } from 'node:module';
import type * as Library from 'rregex';
import type { RRegex, RRegexSet } from 'rregex';
import { type Detector, type Loose, type Match, type TimeBudget, withoutOverlaps } from './match.ts';
import { refused, translate } from './pattern-syntax.ts';

/** Each holds some ten to some hundred kilobytes. */
const compiledAtMost = 512;
/** Of a longer text slices are handed over, the short ones first: handing over takes longer than finding. */
const sliceLengths = [512, 8192];
const contextLength = 64;

export interface PatternEngine {
  /** Throws RULE_PATTERN where it could not be compiled. */
  check(written: string, flags: string): void;
  /** Throws RULE_PATTERN for what is refused without compiling it. */
  detector(patterns: readonly string[], flags: string): Detector;
  /** Looks for many loose patterns at once: which owners have one in the text. */
  sieve(patterns: readonly Owned[]): (text: string) => readonly number[];
}
export interface Owned extends Loose {
  readonly owner: number;
}

/** Loads the engine, which nobody pays for who has no pattern. */
export function openPatternEngine(): PatternEngine {
  const require = createRequire(import.meta.url);
  const library: typeof Library = require('rregex');
  const compiled = new Map<string, RRegex>();

  function regexOf(source: string): RRegex {
    const known = compiled.get(source);
    if (known) {
      // The last one that was used is the last one that is forgotten.
      compiled.delete(source);
      compiled.set(source, known);
      return known;
    }
    const made = new library.RRegex(source);
    compiled.set(source, made);
    for (const [oldest, regex] of compiled) {
      if (compiled.size <= compiledAtMost) break;
      compiled.delete(oldest);
      regex.free();
    }
    return made;
  }

  return {
    check(written, flags) {
      const { source } = translate(written, flags);
      try {
        new library.RRegex(source).free();
      } catch (error) {
        throw refused(written, wordsOf(error));
      }
    },
    detector(patterns, flags) {
      const translated = patterns.map((pattern) => translate(pattern, flags));
      const loose = translated.filter(({ needs }) => needs === undefined);
      return {
        trigger: { needs: translated.flatMap(({ needs = [] }) => needs), loose },
        find(text, time, folded) {
          const mayStand = translated.filter(({ needs, quick }) =>
            needs ? needs.some((need) => folded().includes(need)) : quick?.test(text) !== false,
          );
          return withoutOverlaps(mayStand.flatMap(({ source }) => findAll(regexOf(source), text, time)));
        },
      };
    },
    sieve(patterns) {
      const quick = patterns.filter((one) => one.quick).slice(0, quickAtMost);
      const others = Map.groupBy(
        patterns.filter((one) => !quick.includes(one)),
        ({ row }) => row,
      );
      const gated: readonly Gated[] = [
        ...[...Map.groupBy(quick, ({ row }) => row)].map(([row, own]) => ({ gate: gateOf(row), looks: own.map(quickSieve) })),
        ...[...others].map(([row, own]) => ({
          gate: gateOf(row),
          looks: Array.from({ length: Math.ceil(own.length / setAtMost) }, (_, index) =>
            sieveOf(library.RRegexSet, own.slice(index * setAtMost, (index + 1) * setAtMost)),
          ),
        })),
      ];
      return (text) => {
        let found: number[] | undefined;
        const hasDigit = /[0-9]/.test(text);
        for (const { gate, looks } of gated) {
          if (gate && !(hasDigit && gate.test(text))) continue;
          for (const look of looks) for (const owner of look(text)) (found ??= []).push(owner);
        }
        return found ?? nobody;
      };
    },
  };
}

type Sieve = (text: string) => readonly number[];
/** Those that need the same row of letters and digits are asked only where it stands. */
interface Gated {
  readonly gate: RegExp | undefined;
  readonly looks: readonly Sieve[];
}
const nobody: readonly number[] = [];
/** So many are faster one by one. */
const quickAtMost = 32;
/** Patterns in one set: more make it slower for all. */
const setAtMost = 100;

/** Without case U+017F and U+212A are letters too. */
function gateOf(row: string | undefined): RegExp | undefined {
  return row === undefined ? undefined : new RegExp(row.replaceAll('L', '[A-Za-z\\u017f\\u212a]').replaceAll('D', '[0-9]'));
}

function quickSieve({ quick, owner }: Owned): Sieve {
  const only = [owner];
  return (text) => (quick?.test(text) === false ? nobody : only);
}

function sieveOf(Set: typeof RRegexSet, patterns: readonly Owned[]): Sieve {
  const all = patterns.map(({ owner }) => owner);
  let set: RRegexSet | undefined;
  let isTooLarge = false;
  return (text) => {
    if (isTooLarge) return all;
    try {
      set ??= new Set(patterns.map(({ source }) => source));
    } catch {
      // Each by itself, then: asked one by one.
      isTooLarge = true;
      return all;
    }
    return set.isMatch(text) ? set.matches(text).flatMap((index) => all[index] ?? []) : [];
  };
}

function findAll(regex: RRegex, text: string, time: TimeBudget): readonly Match[] {
  time.check();
  if (!regex.isMatch(text)) return [];
  const bytes = Buffer.byteLength(text) === text.length ? undefined : new ByteOffsets(text);
  const found: Match[] = [];
  for (let at = 0; at <= text.length;) {
    time.check();
    const match = next(regex, text, at, bytes);
    if (!match) break;
    // An empty one is nothing that was found.
    if (match.end > match.start) found.push({ ...match, type: 'PATTERN' });
    at = match.end > match.start ? match.end : match.end + widthAt(text, match.end);
  }
  return found;
}

function next(regex: RRegex, text: string, at: number, bytes: ByteOffsets | undefined): Omit<Match, 'type'> | undefined {
  for (const length of sliceLengths) {
    if (text.length - at <= 2 * length) break;
    // One that does not touch the slice's end is what the whole text would have given, unless it looks further than that.
    const from = bytes ? bytes.boundary(Math.max(at - contextLength, 0)) : Math.max(at - contextLength, 0);
    const slice = text.slice(from, at + length);
    const found = findFrom(regex, slice, at - from, bytes && new ByteOffsets(slice));
    if (found && found.end < slice.length - contextLength) return { start: found.start + from, end: found.end + from };
  }
  return findFrom(regex, text, at, bytes);
}

function findFrom(regex: RRegex, text: string, at: number, bytes: ByteOffsets | undefined): Omit<Match, 'type'> | undefined {
  const match = regex.findAt(text, bytes ? bytes.toByte(at) : at);
  if (!match) return undefined;
  return bytes ? { start: bytes.toUnit(match.start), end: bytes.toUnit(match.end) } : { start: match.start, end: match.end };
}

function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/** Between places in UTF-16 and in UTF-8. Asked in rising order mostly, so it remembers where it was. */
class ByteOffsets {
  readonly #text: string;
  #unit = 0;
  #byte = 0;

  constructor(text: string) {
    this.#text = text;
  }

  boundary(unit: number): number {
    const code = this.#text.charCodeAt(unit);
    return code >= 0xdc00 && code <= 0xdfff && unit > 0 ? unit - 1 : unit;
  }

  toByte(unit: number): number {
    if (unit < this.#unit) this.#rewind();
    while (this.#unit < unit) this.#step();
    return this.#byte;
  }

  toUnit(byte: number): number {
    if (byte < this.#byte) this.#rewind();
    while (this.#byte < byte) this.#step();
    return this.#unit;
  }

  #rewind(): void {
    this.#unit = 0;
    this.#byte = 0;
  }

  #step(): void {
    const point = this.#text.codePointAt(this.#unit) ?? 0;
    this.#unit += point > 0xffff ? 2 : 1;
    this.#byte += point < 0x80 ? 1 : point < 0x800 ? 2 : point <= 0xffff ? 3 : 4;
  }
}

function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [, told] = /error: (.+)/.exec(text) ?? [];
  return told ?? (text.includes('size limit') ? 'it is too large once compiled' : 'it is no pattern');
}
