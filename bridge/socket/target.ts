// Which gateway and server a shim asks for: only addresses of the gateway that the profile names are taken, so that nobody uses the shim to get elsewhere.
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';

export interface Target {
  readonly gateway: Slug;
  readonly server: Slug | undefined;
}

/** Throws PROFILE_FORBIDS for every other address. It is compared as text after parsing, so another spelling of the same place is refused as well. */
export function targetOf(address: string, gatewayUrl: string | undefined): Target {
  if (gatewayUrl === undefined) throw new Fault('PROFILE_FORBIDS', { what: 'any gateway: GatewayURL is not set' });
  const found = /^\/g\/([^/]+)(?:\/s\/([^/]+))?\/mcp$/.exec(
    address.startsWith(`${gatewayUrl}/`) ? address.slice(gatewayUrl.length) : '',
  );
  if (!found) throw new Fault('PROFILE_FORBIDS', { what: `the address ${shown(address)}: its gateway is ${gatewayUrl}` });
  const gateway = Slug.safeParse(found[1]);
  const server = Slug.optional().safeParse(found[2]);
  if (!gateway.success || !server.success) throw new Fault('PROFILE_FORBIDS', { what: `the address ${shown(address)}` });
  return { gateway: gateway.data, server: server.data };
}

/** Without what may hold a secret: credentials, query, fragment. */
function shown(address: string): string {
  if (!URL.canParse(address)) return '(not a URL)';
  const url = new URL(address);
  return `${url.origin}${url.pathname}`.slice(0, 200);
}
