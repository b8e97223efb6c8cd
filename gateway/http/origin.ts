// Is this request meant for this site? Host and Origin are checked before anything else of a request is believed, so that a page in a
// browser can't reach the gateway under another name (DNS rebinding) or from another origin.
import { type BlockList, isIP } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';
import { Fault } from '#contract/error.ts';

/** What is looked at of a request. */
export interface Asker {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}
export interface Site {
  /** Origin that hosts and bridges are told, e.g. `https://mcp.example.org`. */
  readonly publicOrigin: string;
  /** Values of the Host header that name this site, lower-case. */
  readonly hosts: ReadonlySet<string>;
  /** Values of the Origin header that may call it. */
  readonly origins: ReadonlySet<string>;
  /** Proxies whose X-Forwarded-* headers are believed. */
  readonly proxies: BlockList | undefined;
  /** Plain http on a network: only what comes through a trusted proxy is served. */
  readonly isProxyOnly: boolean;
}

const loopbackNames = ['127.0.0.1', 'localhost', '[::1]'];

export function describeSite(of: {
  publicOrigin: string;
  listen: { host: string; port: number; isSecure: boolean };
  allowedOrigins: readonly string[];
  proxies: BlockList | undefined;
}): Site {
  const { host, port, isSecure } = of.listen;
  const names = isLoopback(host) ? loopbackNames : [host.includes(':') ? `[${host}]` : host];
  const isDefaultPort = port === (isSecure ? 443 : 80);
  const url = new URL(of.publicOrigin);
  const known = url.port === '' ? [url.host, `${url.host}:${url.protocol === 'https:' ? 443 : 80}`] : [url.host];
  const own = names.flatMap((name) => (isDefaultPort ? [name, `${name}:${port}`] : [`${name}:${port}`]));
  return {
    publicOrigin: of.publicOrigin,
    hosts: new Set([...known, ...own].map((name) => name.toLowerCase())),
    origins: new Set([of.publicOrigin, ...of.allowedOrigins]),
    proxies: of.proxies,
    isProxyOnly: !isSecure && !isLoopback(host),
  };
}

/** Throws HOST_HEADER_FORBIDDEN, ORIGIN_FORBIDDEN or PLAINTEXT_FORBIDDEN. */
export function refuseForeign(site: Site, request: Asker): void {
  const forwarded = isFromProxy(site, request) ? request.headers : undefined;
  if (site.isProxyOnly && !forwarded && !isLoopback(request.socket.remoteAddress ?? '')) throw new Fault('PLAINTEXT_FORBIDDEN');
  if (last(forwarded?.['x-forwarded-proto'], 'https') !== 'https') throw new Fault('PLAINTEXT_FORBIDDEN');
  const host = last(forwarded?.['x-forwarded-host'], request.headers.host);
  if (host === undefined || !(site.hosts.has(host) || site.hosts.has(host.toLowerCase())))
    throw new Fault('HOST_HEADER_FORBIDDEN');
  const { origin } = request.headers;
  if (origin !== undefined && !site.origins.has(origin)) throw new Fault('ORIGIN_FORBIDDEN', { origin: origin.slice(0, 200) });
}

/** Where a request came from: its peer, or what a trusted proxy says of it (the nearest address that is not a trusted proxy itself). */
export function clientAddress(site: Site, request: Asker): string {
  const peer = request.socket.remoteAddress ?? '';
  const forwarded = isFromProxy(site, request) ? request.headers['x-forwarded-for'] : undefined;
  const hops = [forwarded ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((hop) => hop.trim());
  return hops.findLast((hop) => isIP(hop) !== 0 && !isListed(site.proxies, hop)) ?? peer;
}

/** `localhost` or an IP address of loopback. A name that only looks like one (127.example.org) is not. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain === 'localhost' || plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

/** IPv4 as IPv6 sockets spell it (`::ffff:10.0.0.1`) without its prefix. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}

function isFromProxy(site: Site, request: Asker): boolean {
  return site.proxies !== undefined && isListed(site.proxies, request.socket.remoteAddress ?? '');
}

function isListed(list: BlockList | undefined, address: string): boolean {
  const plain = plainAddress(address);
  const family = isIP(plain);
  return list !== undefined && family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

/** The value that the nearest proxy wrote: the last of a list. */
function last(header: string | string[] | undefined, otherwise: string): string;
function last(header: string | string[] | undefined, otherwise: string | undefined): string | undefined;
function last(header: string | string[] | undefined, otherwise: string | undefined): string | undefined {
  return header === undefined ? otherwise : [header].flat().join(',').split(',').at(-1)?.trim();
}
