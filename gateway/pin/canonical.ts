// One text for one definition: canonical JSON (RFC 8785), whatever the order of its keys, its spaces and its escapes, and the hash that stands for it.
// The rule: every member counts, known or not; where two readers could read different things in the bytes, the bytes themselves count.
import { hash } from 'node:crypto';
import { duplicateKeys } from '#contract/duplicate-key.ts';

export interface Canonical {
  /** JSON text. */
  readonly text: string;
  /** SHA-256, hex. */
  readonly hash: string;
  /** Where two readers could differ, as a JSON pointer; undefined where there is no such place. */
  readonly ambiguous: string | undefined;
}

/** `json`: one item as its server wrote it, in UTF-8. Throws a SyntaxError where it is not JSON. */
export function canonicalOf(json: Buffer): Canonical {
  const written = json.toString('utf8');
  const text = canonicalText(JSON.parse(written));
  const ambiguous = ambiguityOf(written, json);
  if (ambiguous === undefined) return { text, hash: hash('sha256', text, 'hex'), ambiguous };
  return { text, hash: hash('sha256', Buffer.concat([Buffer.from('as written\n'), json]), 'hex'), ambiguous };
}

/** The hash of a definition without what it is called. `text`: canonical. */
export function bodyHashOf(text: string): string {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return hash('sha256', text, 'hex');
  const unnamed = Object.entries(value).filter(([key]) => !names.has(key));
  return hash('sha256', canonicalText(Object.fromEntries(unnamed)), 'hex');
}
const names: ReadonlySet<string> = new Set(['name', 'title', 'uri', 'uriTemplate']);

/** Numbers and strings as ECMAScript writes them, keys in the order of their UTF-16 units. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, of]) => `${JSON.stringify(key)}:${canonicalText(of)}`).join(',')}}`;
}

/** What of a JSON pointer stands for a key. */
export function pointed(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function ambiguityOf(written: string, json: Buffer): string | undefined {
  const twice = duplicateKeys(written)[0];
  if (twice) return twice.map(pointed).join('');
  // Only bytes that are no UTF-8 come back different.
  if (written.includes('\ufffd') && !Buffer.from(written).equals(json)) return '';
  return suspiciousNumber.test(written) ? inexactNumber(written) : undefined;
}

/** Whatever may hold a number that a double does not keep; most that it finds are none. */
const suspiciousNumber = /[\d.]{16}|\d[eE][+-]?\d{2}/;

/** The key of the first number of which a double keeps less than was written. */
function inexactNumber(written: string): string | undefined {
  let found: string | undefined;
  JSON.parse(written, (key: string, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value === 'number' && context?.source !== undefined && !isExact(context.source, value)) found ??= pointed(key);
    return value;
  });
  return found;
}

/** Doubles tell all decimals of 15 digits apart. */
function isExact(source: string, value: number): boolean {
  const digits = digitsOf(source);
  if (!Number.isFinite(value) || (value === 0 && digits !== '')) return false;
  return digits.length <= 15 || digits === digitsOf(String(value));
}

function digitsOf(number: string): string {
  return number
    .replace(/[eE].*$/, '')
    .replaceAll(/[-.]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '');
}
