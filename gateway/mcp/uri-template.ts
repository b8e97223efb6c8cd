// Which URIs a URI template (RFC 6570) can expand to: levels 1 to 3 and lists, not the prefixes of level 4. Templates come from people and from
// servers, URIs from hosts: the time grows with the length of both and no faster. The rule: a URI matches only where each part is sure to be
// what its expression may yield, and dot segments, which a server may resolve to somewhere else, never are.

type Part =
  | { readonly kind: 'literal'; readonly text: string }
  /** A value that is not empty, or nothing at all where there is a lead, which stands before the value and goes away with it. */
  | { readonly kind: 'value'; readonly lead: string; readonly allowed: RegExp }
  /** `name=value` pairs of these names only. */
  | { readonly kind: 'pairs'; readonly lead: string; readonly between: string; readonly names: readonly string[] };
type Expression = Exclude<Part, { kind: 'literal' }>;
export type UriTemplate = readonly Part[];

/** With the five that hosts leave as they are, though RFC 6570 would have them encoded: they part nothing. */
const plain = /[A-Za-z0-9\-._~%,!'()*]/;
const plainPairs = /[A-Za-z0-9\-._~%,!'()*=]/;
const path = /[A-Za-z0-9\-._~%,!'()*/]/;
const pathPairs = /[A-Za-z0-9\-._~%,!'()*=/]/;
const reserved = /[A-Za-z0-9\-._~%:/?#[\]@!$&'()*+,;=]/;
/** A variable's name, and `*` where a list or a map becomes several values. */
const expressions = /^([+#./;?&]?)((?:[A-Za-z0-9_.%]+\*?)(?:,[A-Za-z0-9_.%]+\*?)*)$/;
const partLimit = 256;

/** Undefined where the text is no template that is understood here: it then matches nothing. */
export function parseTemplate(text: string): UriTemplate | undefined {
  const parts: Part[] = [];
  for (let at = 0; at < text.length && parts.length < partLimit;) {
    const open = text.indexOf('{', at);
    const literal = text.slice(at, open === -1 ? text.length : open);
    if (literal.includes('}')) return undefined;
    if (literal !== '') parts.push({ kind: 'literal', text: literal });
    if (open === -1) return parts;
    const close = text.indexOf('}', open);
    const part = close === -1 ? undefined : parseExpression(text.slice(open + 1, close));
    if (part === undefined) return undefined;
    parts.push(part);
    at = close + 1;
  }
  return parts.length < partLimit ? parts : undefined;
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

const matchLimit = 8192;

/** Whether the template can yield the URI. */
export function matchesTemplate(template: UriTemplate, uri: string): boolean {
  if (uri.length > matchLimit || hasDotSegment(uri)) return false;
  // Positions in the URI that the parts so far can end at.
  let ends: ReadonlySet<number> = new Set([0]);
  for (const part of template) {
    ends = after(part, ends, uri);
    if (ends.size === 0) return false;
  }
  return ends.has(uri.length);
}

function after(part: Part, starts: ReadonlySet<number>, uri: string): ReadonlySet<number> {
  if (part.kind === 'value') return afterValue(part, starts, uri);
  if (part.kind === 'pairs') return afterPairs(part, starts, uri);
  const { text } = part;
  return new Set([...starts].filter((start) => uri.startsWith(text, start)).map((start) => start + text.length));
}

function afterValue({ lead, allowed }: Extract<Part, { kind: 'value' }>, starts: ReadonlySet<number>, uri: string): Set<number> {
  const ends = new Set<number>(lead === '' ? [] : starts);
  let isInside = false;
  for (let at = Math.min(...starts); at < uri.length; at++) {
    const character = uri.charAt(at);
    const begins = starts.has(at) && (lead === '' ? allowed.test(character) : character === lead);
    isInside = begins || (isInside && allowed.test(character));
    if (isInside) ends.add(at + 1);
  }
  return ends;
}

function afterPairs(part: Extract<Part, { kind: 'pairs' }>, starts: ReadonlySet<number>, uri: string): Set<number> {
  const { lead, between, names } = part;
  const ends = new Set<number>(starts);
  /** Where a value begins, and where a name without one ends. */
  const values = new Set<number>();
  const bare = new Set<number>();
  let isInside = false;
  for (let at = Math.min(...starts); at < uri.length; at++) {
    const character = uri.charAt(at);
    isInside ||= values.has(at);
    if ((starts.has(at) && character === lead) || ((isInside || bare.has(at)) && character === between)) {
      for (const name of names) {
        const end = at + 1 + name.length;
        if (!uri.startsWith(name, at + 1)) continue;
        if (uri.charAt(end) === '=') {
          values.add(end + 1);
          ends.add(end + 1);
        } else if (lead === ';') {
          bare.add(end);
          ends.add(end);
        }
      }
    }
    isInside &&= plain.test(character);
    if (isInside) ends.add(at + 1);
  }
  return ends;
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
