// Spellings by which all that a server may take for the same URI meet (RFC 3986, 6.2.2 and 6.2.3): the case of scheme and authority, what is percent-encoded and need not
// be, dot segments, a default port, an empty path, query or fragment; and what parsers of URLs take for one (WHATWG URL, 4.4): line breaks, blanks around it, `\` for `/`,
// several names of one host. The rule: it is only for finding out that two are alike, and rather takes two for one than one for two.

const decodedAtMost = 4;
const percent = 0x25;
const blank = 0x20;
const parts = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/is;
const defaultPort: Readonly<Record<string, RegExp>> = { http: /:(?:80)?$/, https: /:(?:443)?$/ };

/** Two URIs are alike where they have one of these in common: as it stands there, and as a parser of URLs has it, by which SDKs of servers look resources up. */
export function spellingsOf(uri: string): readonly string[] {
  const parsed = URL.parse(uri)?.href;
  return [canonical(uri), ...(parsed === undefined ? [] : [canonical(parsed)])];
}

function canonical(uri: string): string {
  const text = withoutBlanks(decoded(uri).normalize('NFC')).replaceAll('\\', '/');
  const [, scheme, authority, path = '', query = ''] = parts.exec(text) ?? [];
  if (scheme === undefined) return text.split('#', 1)[0] ?? '';
  const kind = scheme.toLowerCase();
  const host = authority?.toLowerCase().replace(defaultPort[kind] ?? /:$/, '');
  const resolved = withoutDots(path);
  const place = host === undefined ? resolved : `//${host}${resolved === '/' ? '' : resolved}`;
  return `${kind}:${place}${query === '' ? '' : `?${query}`}`;
}

/** Also what is encoded more than once. Bytes that are no UTF-8 hide nothing that stands beside them. */
function decoded(uri: string): string {
  let text = uri;
  for (let round = 0; round < decodedAtMost && text.includes('%'); round++) {
    const bytes = Buffer.from(text);
    let length = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] === percent ? 16 * digitAt(bytes, at + 1) + digitAt(bytes, at + 2) : Number.NaN;
      bytes[length++] = Number.isNaN(byte) ? (bytes[at] ?? 0) : byte;
      if (!Number.isNaN(byte)) at += 2;
    }
    text = bytes.toString('utf8', 0, length);
  }
  return text;
}

/** NaN where there is none. */
function digitAt(bytes: Buffer, at: number): number {
  const code = bytes[at] ?? 0;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  // In lower case.
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN;
}

/** Without what stands around it, and without line breaks wherever they are. A pattern for both would take the square of how many there are. */
function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text.charCodeAt(start) <= blank) start++;
  while (end > start && text.charCodeAt(end - 1) <= blank) end--;
  return text.slice(start, end).replaceAll(/[\t\n\r]/g, '');
}

function withoutDots(path: string): string {
  if (!path.includes('.')) return path;
  const kept: string[] = [];
  const segments = path.split('/');
  for (const [at, segment] of segments.entries()) {
    const isLast = at === segments.length - 1;
    if (segment === '..' && kept.length > 1) kept.pop();
    if (segment === '.' || segment === '..') {
      if (isLast) kept.push('');
    } else kept.push(segment);
  }
  return kept.join('/');
}
