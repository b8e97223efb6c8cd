// Where the parts of a JSON text stand, in bytes, so that one part can be changed and all others be forwarded as they came.
// Every function here expects text that JSON.parse has accepted: it finds, it does not validate.
import { backslash, closeBrace, closeBracket, colon, comma, openBrace, openBracket, quote, space } from './byte.ts';

/** Bytes from `start` up to, but not including, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
export interface Member {
  readonly key: string;
  readonly value: Span;
}

/** The members of the object that begins at `start`, in order, with every duplicate; the first so many of them. Empty where there is no object. */
export function membersOf(text: Buffer, start: number, atMost = Infinity): Member[] {
  const members: Member[] = [];
  let at = skipSpace(text, start);
  if (text[at] !== openBrace) return members;
  at = skipSpace(text, at + 1);
  while (text[at] === quote && members.length < atMost) {
    const keyEnd = skipString(text, at);
    const key = keyText(text, at, keyEnd);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1); // past the colon
    const valueEnd = skipValue(text, valueStart);
    members.push({ key, value: { start: valueStart, end: valueEnd } });
    at = skipSpace(text, valueEnd);
    if (text[at] !== comma) break;
    at = skipSpace(text, at + 1);
  }
  return members;
}

/** membersOf() that looks at each object once: behind the long texts of a large one it is expensive. For a text that stays as it is meanwhile. */
export function membersOnce(text: Buffer, atMost: number): (start: number) => readonly Member[] {
  const known = new Map<number, readonly Member[]>();
  return (start) => {
    const before = known.get(start);
    if (before) return before;
    const members = membersOf(text, start, atMost);
    known.set(start, members);
    return members;
  };
}

/** The elements of the array that begins at `start`. Empty where there is no array. */
export function elementsOf(text: Buffer, start: number): Span[] {
  const elements: Span[] = [];
  let at = skipSpace(text, start);
  if (text[at] !== openBracket) return elements;
  at = skipSpace(text, at + 1);
  while (at < text.length && text[at] !== closeBracket) {
    const end = skipValue(text, at);
    elements.push({ start: at, end });
    at = skipSpace(text, end);
    if (text[at] !== comma) break;
    at = skipSpace(text, at + 1);
  }
  return elements;
}

/** The text with each span replaced; the spans must not overlap and stand in order. */
export function splice(text: Buffer, edits: readonly { readonly span: Span; readonly by: Buffer | string }[]): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const { span, by } of edits) {
    parts.push(text.subarray(at, span.start), typeof by === 'string' ? Buffer.from(by) : by);
    at = span.end;
  }
  parts.push(text.subarray(at));
  return Buffer.concat(parts);
}

/** Of a message. Nobody means more. Readers that call themselves for each level (JSON.stringify too) fail at some thousands, and reading a million takes half a second. */
export const levelsAtMost = 512;

/** Whether objects and arrays stand in each other deeper than so many levels. Of any text, and read no further than that. */
export function isDeeperThan(levels: number, text: Buffer): boolean {
  // Each level takes a byte at least.
  if (text.length <= levels) return false;
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const byte = text[at];
    if (byte === quote) {
      at = skipString(text, at);
      continue;
    }
    if (byte === openBrace || byte === openBracket) {
      if (++depth > levels) return true;
    } else if (byte === closeBrace || byte === closeBracket) depth--;
    at++;
  }
  return false;
}

/**
 * The text with each value replaced, like splice(), but in `text` itself where each replacement has room in its span: spaces fill the rest, which JSON allows
 * behind a value. For a text that nobody else reads as it was: a copy of a large one costs as much as all else that is done with it.
 */
export function overwrite(text: Buffer, edits: readonly { readonly span: Span; readonly by: string }[]): Buffer {
  for (const { span, by } of edits) if (bytesOf(by) > span.end - span.start) return splice(text, edits);
  for (const { span, by } of edits) {
    const end = span.start + write(text, by, span.start);
    if (end < span.end) text.fill(space, end, span.end);
  }
  return text;
}

/** As they stand in the text. */
export function inOrder<E extends { readonly span: Span }>(edits: readonly E[]): readonly E[] {
  return edits.length < 2 ? edits : edits.toSorted((a, b) => a.span.start - b.span.start);
}

/** Ids are short and ASCII: to go through them is faster than a call into Node. */
const shortText = 40;

function bytesOf(by: string): number {
  return isShortAscii(by) ? by.length : Buffer.byteLength(by);
}

function write(text: Buffer, by: string, from: number): number {
  if (!isShortAscii(by)) return text.write(by, from);
  for (let at = 0; at < by.length; at++) text[from + at] = by.charCodeAt(at);
  return by.length;
}

function isShortAscii(text: string): boolean {
  if (text.length > shortText) return false;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

/** Keys that stand in nearly every message, by their length: to compare bytes costs less than to make a text of them. */
const usual = [
  ...['id', 'name', 'text', 'type', '_meta', 'error', 'method', 'params', 'result', 'jsonrpc', 'content', 'version', 'arguments'],
  ...['protocolVersion', 'clientInfo', 'clientCapabilities'].map((key) => `io.modelcontextprotocol/${key}`),
];
const longest = Math.max(...usual.map(({ length }) => length));
const usualOfLength = Array.from({ length: longest + 1 }, (_, length) => usual.filter((key) => key.length === length));

/** The usual key that stands in so many bytes. */
export function usualKey(text: Buffer, start: number, length: number): string | undefined {
  const keys = usualOfLength[length];
  if (keys === undefined) return undefined;
  next: for (const key of keys) {
    for (let at = 0; at < length; at++) if (text[start + at] !== key.charCodeAt(at)) continue next;
    return key;
  }
  return undefined;
}

function keyText(text: Buffer, start: number, end: number): string {
  const known = usualKey(text, start + 1, end - start - 2);
  if (known !== undefined) return known;
  const raw = text.toString('latin1', start + 1, end - 1);
  // An escaped or non-ASCII key is decoded, so that "na\u006de" is seen as the "name" it is.
  if (/^[\x20-\x5b\x5d-\x7e]*$/.test(raw)) return raw;
  const decoded: unknown = JSON.parse(text.toString('utf8', start, end));
  return String(decoded);
}

export function skipSpace(text: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = text[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}

/** So far a loop is faster than a call into Node. */
const nearBytes = 40;

/** From an opening quote to the byte after the closing one. */
export function skipString(text: Buffer, from: number): number {
  const near = Math.min(from + nearBytes, text.length);
  for (let at = from + 1; at < near; at++) {
    const byte = text[at];
    if (byte === quote) return at + 1;
    if (byte === backslash) break;
  }
  let end = text.indexOf(quote, from + 1);
  while (end !== -1) {
    let slashes = 0;
    while (text[end - 1 - slashes] === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
    end = text.indexOf(quote, end + 1);
  }
  return text.length;
}

function skipValue(text: Buffer, from: number): number {
  const first = text[from];
  if (first === quote) return skipString(text, from);
  if (first === openBrace || first === openBracket) return skipNested(text, from);
  let at = from;
  while (at < text.length) {
    const byte = text[at] ?? 0;
    if (byte === comma || byte === closeBrace || byte === closeBracket || byte === colon || byte <= 0x20) break;
    at++;
  }
  return at;
}

function skipNested(text: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const byte = text[at];
    if (byte === quote) {
      at = skipString(text, at);
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) {
      depth--;
      if (depth === 0) return at + 1;
    }
    at++;
  }
  return text.length;
}
