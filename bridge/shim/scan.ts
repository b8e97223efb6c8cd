// Reads of a stream of JSON-RPC lines only what stands at the top of each: its id, its method, and whether it is a request, a response or neither.
// Rule: it never holds a line. It keeps its place across chunks, so that the bytes themselves go on as they came.

/** `id` is its JSON text, absent for a notification. */
export interface ScannedLine {
  readonly id: string | undefined;
  readonly method: string | undefined;
  readonly isResponse: boolean;
}
export interface Scanner {
  /** Takes the next bytes; `onLine` is called for each line that they end. */
  push(chunk: Buffer): void;
  /** Bytes of the line that has begun and not ended. */
  readonly lineBytes: number;
}

const newline = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
/** Of a key, a method or an id no more is kept; a longer id is no id. */
const keptLimit = 256;
/** A string that goes on for this long without a quote or an escape is searched natively. */
const farAway = 128;

export function createScanner(onLine: (line: ScannedLine) => void): Scanner {
  let lineBytes = 0;
  let depth = 0;
  let isObject = false;
  let inString = false;
  let escaped = false;
  /** At the top of an object: is the next string a key? */
  let expectsKey = false;
  let key = '';
  let value = '';
  let keeps: 'nothing' | 'key' | 'value' = 'nothing';
  let id: string | undefined;
  let method: string | undefined;
  let isResponse = false;

  const endOfMember = (): void => {
    if (keeps === 'value' && value.length <= keptLimit) {
      if (key === 'id' && /^(?:"[^]*"|-?\d[\d.eE+-]*)$/.test(value.trim())) id = decode(value.trim());
      if (key === 'method' && value.trimStart().startsWith('"')) method = decode(value.trim().slice(1, -1));
    }
    keeps = 'nothing';
  };
  const endOfLine = (): void => {
    if (lineBytes > 1) onLine({ id, method, isResponse });
    lineBytes = 0;
    depth = 0;
    isObject = inString = escaped = expectsKey = isResponse = false;
    key = value = '';
    keeps = 'nothing';
    id = method = undefined;
  };
  const keep = (byte: number): void => {
    if (keeps === 'value') {
      if (value.length <= keptLimit) value += String.fromCharCode(byte);
    } else if (key.length <= keptLimit) key += String.fromCharCode(byte);
  };

  /** Crosses what is deeper than the top, up to the bracket that ends it. Most bytes of a message pass here: the state lives in locals. */
  const crossNested = (chunk: Buffer, from: number, end: number): number => {
    let at = from;
    let level = depth;
    let within = inString;
    let skips = escaped;
    while (at < end && level > 1) {
      if (within) {
        let byte = 0;
        let near = at + farAway;
        for (; at < end; at++) {
          if (skips) {
            skips = false;
            continue;
          }
          byte = chunk[at] ?? 0;
          if (byte === quote) break;
          if (byte === backslash) {
            skips = true;
            near = at + farAway;
          } else if (at >= near) {
            at = plainUntil(chunk, at, end);
            near = at + farAway;
          }
        }
        if (at >= end) break;
        within = false;
        at++;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (byte === quote) within = true;
      else if (byte === 0x7b || byte === 0x5b) level++;
      else if (byte === 0x7d || byte === 0x5d) level--;
    }
    depth = level;
    inString = within;
    escaped = skips;
    return at;
  };

  /** Crosses a string at the top, which is kept where it is wanted. */
  const crossString = (chunk: Buffer, from: number, end: number): number => {
    for (let at = from; at < end; at++) {
      const byte = chunk[at] ?? 0;
      if (!escaped && byte === quote) {
        inString = false;
        if (keeps === 'value') keep(byte);
        return at + 1;
      }
      escaped = !escaped && byte === backslash;
      if (keeps !== 'nothing') keep(byte);
    }
    return end;
  };

  /** Bytes of one line, without its newline. */
  const scan = (chunk: Buffer, from: number, end: number): void => {
    let at = from;
    while (at < end) {
      if (depth > 1) {
        at = crossNested(chunk, at, end);
        continue;
      }
      if (inString) {
        at = crossString(chunk, at, end);
        continue;
      }
      const byte = chunk[at++] ?? 0;
      switch (byte) {
        case quote:
          inString = true;
          if (depth === 1 && isObject) {
            if (expectsKey) {
              keeps = 'key';
              key = '';
              expectsKey = false;
            } else if (keeps === 'value') keep(byte);
          }
          break;
        case 0x3a: // :
          if (depth === 1 && isObject && keeps === 'key') {
            if (key === 'result' || key === 'error') isResponse = true;
            keeps = key === 'id' || key === 'method' ? 'value' : 'nothing';
            value = '';
          }
          break;
        case 0x7b: // {
        case 0x5b: // [
          depth++;
          if (depth === 1) isObject = expectsKey = byte === 0x7b;
          else keeps = 'nothing';
          break;
        case 0x7d: // }
        case 0x5d: // ]
          if (depth === 1) endOfMember();
          depth--;
          break;
        case 0x2c: // ,
          if (depth === 1) {
            endOfMember();
            expectsKey = isObject;
          }
          break;
        default:
          if (keeps === 'value') keep(byte);
      }
    }
  };

  return {
    push(chunk) {
      let from = 0;
      while (from < chunk.length) {
        const found = chunk.indexOf(newline, from);
        const end = found < 0 ? chunk.length : found;
        scan(chunk, from, end);
        lineBytes += end - from;
        if (found < 0) return;
        lineBytes++;
        endOfLine();
        from = end + 1;
      }
    },
    get lineBytes() {
      return lineBytes;
    },
  };
}

/** Bytes were kept one character each: put those of UTF-8 together again. */
function decode(bytes: string): string {
  return /[\x80-\xff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
}

/** The last index up to which a string's bytes hold neither a quote nor an escape. */
function plainUntil(chunk: Buffer, from: number, end: number): number {
  const found = chunk.indexOf(quote, from);
  const stop = found < 0 || found > end ? end : found;
  const slash = chunk.subarray(from, stop).indexOf(backslash);
  return (slash < 0 ? stop : from + slash) - 1;
}
