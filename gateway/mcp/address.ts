// Where MCP is served: URL <-> gateway and server. An address is also the protected resource of RFC 9728 and the `resource` of RFC 8707,
// so what can't be told exactly is no address.
import { Slug } from '#contract/id.ts';

/** One MCP endpoint: `/g/<gateway>/mcp`, `/g/<gateway>/s/<server>/mcp`, `/mcp?gateway=<gateway>`, or `/mcp`, which is the gateway that the caller's token is for. */
export interface Address {
  readonly gateway: Slug | undefined;
  readonly server: Slug | undefined;
  /** Path and query as they are told to hosts. */
  readonly path: string;
}

const lockedPath = /^\/g\/([^/]+)(?:\/s\/([^/]+))?\/mcp$/;

/** The address that a path and query name, undefined where none is there. Other parameters of the query are not looked at. */
export function addressOf(url: string): Address | undefined {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path === '/mcp') return pickerAddress(mark < 0 ? '' : url.slice(mark + 1));
  const match = lockedPath.exec(path);
  if (!match) return undefined;
  const gateway = Slug.safeParse(match[1]);
  const server = match[2] === undefined ? undefined : Slug.safeParse(match[2]);
  if (!gateway.success || server?.success === false) return undefined;
  return { gateway: gateway.data, server: server?.data, path };
}

/** The address behind a `resource` parameter: an absolute URL of this site, with or without a slash at its end. */
export function addressOfResource(publicOrigin: string, resource: string): Address | undefined {
  const url = URL.parse(resource);
  if (url?.origin !== publicOrigin || url.hash !== '' || url.username !== '' || url.password !== '') return undefined;
  return addressOf(`${url.pathname.replace(/(?<=.)\/$/, '')}${url.search}`);
}

function pickerAddress(query: string): Address | undefined {
  const named = new URLSearchParams(query).getAll('gateway');
  if (named.length === 0) return { gateway: undefined, server: undefined, path: '/mcp' };
  const gateway = Slug.safeParse(named[0]);
  if (!gateway.success || named.length > 1) return undefined;
  return { gateway: gateway.data, server: undefined, path: `/mcp?gateway=${gateway.data}` };
}
