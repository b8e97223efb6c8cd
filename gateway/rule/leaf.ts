// The texts of a JSON value, where they stand in its bytes and what they say once read: a text that hides behind escapes reads like any other.
// The rule: whatever a reader could take for text is a leaf (strings, keys, long numbers); only pictures and sounds in base64 are none, and not scanned.
import { closeBrace, closeBracket, colon, comma, openBrace, openBracket, quote } from '../mcp/byte.ts';
import { type Span, skipString, usualKey } from '../mcp/span.ts';

/** An object or array, and as what it stands in the one around it. */
export interface Container {
  readonly parent: Container | undefined;
  readonly key: string | number;
  /** What its member `type` says, where that is a text. */
  type: string | undefined;
  /** What its members `name`, `key`, `header` and `field` say, where they are texts, a line each: of an entry in a list of headers or settings. */
  named: string | undefined;
}
export interface Leaf {
  /** With its quotes. */
  readonly span: Span;
  readonly kind: 'string' | 'key' | 'number';
  readonly container: Container | undefined;
  /** Its member's name or its index; of a key that name itself. */
  readonly key: string | number;
  /** As the reader sees it; as the rules before left it. */
  text: string;
  /** As fold.ts makes it, once somebody asked. */
  folded: string | undefined;
  /** The rules that could find something in the text as it is, by their indexes; undefined where nobody knows. */
  owners: ReadonlySet<number> | undefined;
  isChanged: boolean;
}
export interface Leaves {
  readonly leaves: readonly Leaf[];
  /** How deep it is nested. */
  readonly depth: number;
  /** There are more than anybody could look at in time. */
  readonly isCut: boolean;
}

/** Of one message. Each takes some hundred bytes while it is looked at. */
const leavesAtMost = 200_000;
/** Shorter ones are nobody's number. */
const bytesOfNumber = 6;

/** Of text that JSON.parse has accepted. */
export function leavesOf(body: Buffer, { start, end }: Span): Leaves {
  const leaves: Leaf[] = [];
  let container: Container | undefined;
  /** The open containers' places: a member's name, or in an array its index. */
  const places: (string | number)[] = [];
  let place: string | number = '';
  let deepest = 0;
  let hasLong = false;
  let at = start;
  while (at < end && leaves.length <= leavesAtMost) {
    const byte = body[at] ?? 0;
    if (byte === quote) {
      const to = skipString(body, at);
      const isKey = typeof place === 'string' && container !== undefined && isBeforeColon(body, to, end);
      const text = textAt(body, at, to);
      if (text.length >= pictureLength) hasLong = true;
      if (isKey) place = text;
      else if (place === 'type' && container) container.type = text;
      else if (container && typeof place === 'string' && naming.has(place)) container.named = withName(container.named, text);
      // The empty one says nothing.
      if (text !== '')
        leaves.push({
          span: { start: at, end: to },
          kind: isKey ? 'key' : 'string',
          container,
          key: place,
          text,
          folded: undefined,
          owners: undefined,
          isChanged: false,
        });
      at = to;
      continue;
    }
    if (byte === openBrace || byte === openBracket) {
      places.push(place);
      container = { parent: container, key: place, type: undefined, named: undefined };
      place = byte === openBracket ? 0 : '';
      deepest = Math.max(deepest, places.length);
    } else if (byte === closeBrace || byte === closeBracket) {
      place = places.pop() ?? '';
      container = container?.parent;
    } else if (byte === comma) {
      if (typeof place === 'number') place++;
    } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      let to = at + 1;
      while (to < end && isOfNumber(body[to] ?? 0)) to++;
      const raw = body.toString('latin1', at, to);
      // 12e7 has few digits and is a long number.
      if (raw.length >= bytesOfNumber || /e/i.test(raw))
        leaves.push({
          span: { start: at, end: to },
          kind: 'number',
          container,
          key: place,
          text: numberText(raw),
          folded: undefined,
          owners: undefined,
          isChanged: false,
        });
      at = to;
      continue;
    }
    at++;
  }
  return {
    leaves: hasLong ? leaves.filter((leaf) => !isPicture(leaf)) : leaves,
    depth: deepest,
    isCut: leaves.length > leavesAtMost,
  };
}

/** As long as names are, and of a few. What looks at a name does so for each text that it is of, so of more a message would take minutes. */
const nameLength = 256;

function withName(known: string | undefined, text: string): string {
  const own = text.slice(0, nameLength).replaceAll('\n', ' ');
  if (known === undefined) return own;
  return known.length < 2 * nameLength ? `${known}\n${own.slice(0, 64)}` : known;
}

function isBeforeColon(body: Buffer, from: number, end: number): boolean {
  let at = from;
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at++;
  return at < end && body[at] === colon;
}

function isOfNumber(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2e || byte === 0x65 || byte === 0x45 || byte === 0x2b || byte === 0x2d;
}

/** A number as its digits, however it is written. */
function numberText(raw: string): string {
  if (/^-?\d+$/.test(raw)) return raw;
  const value = Number(raw);
  return Number.isSafeInteger(value) ? String(value) : raw;
}

function textAt(body: Buffer, start: number, end: number): string {
  const usual = usualKey(body, start + 1, end - start - 2);
  if (usual !== undefined) return usual;
  const written = body.toString('utf8', start + 1, end - 1);
  if (!written.includes('\\')) return written;
  const decoded: unknown = JSON.parse(`"${written}"`);
  return String(decoded);
}

/** What a server or a host made up: any key in it is content. */
const madeUp: ReadonlySet<string> = new Set(['arguments', 'structuredContent', 'data', 'input']);

export function isMadeUp(container: Container | undefined): boolean {
  for (let one = container; one?.parent; one = one.parent) if (typeof one.key === 'string' && madeUp.has(one.key)) return true;
  return false;
}

/** Members that say what the one beside them is, and those that hold it: {"name": "password", "value": "…"}. */
const naming: ReadonlySet<string> = new Set(['name', 'key', 'header', 'field']);
const holding: ReadonlySet<string> = new Set(['value', 'values', 'text']);

/**
 * The name of the member whose value a text is, or is among in a list; where that only says that it is a value, what the object around it is called. Empty where there
 * is none, and of a name itself. Where several stand beside it, a line each.
 */
export function memberNameOf({ kind, key, container }: Leaf): string {
  if (kind === 'key') return '';
  const { name, around } = nearest(key, container);
  if (around === undefined || !holding.has(name)) return lastOf(name);
  return around.named ?? lastOf(nearest(around.key, around.parent).name || name);
}

/** What stands right before the value. */
const lastOf = (name: string): string => (name.length > nameLength ? name.slice(-nameLength) : name);

/** The nearest name on the way out, where only lists stand between, and the object whose member has it. */
function nearest(
  key: string | number,
  within: Container | undefined,
): { readonly name: string; readonly around: Container | undefined } {
  let [name, around] = [key, within];
  while (typeof name === 'number' && around) [name, around] = [around.key, around.parent];
  return typeof name === 'number' ? { name: '', around: undefined } : { name, around };
}

/** Less of base64 can be a secret as it is. */
const pictureLength = 512;

/**
 * The bytes of an image, a sound, or a resource's blob (2025-11-25, ContentBlock and BlobResourceContents), where they are base64 and nothing else, not its
 * variant for URLs either: words can be written with its signs.
 */
function isPicture({ kind, key, container, text }: Leaf): boolean {
  if (text.length < pictureLength || kind !== 'string') return false;
  const isBinary = key === 'blob' || (key === 'data' && (container?.type === 'image' || container?.type === 'audio'));
  return isBinary && !isMadeUp(container) && !/[^A-Za-z0-9+/]/.test(text.slice(0, -2)) && /[A-Za-z0-9+/=]{2}$/.test(text);
}

/** Where a leaf stands, from the value that was walked; what a key could give away is not in it. */
export function pointerOf(leaf: Leaf): string {
  const steps: string[] = leaf.kind === 'key' ? [] : [stepOf(leaf.key)];
  let { container } = leaf;
  for (; container?.parent; container = container.parent) steps.unshift(stepOf(container.key));
  return container === undefined ? '' : steps.map((step) => `/${step}`).join('');
}

/** Names that people give to members, and no more: a key may be somebody's address, number or secret. */
function stepOf(key: string | number): string {
  if (typeof key === 'number') return String(key);
  const isName = /^[A-Za-z_$][A-Za-z_$-]{0,15}(?:[A-Za-z_$-]{0,15})\d{0,2}$/.test(key);
  return isName ? key : '?';
}
