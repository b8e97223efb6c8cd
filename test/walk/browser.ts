// A browser without a screen: follows redirects, keeps cookies by host and path as browsers do, reads forms from pages and sends them. No script runs in it,
// so what it gets done works without scripts.

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}
export interface Browser {
  /** The page at the end of the redirects, or the address that leads out of the sites that it may open. `from`: the site whose link it was. */
  open(url: string | URL, options?: { from?: string }): Promise<Page | Left>;
  /** Sends the page's form, as a click on `button` (name, value) would. */
  submit(page: Page, values: Readonly<Record<string, string>>, options?: { form?: number }): Promise<Page | Left>;
  /** Its cookies, all or those that it would send to an address, as `name=value`. */
  cookies(to?: URL): readonly string[];
  /** Another browser that somebody copied this one's cookies into. */
  copy(): Browser;
}
export interface Left {
  readonly left: URL;
}
interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

/** Where a site really is, for a test of one that stands behind a proxy: the proxy's own headers go with each request. */
export interface Behind {
  readonly site: string;
  readonly at: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `sites`: origins whose pages it opens; any other address ends the way. */
export function createBrowser(sites: readonly string[], start: readonly Cookie[] = [], behind?: Behind): Browser {
  const jar = new Map<string, Cookie>(start.map((cookie) => [keyOf(cookie), cookie]));

  /** `from`: the origins that led here; none where the person did. */
  async function go(url: URL, init: RequestInit, from: readonly string[], hops = 0): Promise<Page | Left> {
    if (!sites.includes(url.origin)) return { left: url };
    if (hops > 20) throw new Error(`it goes round in circles at ${url}`);
    const cookie = [...jar.values()].filter((each) => isSent(each, url)).map(({ name, value }) => `${name}=${value}`);
    const site = from.length === 0 ? 'none' : from.every((origin) => origin === url.origin) ? 'same-origin' : 'cross-site';
    const named = { accept: 'text/html', 'sec-fetch-site': site, ...init.headers };
    const headers = { ...named, ...(cookie.length > 0 ? { cookie: cookie.join('; ') } : {}) };
    const isBehind = behind?.site === url.origin;
    const where = isBehind ? new URL(`${url.pathname}${url.search}`, behind.at) : url;
    const sent = { ...headers, ...(isBehind ? behind.headers : {}) };
    const response = await fetch(where, { ...init, headers: sent, redirect: 'manual' });
    for (const text of response.headers.getSetCookie()) keep(text, url);
    const location = response.headers.get('location');
    if (location !== null && response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      return go(new URL(location, url), {}, from.length === 0 ? from : [...from, url.origin], hops + 1);
    }
    return { url, status: response.status, headers: response.headers, text: await response.text() };
  }

  function keep(text: string, url: URL): void {
    const [pair = '', ...attributes] = text.split(/;\s*/);
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    const attribute = (of: string) => attributes.find((each) => each.toLowerCase().startsWith(`${of}=`))?.slice(of.length + 1);
    const cookie = { host: url.hostname, path: attribute('path') ?? '/', name, value };
    const expires = attribute('expires');
    if (value === '' || (expires !== undefined && Date.parse(expires) < Date.now())) jar.delete(keyOf(cookie));
    else jar.set(keyOf(cookie), cookie);
  }

  return {
    open: (url, { from } = {}) => go(new URL(url), {}, from === undefined ? [] : [from]),
    submit(page, values, { form: index = 0 } = {}) {
      const form = [...page.text.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)][index];
      if (!form) throw new Error(`there is no form at ${page.url}: ${page.text}`);
      const attribute = (of: string, tag: string) => unescape(new RegExp(`\\b${of}="([^"]*)"`).exec(tag)?.[1] ?? '');
      const fields = [...(form[2] ?? '').matchAll(/<input\b[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [
        attribute('name', tag),
        attribute('value', tag),
      ]);
      const body = new URLSearchParams({ ...Object.fromEntries(fields), ...values });
      const action = new URL(attribute('action', form[1] ?? '') || page.url.href, page.url);
      if (attribute('method', form[1] ?? '').toLowerCase() !== 'post') {
        action.search = body.toString();
        return go(action, {}, [page.url.origin]);
      }
      const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: page.url.origin };
      return go(action, { method: 'POST', body, headers }, [page.url.origin]);
    },
    cookies: (to) =>
      [...jar.values()].filter((each) => to === undefined || isSent(each, to)).map(({ name, value }) => `${name}=${value}`),
    copy: () => createBrowser(sites, [...jar.values()], behind),
  };
}

const keyOf = ({ host, path, name }: Omit<Cookie, 'value'>): string => `${host} ${path} ${name}`;

function isSent({ host, path }: Cookie, { hostname, pathname }: URL): boolean {
  return host === hostname && (path === '/' || pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`));
}

function unescape(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

export function isPage(at: Page | Left): at is Page {
  return 'status' in at;
}

/** The page that it stands at; fails where the way led out. */
export function pageAt(at: Page | Left): Page {
  if (isPage(at)) return at;
  throw new Error(`the way led out to ${at.left}`);
}

/** Where the way led out; fails with the page's text where it did not. */
export function leftTo(at: Page | Left): URL {
  if (!isPage(at)) return at.left;
  throw new Error(`the way ended at ${at.url} (${at.status}): ${at.text.replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, ' ')}`);
}
