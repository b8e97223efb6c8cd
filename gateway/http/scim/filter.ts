// Filters of SCIM (RFC 7644, section 3.4.2.2), read into a tree: `userName eq "x"`, `emails[type eq "work" and value co "@x"]`, `not (…)`, and as Entra looks for a
// person by an address of a type: `emails[type eq "work"].value eq "x"`. Pure. The rule: what is not
// understood whole is refused with invalidFilter, never read as something less.
import { Fault } from '#contract/error.ts';

export type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';
export type Filter =
  | { readonly kind: 'compare'; readonly path: string; readonly op: Comparison; readonly value: string | number | boolean | null }
  | { readonly kind: 'present'; readonly path: string }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  /** Of one and the same value of an attribute that has many. `sub`: behind the bracket. */
  | { readonly kind: 'within'; readonly path: string; readonly of: Filter };

const longest = 4096;
const deepest = 20;
/** Each is a look at all people where no index helps. */
const usualWidth = 40;
const token =
  /\s*(?:(?<text>"(?:[^"\\]|\\.)*")|(?<number>-?\d+(?:\.\d+)?)(?![\w.:$-])|(?<word>(?:urn:[\w:.-]+:)?[A-Za-z$][\w$.-]*)|(?<sub>\.[A-Za-z$][\w$-]*)|(?<sign>[()[\]]))/uy;
const comparisons: ReadonlySet<string> = new Set<Comparison>(['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le']);

interface Token {
  readonly kind: 'text' | 'number' | 'word' | 'sub' | 'sign';
  readonly text: string;
}

/** `widest`: how many comparisons it has at most. Throws DIRECTORY_INVALID (invalidFilter). */
export function parseFilter(text: string, widest = usualWidth): Filter {
  if (text.length > longest) throw invalid(`a filter has at most ${longest} characters`);
  const tokens = tokensOf(text);
  let at = 0;
  let width = 0;
  const peek = () => tokens[at];
  const isWord = (word: string) => peek()?.kind === 'word' && peek()?.text.toLowerCase() === word;
  const isSign = (sign: string) => peek()?.kind === 'sign' && peek()?.text === sign;

  function expect(sign: string): void {
    if (!isSign(sign)) throw invalid(`"${sign}" is missing${peek() ? ` before "${peek()?.text}"` : ' at the end'}`);
    at++;
  }
  function either(depth: number, bracketed: boolean): Filter {
    const of = [both(depth, bracketed)];
    while (isWord('or')) {
      at++;
      of.push(both(depth, bracketed));
    }
    return joined('or', of);
  }
  function both(depth: number, bracketed: boolean): Filter {
    const of = [one(depth, bracketed)];
    while (isWord('and')) {
      at++;
      of.push(one(depth, bracketed));
    }
    return joined('and', of);
  }
  function one(depth: number, bracketed: boolean): Filter {
    if (depth > deepest) throw invalid('it is nested too deeply');
    const isNot = isWord('not') && tokens[at + 1]?.text === '(';
    if (isNot) at++;
    if (isSign('(')) {
      at++;
      const of = either(depth + 1, bracketed);
      expect(')');
      return isNot ? { kind: 'not', of } : of;
    }
    const path = peek();
    if (path?.kind !== 'word') throw invalid(path ? `"${path.text}" is no attribute` : 'it ends too early');
    at++;
    if (!isSign('[')) return compared(path.text);
    if (bracketed) throw invalid('brackets do not stand within brackets');
    at++;
    const of = either(depth + 1, true);
    expect(']');
    const sub = peek();
    if (sub?.kind !== 'sub') return { kind: 'within', path: path.text, of };
    at++;
    return { kind: 'within', path: path.text, of: { kind: 'and', of: [of, compared(sub.text.slice(1))] } };
  }
  function compared(path: string): Filter {
    if (++width > widest) throw invalid(`it has at most ${widest} comparisons`);
    const op = peek()?.text.toLowerCase();
    if (op === undefined) throw invalid('an operator is missing at the end');
    at++;
    if (op === 'pr') return { kind: 'present', path };
    if (!isComparison(op)) throw invalid(`"${op}" is no operator`);
    const value = peek();
    at++;
    return { kind: 'compare', path, op, value: valueOf(value) };
  }

  const filter = either(0, false);
  const rest = peek();
  if (rest) throw invalid(`"${rest.text}" is too much`);
  return filter;
}

function isComparison(op: string): op is Comparison {
  return comparisons.has(op);
}

function joined(kind: 'and' | 'or', of: readonly Filter[]): Filter {
  const [only, ...others] = of;
  return only && others.length === 0 ? only : { kind, of };
}

function valueOf(value: Token | undefined): string | number | boolean | null {
  if (value?.kind === 'text') return textOf(value.text);
  if (value?.kind === 'number') return Number(value.text);
  switch (value?.kind === 'word' ? value.text.toLowerCase() : '') {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'null':
      return null;
    default:
      throw invalid(value ? `"${value.text}" is no value: put text in double quotes` : 'a value is missing at the end');
  }
}

function textOf(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    throw invalid(`${quoted} is no text as JSON has it`);
  }
}

function tokensOf(text: string): readonly Token[] {
  const found: Token[] = [];
  token.lastIndex = 0;
  while (text.slice(token.lastIndex).trim() !== '') {
    const from = token.lastIndex;
    const groups = token.exec(text)?.groups;
    if (!groups) throw invalid(`it can't be read from "${text.slice(from, from + 20).trim()}" on`);
    for (const kind of ['text', 'number', 'word', 'sub', 'sign'] as const) {
      const part = groups[kind];
      if (part !== undefined) found.push({ kind, text: part });
    }
  }
  return found;
}

function invalid(reason: string): Fault {
  return new Fault('DIRECTORY_INVALID', { scimType: 'invalidFilter', reason: `The filter is not valid: ${reason}.` });
}
