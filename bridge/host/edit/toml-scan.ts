// Where everything stands in a TOML document: headers, key-value lines, the members of inline tables, scalars. It finds spans only; what the text means
// is smol-toml's to say, and the scan expects a document that smol-toml accepts. Anything unexpected throws EditRefused.
import { parse } from 'smol-toml';
import type { Span } from './edit.ts';
import { EditRefused } from './edit.ts';
import { textStart } from './text.ts';

/** `[a.b]` or `[[a.b]]`, the whole line. */
export interface Header extends Span {
  readonly kind: 'header';
  readonly path: readonly string[];
}

/** `key = value`, as a whole line or inside the braces of `table`. Its path counts from the top of the document. */
export interface Pair extends Span {
  readonly kind: 'pair';
  readonly path: readonly string[];
  /** Where the key begins, and where its last part does (`a.` of `a.b` stands between). */
  readonly keyStart: number;
  readonly lastKeyStart: number;
  readonly value: Span;
  readonly leaves: readonly Scalar[];
  /** Present where the value is an inline table. */
  readonly members?: readonly Pair[];
  /** Offset of the comma after a member. */
  readonly comma: number | undefined;
  /** The path of the section or inline table that it stands in. */
  readonly under: readonly string[];
}
export type Statement = Header | Pair;

export interface Scalar {
  readonly path: readonly (string | number)[];
  readonly span: Span;
}

interface Value extends Span {
  readonly members?: readonly Pair[];
  readonly leaves: readonly Scalar[];
}

/** All headers and key-value lines, in order. A line's span reaches from its first blank to the start of the next line. */
export function scanToml(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  let under: readonly string[] = [];
  let at = textStart(text);
  while (at < text.length) {
    const start = at;
    at = skip(text, at, /[ \t]*/y);
    if (text[at] === '[') {
      const isList = text[at + 1] === '[';
      const key = readKey(text, skip(text, at + (isList ? 2 : 1), /[ \t]*/y));
      under = key.path;
      at = lineEnd(text, key.end);
      statements.push({ kind: 'header', path: under, start, end: at });
    } else if (!/[#\r\n]/.test(text[at] ?? '\n')) {
      const pair = readPair(text, at, under);
      at = lineEnd(text, pair.value.end);
      statements.push({ ...pair, start, end: at });
    } else at = lineEnd(text, at);
  }
  return statements;
}

/** A scalar's meaning. */
export function scalarOf(text: string, span: Span): unknown {
  return parse(`v=${text.slice(span.start, span.end)}`, { integersAsBigInt: 'asNeeded' })['v'];
}

function skip(text: string, at: number, pattern: RegExp): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(text)?.[0].length ?? 0);
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end + 1;
}

const space = /(?:[ \t\r\n]|#[^\n]*)*/y;

function readKey(text: string, from: number): { path: string[]; end: number; lastStart: number } {
  const path: string[] = [];
  let at = from;
  for (;;) {
    const lastStart = at;
    const end = text[at] === '"' || text[at] === "'" ? stringEnd(text, at) : skip(text, at, /[A-Za-z0-9_-]+/y);
    if (end === at) throw new EditRefused('a key was expected');
    const raw = text.slice(at, end);
    path.push(/^["']/.test(raw) ? (Object.keys(parse(`${raw}=0`))[0] ?? '') : raw);
    const dot = skip(text, end, /[ \t]*/y);
    if (text[dot] !== '.') return { path, end, lastStart };
    at = skip(text, dot + 1, /[ \t]*/y);
  }
}

function readPair(text: string, at: number, under: readonly string[]): Pair {
  const key = readKey(text, at);
  const path = [...under, ...key.path];
  const equals = skip(text, key.end, /[ \t]*/y);
  if (text[equals] !== '=') throw new EditRefused('an equals sign was expected');
  const value = readValue(text, skip(text, equals + 1, /[ \t]*/y), path);
  const { members, leaves } = value;
  return {
    kind: 'pair',
    path,
    start: at,
    end: value.end,
    keyStart: at,
    lastKeyStart: key.lastStart,
    value: { start: value.start, end: value.end },
    leaves,
    ...(members && { members }),
    comma: undefined,
    under,
  };
}

function readValue(text: string, start: number, path: readonly (string | number)[]): Value {
  const first = text[start];
  if (first === '{') return readTable(text, start, path);
  if (first === '[') return readList(text, start, path);
  const isString = first === '"' || first === "'";
  const end = isString ? stringEnd(text, start) : start + bare(text, start).length;
  if (end === start) throw new EditRefused('a value was expected');
  return { start, end, leaves: [{ path, span: { start, end } }] };
}

function bare(text: string, start: number): string {
  const pattern = /[^,\]}#\r\n]*/y;
  pattern.lastIndex = start;
  return (pattern.exec(text)?.[0] ?? '').trimEnd();
}

function readTable(text: string, start: number, path: readonly (string | number)[]): Value {
  const under = path.map(String);
  const members: Pair[] = [];
  let at = skip(text, start + 1, space);
  while (text[at] !== '}') {
    const pair = readPair(text, at, under);
    at = skip(text, pair.end, space);
    const comma = text[at] === ',' ? at : undefined;
    members.push({ ...pair, comma });
    if (comma === undefined && text[at] !== '}') throw new EditRefused('an inline table does not end');
    if (comma !== undefined) at = skip(text, comma + 1, space);
  }
  return { start, end: at + 1, members, leaves: members.flatMap((member) => member.leaves) };
}

function readList(text: string, start: number, path: readonly (string | number)[]): Value {
  const leaves: Scalar[] = [];
  let at = skip(text, start + 1, space);
  for (let index = 0; text[at] !== ']'; index++) {
    const value = readValue(text, at, [...path, index]);
    leaves.push(...value.leaves);
    at = skip(text, value.end, space);
    if (text[at] === ',') at = skip(text, at + 1, space);
    else if (text[at] !== ']') throw new EditRefused('a list does not end');
  }
  return { start, end: at + 1, leaves };
}

function stringEnd(text: string, start: number): number {
  const quote = text[start] ?? '"';
  const isLong = text.startsWith(quote.repeat(3), start);
  let at = start + (isLong ? 3 : 1);
  while (at < text.length) {
    if (quote === '"' && text[at] === '\\') at += 2;
    else if (!isLong && text[at] === quote) return at + 1;
    else if (isLong && text.startsWith(quote.repeat(3), at)) {
      // Up to two quotes may stand before the closing three.
      while (text[at + 3] === quote) at++;
      return at + 3;
    } else at++;
  }
  throw new EditRefused('a string does not end');
}
