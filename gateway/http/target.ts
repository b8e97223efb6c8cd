// What a request is for, as its first line says it: a path, or a whole address (absolute-form), which proxies write and every server has to take (RFC 9112, 3.2.2).
// The rule: everything behind the door reads a path, and an address of another site is refused whatever the Host header says.
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { Fault } from '#contract/error.ts';
import type { Site } from './origin.ts';

/** The site that a target names. */
export interface Named {
  readonly scheme: string;
  readonly authority: string;
}

const slash = 0x2f;
const absolute = /^(https?):\/\/([^/?#\\]*)(.*)$/is;

/** Makes the request's target a path with its query; undefined where it is one already, or is of no form that leads anywhere here. */
export function takeNamed(request: Pick<IncomingMessage, 'url'>): Named | undefined {
  const { url = '' } = request;
  if (url.charCodeAt(0) === slash) return undefined;
  const [, scheme, authority, rest] = absolute.exec(url) ?? [];
  if (scheme === undefined || authority === undefined || rest === undefined) return undefined;
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  return { scheme: scheme.toLowerCase(), authority: authority.toLowerCase() };
}

/** Throws HOST_HEADER_FORBIDDEN. Over plain http come only loopback and trusted proxies (origin.ts), whose client may have come by https. */
export function refuseElsewhere(site: Site, { socket }: Pick<IncomingMessage, 'socket'>, named: Named): void {
  if (socket instanceof TLSSocket && named.scheme !== 'https') throw new Fault('HOST_HEADER_FORBIDDEN');
  if (!site.hosts.has(named.authority)) throw new Fault('HOST_HEADER_FORBIDDEN');
}
