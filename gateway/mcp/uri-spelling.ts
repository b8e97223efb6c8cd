// One spelling for all that a server may take for the same URI (RFC 3986, 6.2.2 and 6.2.3): the case of scheme and authority, what is percent-encoded and need not be, dot
// segments, a default port, an empty path, query or fragment. The rule: it is only for finding out that two are alike, and rather takes two for one than one for two.

const decodedAtMost = 4;
const parts = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/is;
const defaultPort: Readonly<Record<string, RegExp>> = { http: /:(?:80)?$/, https: /:(?:443)?$/ };

export function canonicalUri(uri: string): string {
  const text = decoded(uri).normalize('NFC');
  const [, scheme, authority, path = '', query = ''] = parts.exec(text) ?? [];
  if (scheme === undefined) return text.split('#', 1)[0] ?? '';
  const kind = scheme.toLowerCase();
  const host = authority?.toLowerCase().replace(defaultPort[kind] ?? /:$/, '');
  const resolved = withoutDots(path);
  const place = host === undefined ? resolved : `//${host}${resolved === '/' ? '' : resolved}`;
  return `${kind}:${place}${query === '' ? '' : `?${query}`}`;
}

/** Also what is encoded more than once. */
function decoded(uri: string): string {
  let text = uri;
  for (let round = 0; round < decodedAtMost && text.includes('%'); round++) {
    try {
      text = decodeURIComponent(text);
    } catch {
      return text;
    }
  }
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
