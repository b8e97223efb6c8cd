// Where a client may send a person back to, with a code in its hand. Exactly what it registered, and of loopback any port (RFC 8252 section 7.3);
// whatever a browser could run or read as something else than a page or an app is refused.

/** `app`: a scheme of an app's own. `loopback`: a program on the person's device. `web`: a site. */
export type RedirectKind = 'app' | 'loopback' | 'web';

const loopbackNames: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);
/** Schemes that run, read or send something by themselves. */
const forbiddenSchemes: ReadonlySet<string> = new Set(
  'about blob chrome chrome-extension data devtools file filesystem ftp ftps intent javascript mailto moz-extension ms-msdt search-ms sms ssh tel telnet vbscript view-source ws wss'
    .split(' ')
    .map((scheme) => `${scheme}:`),
);
const longestUri = 2000;

/** What kind of place this is, or why nobody may be sent there. */
export function kindOfRedirect(uri: string): RedirectKind | { readonly refused: string } {
  const url = URL.parse(uri);
  if (!url || uri.length > longestUri || /[\s\\*]|[^\x20-\x7e]/.test(uri)) return { refused: 'it is not a URL' };
  if (uri.includes('#')) return { refused: 'it has a fragment' };
  if (url.username !== '' || url.password !== '' || /^[^/]*\/\/[^/?]*@/.test(uri)) return { refused: 'it holds a user name' };
  const isLoopback = loopbackNames.has(url.hostname);
  if (url.protocol === 'https:') return isLoopback ? { refused: 'https on loopback has no certificate' } : 'web';
  if (url.protocol === 'http:') return isLoopback ? 'loopback' : { refused: 'plain http is for loopback only' };
  if (forbiddenSchemes.has(url.protocol)) return { refused: `the scheme ${url.protocol} is not for redirects` };
  return 'app';
}

/** A redirect as consent remembers it: of loopback without its port, which is another each time. */
export function withoutPort(uri: string): string {
  if (kindOfRedirect(uri) !== 'loopback') return uri;
  return uri.replace(/^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost)):\d+(?=[/?]|$)/i, '$1');
}
