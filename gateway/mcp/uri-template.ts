// Which URIs a URI template (RFC 6570) can expand to: levels 1 to 3 and lists, not the prefixes of level 4. Templates come from people and from
// servers, URIs from hosts: the time grows with the length of both and no faster. The rule: a URI matches only where each part is sure to be
// what its expression may yield, and dot segments, which a server may resolve to somewhere else, never are.

type Part =
  | { readonly kind: 'literal'; readonly text: string }
  /** A value that is not empty, or nothing at all where there is a lead, which stands before the value and goes away with it. */
  | { readonly kind: 'value'; readonly lead: string; readonly allowed: Characters }
  /** `name=value` pairs of these names only, each once at most and in this order. */
  | { readonly kind: 'pairs'; readonly lead: string; readonly between: string; readonly names: readonly string[] };
type Expression = Exclude<Part, { kind: 'literal' }>;
export type UriTemplate = readonly Part[];

/** By character code, below 128: whether it is one of them. */
type Characters = Uint8Array;
const unreserved = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%';
/** With the five that hosts leave as they are, though RFC 6570 would have them encoded: they part nothing. */
const plain = charactersOf(`${unreserved},!'()*`);
const plainPairs = charactersOf(`${unreserved},!'()*=`);
const path = charactersOf(`${unreserved},!'()*/`);
const pathPairs = charactersOf(`${unreserved},!'()*=/`);
const reserved = charactersOf(`${unreserved}:/?#[]@!$&'()*+,;=`);

/** A variable's name, and `*` where a list or a map becomes several values. */
const expressions = /^([+#./;?&]?)((?:[A-Za-z0-9_.%]+\*?)(?:,[A-Za-z0-9_.%]+\*?)*)$/;
const textLimit = 2048;
const partLimit = 32;

/** Undefined where the text is no template that is understood here, or has more than 2048 characters or 32 parts: it then matches nothing. */
export function parseTemplate(text: string): UriTemplate | undefined {
  const parts: Part[] = [];
  if (text.length > textLimit) return undefined;
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('{', at);
    const literal = text.slice(at, open === -1 ? text.length : open);
    if (literal.includes('}')) return undefined;
    if (literal !== '') parts.push({ kind: 'literal', text: literal });
    if (open === -1) break;
    const close = text.indexOf('}', open);
    const part = close === -1 ? undefined : parseExpression(text.slice(open + 1, close));
    if (part === undefined) return undefined;
    parts.push(part);
    at = close + 1;
  }
  return parts.length <= partLimit ? parts : undefined;
}

function parseExpression(text: string): Expression | undefined {
  const [, operator = '', variables = ''] = expressions.exec(text) ?? [];
  if (variables === '') return undefined;
  const names = variables.split(',').map((name) => name.replace('*', ''));
  const isSpread = variables.includes('*');
  switch (operator) {
    case '+':
      return { kind: 'value', lead: '', allowed: reserved };
    case '#':
      return { kind: 'value', lead: '#', allowed: reserved };
    case '':
      return { kind: 'value', lead: '', allowed: isSpread ? plainPairs : plain };
    case '.':
      return { kind: 'value', lead: '.', allowed: isSpread ? plainPairs : plain };
    case '/':
      return { kind: 'value', lead: '/', allowed: isSpread ? pathPairs : path };
    default:
      // The keys of a map can be any: nobody could say which.
      return isSpread ? undefined : { kind: 'pairs', lead: operator, between: operator === '?' ? '&' : operator, names };
  }
}

/** Whether the template can yield the URI. */
export function matchesTemplate(template: UriTemplate, uri: string): boolean {
  if (uri.length > textLimit || hasDotSegment(uri)) return false;
  /** At each position of the URI: 1 where the parts so far can end. */
  let ends = new Uint8Array(uri.length + 1);
  ends[0] = 1;
  for (const part of template) {
    ends = after(part, ends, uri);
    if (!ends.includes(1)) return false;
  }
  return ends[uri.length] === 1;
}

function after(part: Part, starts: Uint8Array, uri: string): Uint8Array<ArrayBuffer> {
  if (part.kind === 'value') return afterValue(part, starts, uri);
  if (part.kind === 'pairs') return afterPairs(part, starts, uri);
  const { text } = part;
  const ends = new Uint8Array(starts.length);
  for (let at = 0; at + text.length <= uri.length; at++)
    if (starts[at] === 1 && uri.startsWith(text, at)) ends[at + text.length] = 1;
  return ends;
}

function afterValue(part: Extract<Part, { kind: 'value' }>, starts: Uint8Array, uri: string): Uint8Array<ArrayBuffer> {
  const { lead, allowed } = part;
  const ends = lead === '' ? new Uint8Array(starts.length) : Uint8Array.from(starts);
  let isInside = false;
  for (let at = 0; at < uri.length; at++) {
    const isAllowed = allowed[uri.charCodeAt(at)] === 1;
    const begins = starts[at] === 1 && (lead === '' ? isAllowed : uri[at] === lead);
    isInside = begins || (isInside && isAllowed);
    if (isInside) ends[at + 1] = 1;
  }
  return ends;
}

function afterPairs(part: Extract<Part, { kind: 'pairs' }>, starts: Uint8Array, uri: string): Uint8Array<ArrayBuffer> {
  const { lead, between, names } = part;
  /** Where a pair of the names so far can end: each is there once at most, and they come in their order (RFC 6570, 3.2.8). */
  const ends = new Uint8Array(starts.length);
  for (const name of names) {
    /** Where the value of this name begins, and where it ends without one. */
    const begins = new Uint8Array(starts.length);
    const found: number[] = [];
    for (let at = 0; at < uri.length; at++) {
      const isNext = (starts[at] === 1 && uri[at] === lead) || (ends[at] === 1 && uri[at] === between);
      if (!isNext || !uri.startsWith(name, at + 1)) continue;
      const end = at + 1 + name.length;
      if (uri[end] === '=') begins[end + 1] = 1;
      else if (lead === ';') found.push(end);
    }
    let isInside = false;
    for (let at = 0; at < begins.length; at++) {
      isInside = begins[at] === 1 || (isInside && plain[uri.charCodeAt(at - 1)] === 1);
      if (isInside) found.push(at);
    }
    for (const end of found) ends[end] = 1;
  }
  return ends.map((end, at) => (end === 1 || starts[at] === 1 ? 1 : 0));
}

function charactersOf(text: string): Characters {
  const characters = new Uint8Array(128);
  for (const character of text) characters[character.charCodeAt(0)] = 1;
  return characters;
}

/** A segment that is `.` or `..`, also where it is encoded, once or more often. A URI that can't be decoded counts as one that has such a segment. */
function hasDotSegment(uri: string): boolean {
  let text = uri;
  for (let round = 0; round < 4; round++) {
    if (/(?:^|[/\\:?#&=,;])\.\.?(?:$|[/\\?#&=,;])/.test(text)) return true;
    if (!text.includes('%')) return false;
    try {
      text = decodeURIComponent(text);
    } catch {
      return round === 0;
    }
  }
  return true;
}
