// Reads a large message without the long texts that it carries in a call's arguments or in a result: they are checked where they lie, and most of what
// JSON.parse would do is to copy them. The rule: exactly what JSON.parse takes is taken. A text that is plain (no escape, no control character) is a JSON
// string whatever is in it, so that the message with another value in its place is JSON if, and only if, the message is.
import { colon, quote } from './byte.ts';
import { type Member, skipSpace, skipString, type Span } from './span.ts';

/** No header can carry a longer text, so nothing that headers mirror is left out unseen: in its place stands what no header says. */
const longBytes = 16 * 1024;
const instead = Buffer.from('[]');
/** Where long texts stand of which the gateway server reads nothing: all else is read as it is. */
const carriers: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['params', new Set(['arguments'])],
  ['result', new Set(['content', 'contents', 'messages', 'structuredContent'])],
]);

/**
 * What JSON.parse says of a message in UTF-8, but for long texts, in whose place stand empty arrays. `membersAt`: the members of its objects, so many of
 * each that nobody means more; what stands behind those is read as it is. Throws SyntaxError.
 */
export function skim(body: Buffer, membersAt: (start: number) => readonly Member[]): unknown {
  const cuts = membersAt(0).flatMap(({ key, value }) => {
    const inner = carriers.get(key);
    return inner ? membersAt(value.start).flatMap((member) => (inner.has(member.key) ? longTexts(body, member.value) : [])) : [];
  });
  const parts: Buffer[] = [];
  let at = 0;
  for (const { start, end } of cuts) {
    parts.push(body.subarray(at, start), instead);
    at = end;
  }
  return JSON.parse(at === 0 ? body.toString('utf8') : Buffer.concat([...parts, body.subarray(at)]).toString('utf8'));
}

/** The long and plain texts in a value, with their quotes. */
function longTexts(body: Buffer, { start, end }: Span): Span[] {
  const found: Span[] = [];
  for (let from = body.indexOf(quote, start); from !== -1 && from < end;) {
    const to = skipString(body, from);
    const isKey = body[skipSpace(body, to)] === colon;
    if (to - from > longBytes && !isKey && plainUntil(body, from + 1) === to - 1) found.push({ start: from, end: to });
    from = body.indexOf(quote, to);
  }
  return found;
}

const windowBytes = 64 * 1024;
interface Scanner {
  readonly room: Buffer;
  readonly scan: (at: number) => number;
}
let scanner: Scanner | undefined;

/** What is used of it; Node's own types leave it to the web's. */
declare const WebAssembly: {
  readonly Module: new (program: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { readonly room: { readonly buffer: ArrayBuffer }; readonly scan: Scanner['scan'] };
  };
};

/** Where the first quote, backslash or control character at or after `from` stands; the text's length where there is none. */
function plainUntil(text: Buffer, from: number): number {
  const { room, scan } = (scanner ??= openScanner());
  for (let at = from; at < text.length; at += windowBytes) {
    const size = text.copy(room, 0, at, Math.min(at + windowBytes, text.length));
    room[size] = quote;
    const found = scan(0);
    if (found < size) return at + found;
  }
  return text.length;
}

function openScanner(): Scanner {
  const { room, scan } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(program))).exports;
  return { room: Buffer.from(room.buffer), scan };
}

/**
 * What JavaScript has no fast word for, in WebAssembly: `scan(at)` looks at sixteen bytes at a time for one that no plain text holds, ten times as fast as
 * JSON.parse looks at each. It ends because one stands behind the text, in the page beyond the window.
 */
const code = [
  ...[0x01, 0x01, 0x7b], // one local, 1: sixteen bytes
  ...[0x03, 0x40], // loop
  ...[0x20, 0x00, 0xfd, 0x00, 0x00, 0x00, 0x22, 0x01], //   1 = load(at)
  ...[0x41, 0x20, 0xfd, 0x0f, 0xfd, 0x26], //   each < 0x20
  ...[0x20, 0x01, 0x41, quote, 0xfd, 0x0f, 0xfd, 0x23, 0xfd, 0x50], //   or each = quote
  ...[0x20, 0x01, 0x41, 0xdc, 0x00, 0xfd, 0x0f, 0xfd, 0x23, 0xfd, 0x50], //   or each = backslash
  ...[0x22, 0x01, 0xfd, 0x53, 0x45], //   1 = that; is none of them so?
  ...[0x04, 0x40, 0x20, 0x00, 0x41, 0x10, 0x6a, 0x21, 0x00, 0x0c, 0x01, 0x0b], //   then at += 16, and again
  0x0b, // end of the loop
  ...[0x20, 0x00, 0x20, 0x01, 0xfd, 0x64, 0x68, 0x6a], // at + the first that is so
  0x0b,
];
const program = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x06, 0x01, 0x60, 0x01, 0x7f, 0x01, 0x7f], // a type: (i32) -> i32
  ...[0x03, 0x02, 0x01, 0x00], // a function of it
  ...[0x05, 0x03, 0x01, 0x00, 0x02], // two pages of 64 KiB
  ...[0x07, 0x0f, 0x02, 0x04, ...Buffer.from('room'), 0x02, 0x00, 0x04, ...Buffer.from('scan'), 0x00, 0x00], // their names
  ...[0x0a, code.length + 2, 0x01, code.length, ...code],
];
