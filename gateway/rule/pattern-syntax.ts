// A pattern as people write it (JavaScript's syntax) for an engine that takes linear time (Rust's), and what any text that it matches must hold.
// The rule: what can't be said in linear time is refused with words for it; a needed text is told only where it is certain.
import { Fault } from '#contract/error.ts';

export interface Translated {
  /** For RRegex. */
  readonly source: string;
  /** Of these, folded (fold.ts), one stands in whatever matches; undefined where nobody can say. */
  readonly needs: readonly string[] | undefined;
  /**
   * The same for V8, which is many times as fast, where it matches whatever the other does: only of patterns that can try few ways at a place, so that its time
   * is bounded too.
   */
  readonly quick: RegExp | undefined;
  /** What stands in whatever matches, letter by letter: `L` for a letter of ASCII, or what counts as one where case does not, `D` for a digit; undefined where no digit has to. */
  readonly row: string | undefined;
}

/** Ways at one place, times the size of the pattern, that V8 may try: what it takes for each character of a text that somebody chose. */
const quickAtMost = 40;
/** What counted repetitions may multiply a pattern to: a bound on its memory and on the time for each character. */
const sizeAtMost = 600;
/** Shorter texts stand everywhere. */
const needAtLeast = 3;

/** Throws RULE_PATTERN. */
export function translate(written: string, flags: string): Translated {
  const slashed = /^\/(.+)\/([gimsu]*)$/s.exec(written);
  const pattern = slashed?.[1] ?? written;
  const all = new Set(`${flags}${slashed?.[2] ?? ''}`);
  const inline = ['i', 'm', 's'].filter((flag) => all.has(flag)).join('');
  const reader = new Reader(pattern);
  const node = reader.read();
  if (node.size > sizeAtMost) throw refused(pattern, `its counted repetitions multiply to ${node.size}: more than ${sizeAtMost}`);
  return {
    source: `${inline === '' ? '' : `(?${inline})`}${reader.source}`,
    needs: bestOf(node),
    quick: quickOf(pattern, all, node, reader),
    row: rowOf(bestRow(node)),
  };
}

function quickOf(pattern: string, flags: ReadonlySet<string>, { size, ways }: Part, { isSame }: Reader): RegExp | undefined {
  if (!isSame || !(size * ways <= quickAtMost)) return undefined;
  // Without case V8 takes U+017F and U+212A for letters of a word, so that it sees no end of a word beside them.
  if (flags.has('i') && /\\b/.test(pattern)) return undefined;
  try {
    // With `s` it takes more line ends than it has to: it is asked first, and not last.
    return new RegExp(pattern, `su${flags.has('i') ? 'i' : ''}${flags.has('m') ? 'm' : ''}`);
  } catch {
    return undefined;
  }
}

export function refused(pattern: string, reason: string): Fault {
  return new Fault('RULE_PATTERN', { pattern: pattern.slice(0, 100), reason });
}

/** What is known of a part: which texts it matches exactly, where those are few; of which one stands in it; how large it gets. */
interface Part {
  readonly exact: readonly string[] | undefined;
  readonly needs: readonly string[] | undefined;
  readonly size: number;
  /** How many ways there are to match it at one place; infinite where nobody can say. */
  readonly ways: number;
  /** `L` and `D` for each of its characters, where that is certain; and the best such row that stands in whatever it matches, empty where there is none. */
  readonly exactRow: string | undefined;
  readonly row: string;
}
const nothing: Part = { exact: [''], needs: undefined, size: 0, ways: 1, exactRow: '', row: '' };
const any: Part = { exact: undefined, needs: undefined, size: 1, ways: 1, exactRow: undefined, row: '' };
const anyDigit: Part = { ...any, exactRow: 'D' };
const anyLetter: Part = { ...any, exactRow: 'L' };
const alternativesAtMost = 64;
const repeatedAtMost = 32;

function bestOf({ exact, needs }: Part): readonly string[] | undefined {
  return longer(usable(exact), needs);
}
function usable(texts: readonly string[] | undefined): readonly string[] | undefined {
  return texts !== undefined && texts.length > 0 && texts.every((text) => text.length >= needAtLeast) ? texts : undefined;
}
function longer(a: readonly string[] | undefined, b: readonly string[] | undefined): readonly string[] | undefined {
  if (!a || !b) return a ?? b;
  const shortest = (texts: readonly string[]) => Math.min(...texts.map(({ length }) => length));
  return shortest(a) >= shortest(b) ? a : b;
}
/** Fewer texts have a letter right before a digit than four digits. */
function betterRow(a: string, b: string): string {
  const rank = (row: string) => (row.includes('LD') ? rowAtMost : 0) + row.replaceAll('L', '').length;
  return rank(b) > rank(a) ? b : a;
}
function bestRow({ exactRow = '', row }: Part): string {
  return betterRow(exactRow, row);
}
/** The part of a row that few texts have and many patterns share. */
function rowOf(row: string): string | undefined {
  const at = row.indexOf('LD');
  const part = at === -1 ? /D+/.exec(row)?.[0] : row.slice(Math.max(at - 1, 0));
  return part?.slice(0, 4);
}
const rowAtMost = 16;

function concat(a: Part, b: Part): Part {
  const [size, ways] = [a.size + b.size, a.ways * b.ways];
  const rows = rowsOf(
    a.exactRow === undefined || b.exactRow === undefined ? undefined : a.exactRow + b.exactRow,
    betterRow(bestRow(a), bestRow(b)),
  );
  if (a.exact && b.exact && a.exact.length * b.exact.length <= 16)
    return {
      exact: a.exact.flatMap((head) => (b.exact ?? []).map((tail) => head + tail)),
      needs: longer(a.needs, b.needs),
      size,
      ways,
      ...rows,
    };
  return { exact: undefined, needs: longer(bestOf(a), bestOf(b)), size, ways, ...rows };
}
/** Of a row that is certain, and of what stands in it in any case. */
function rowsOf(exact: string | undefined, row: string): Pick<Part, 'exactRow' | 'row'> {
  if (exact === undefined || exact.length <= rowAtMost) return { exactRow: exact, row };
  return { exactRow: undefined, row: betterRow(exact.slice(0, rowAtMost), row) };
}
function either(a: Part, b: Part): Part {
  const [size, ways] = [a.size + b.size, a.ways + b.ways];
  const [of1, of2] = [rowOf(bestRow(a)), rowOf(bestRow(b))];
  const row = of1 === undefined || of2 === undefined ? '' : of1 === of2 ? of1 : 'D';
  const rows = { exactRow: a.exactRow === b.exactRow ? a.exactRow : undefined, row };
  const exact =
    a.exact && b.exact && a.exact.length + b.exact.length <= alternativesAtMost ? [...a.exact, ...b.exact] : undefined;
  const [of, or] = [bestOf(a), bestOf(b)];
  const needs = of && or && of.length + or.length <= alternativesAtMost ? [...of, ...or] : undefined;
  return { exact, needs, size, ways, ...rows };
}

class Reader {
  source = '';
  /** Nothing in it means another thing to V8. */
  isSame = true;
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  read(): Part {
    const part = this.#alternatives(0);
    if (this.#at < this.#pattern.length) throw this.#refused('a ) stands there that nothing opened');
    return part;
  }

  #alternatives(depth: number): Part {
    if (depth > 50) throw this.#refused('its groups are nested too deep');
    let all: Part | undefined;
    let branch = nothing;
    /** Literal characters in a row are one text. */
    let run = nothing;
    while (this.#at < this.#pattern.length) {
      const char = this.#pattern[this.#at] ?? '';
      if (char === ')') break;
      if (char === '|') {
        this.#take(1);
        branch = concat(branch, run);
        all = all ? either(all, branch) : branch;
        branch = nothing;
        run = nothing;
        continue;
      }
      const part = this.#repeated(this.#atom(depth));
      const longer = concat(run, part);
      if (longer.exact) run = longer;
      else {
        branch = concat(concat(branch, run), part);
        run = nothing;
      }
    }
    branch = concat(branch, run);
    return all ? either(all, branch) : branch;
  }

  #take(count: number): string {
    const text = this.#pattern.slice(this.#at, this.#at + count);
    this.#at += count;
    this.source += text;
    return text;
  }

  #write(count: number, text: string): void {
    this.#at += count;
    this.source += text;
  }

  #atom(depth: number): Part {
    const rest = this.#pattern.slice(this.#at, this.#at + 12);
    if (rest.startsWith('(')) return this.#group(rest, depth);
    if (rest.startsWith('[')) return this.#class();
    if (rest.startsWith('\\')) return this.#escape(rest);
    if (rest.startsWith('.')) {
      this.#take(1);
      return any;
    }
    if (rest.startsWith('^') || rest.startsWith('$')) {
      this.#take(1);
      return nothing;
    }
    // JavaScript takes a brace that counts nothing for itself.
    if (rest.startsWith('{') || rest.startsWith('}') || rest.startsWith(']')) {
      this.#write(1, `\\${rest[0] ?? ''}`);
      return literal(rest[0] ?? '');
    }
    const char = String.fromCodePoint(this.#pattern.codePointAt(this.#at) ?? 0);
    this.#take(char.length);
    return literal(char);
  }

  #group(rest: string, depth: number): Part {
    if (/^\(\?<?[=!]/.test(rest))
      throw this.#refused('look-around is not possible in linear time: match more, or use a rule before it');
    const named = /^\(\?<([A-Za-z_]\w*)>/.exec(this.#pattern.slice(this.#at, this.#at + 100));
    if (named) this.#write(named[0].length, '(?:');
    else if (rest.startsWith('(?:')) this.#take(3);
    else if (rest.startsWith('(?')) throw this.#refused('flags stand in `flags`, not in the pattern');
    else this.#write(1, '(?:');
    const part = this.#alternatives(depth + 1);
    if (this.#pattern[this.#at] !== ')') throw this.#refused('a group is not closed');
    this.#take(1);
    return part;
  }

  #class(): Part {
    const began = this.#at;
    this.#take(1);
    if (this.#pattern[this.#at] === '^') this.#take(1);
    while (this.#at < this.#pattern.length && this.#pattern[this.#at] !== ']') {
      const rest = this.#pattern.slice(this.#at, this.#at + 2);
      const known = inClass.get(rest);
      if (known !== undefined) this.#write(2, known);
      else if (rest.startsWith('\\')) this.#escape(this.#pattern.slice(this.#at, this.#at + 12));
      // What JavaScript takes for itself in a class, and Rust for a nested class or a set operation.
      else if (/^[[&~]/.test(rest)) this.#write(1, `\\${rest[0] ?? ''}`);
      else if (rest === '--') this.#write(2, '\\--');
      else this.#take(String.fromCodePoint(this.#pattern.codePointAt(this.#at) ?? 0).length);
    }
    if (this.#pattern[this.#at] !== ']') throw this.#refused('a class is not closed');
    this.#take(1);
    const written = this.#pattern.slice(began, this.#at);
    if (/^\[(?:\\d|[0-9](?:-[0-9])?)+\]$/.test(written)) return anyDigit;
    return /^\[(?:[A-Z]-[A-Z]|[a-z]-[a-z]|[A-Za-z])+\]$/.test(written) ? anyLetter : any;
  }

  #escape(rest: string): Part {
    if (/^\\[1-9]/.test(rest) || rest.startsWith('\\k<')) throw this.#refused('back-references are not possible in linear time');
    const code = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\})/.exec(rest);
    if (code) {
      const point = Number.parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16);
      this.#write(code[0].length, `\\x{${point.toString(16)}}`);
      return point < 0x80 ? literal(String.fromCodePoint(point)) : any;
    }
    const char = rest[1];
    if (char === undefined) throw this.#refused('it ends in a backslash');
    const own = outside.get(char);
    if (own !== undefined) {
      this.#write(2, own);
      return char === 'b' ? nothing : char === 'd' ? anyDigit : any;
    }
    if (/[sSBfnrtv]/.test(char)) {
      this.isSame &&= !/[sSB]/.test(char);
      this.#take(2);
      return char === 'B' ? nothing : any;
    }
    const property = /^\\[pP](?:\{[A-Za-z_=]{1,40}\})/.exec(this.#pattern.slice(this.#at, this.#at + 46));
    if (property) {
      this.isSame = false;
      this.#take(property[0].length);
      return any;
    }
    if (/[A-Za-z0-9]/.test(char)) throw this.#refused(`\\${char} is not known here`);
    // An escaped mark stands for itself; Rust wants to hear of none that need no escape.
    this.#write(2, /[\\.+*?()|[\]{}^$#&~/-]/.test(char) ? (char === '/' ? '/' : `\\${char}`) : char);
    return literal(char);
  }

  #repeated(part: Part): Part {
    const found = /^(?:[*+?]|\{(\d{1,4})(?:(,)(\d{0,4}))?\})\??/.exec(this.#pattern.slice(this.#at, this.#at + 14));
    if (!found) return part;
    this.#take(found[0].length);
    const [mark] = found[0];
    const least = mark === '+' ? 1 : Number(found[1] ?? 0);
    const upTo = found[2] === undefined ? least : found[3] === '' ? least + 1 : Number(found[3]);
    const most = mark === '{' ? Math.max(upTo, least) : 1;
    const size = Math.max(part.size, 1) * Math.max(most, 1);
    const ways = mark === '*' || mark === '+' || found[3] === '' ? Infinity : waysOf(part.ways, least, mark === '?' ? 1 : most);
    if (least === 0) return { exact: undefined, needs: undefined, size, ways, exactRow: undefined, row: '' };
    if (least === 1 && mark === '{' && found[2] === undefined) return { ...part, size, ways };
    // At least so many of it stand there.
    const [only] = part.exact?.length === 1 ? part.exact : [];
    const repeated = only !== undefined && least > 1 ? [only.repeat(Math.min(least, repeatedAtMost))] : undefined;
    const row = part.exactRow?.repeat(Math.min(least, rowAtMost));
    const isExact = mark === '{' && found[2] === undefined && least <= rowAtMost;
    const rows = rowsOf(isExact ? row : undefined, betterRow(row?.slice(0, rowAtMost) ?? '', part.row));
    return { exact: undefined, needs: longer(usable(repeated), bestOf(part)), size, ways, ...rows };
  }

  #refused(reason: string): Fault {
    return refused(this.#pattern, reason);
  }
}

/** What JavaScript means by them: ASCII. Rust's own would mean all scripts, and cost fifty times as much. */
const outside: ReadonlyMap<string, string> = new Map([
  ['d', '[0-9]'],
  ['D', '[^0-9]'],
  ['w', '[0-9A-Za-z_]'],
  ['W', '[^0-9A-Za-z_]'],
  ['b', '(?-u:\\b)'],
]);
const inClass: ReadonlyMap<string, string> = new Map([
  ['\\d', '0-9'],
  ['\\w', '0-9A-Za-z_'],
  ['\\b', '\\x08'],
]);

/** Exactly one character; what is not ASCII is in no needed text. */
function literal(char: string): Part {
  return (char.codePointAt(0) ?? 0x80) < 0x80
    ? { exact: [char.toLowerCase()], needs: undefined, size: 1, ways: 1, exactRow: rowOfChar(char), row: '' }
    : any;
}

function rowOfChar(char: string): string | undefined {
  return /[0-9]/.test(char) ? 'D' : /[A-Za-z]/.test(char) ? 'L' : undefined;
}

/** From `least` up to `most` of what can be matched in so many ways. */
function waysOf(ways: number, least: number, most: number): number {
  let sum = 0;
  for (let count = least; count <= most && sum < Infinity; count++) sum += ways ** count;
  return sum;
}
