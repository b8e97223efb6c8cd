// Spellings by which all that a server may take for the same URI meet (RFC 3986, 6.2.2 and 6.2.3): the case of scheme and authority, what is percent-encoded and need not
// be, dot segments, a default port, an empty path, query or fragment; and what parsers of URLs take for one (WHATWG URL, 4.4): line breaks, blanks around it, `\` for `/`,
// several names of one host. The rule: it is only for finding out that two are alike, and rather takes two for one than one for two.

const decodedAtMost = 4;
const parts = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/is;
const defaultPort: Readonly<Record<string, RegExp>> = { http: /:(?:80)?$/, https: /:(?:443)?$/ };

/** Two URIs are alike where they have one of these in common: as it stands there, and as a parser of URLs has it, by which SDKs of servers look resources up. */
export function spellingsOf(uri: string): readonly string[] {
  const parsed = URL.parse(uri)?.href;
  return [canonical(uri), ...(parsed === undefined ? [] : [canonical(parsed)])];
}

function canonical(uri: string): string {
  const text = decoded(uri)
    .normalize('NFC')
    .replaceAll(/[\t\n\r]|^[\0-\x20]+|[\0-\x20]+$/g, '')
    .replaceAll('\\', '/');
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
  for (let round = 0; round < decodedAtMost && text.includes('%'); round++)
    text = text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString());
  return text;
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
