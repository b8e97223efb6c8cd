// Where a gateway's tunnel is.
import { Fault } from '#contract/error.ts';
import { tunnelPath } from '#contract/frame.ts';
import { gatewayOriginOf } from '#contract/gateway-origin.ts';

/** The origin as both sides spell it, and the address to dial. Throws GATEWAY_UNREACHABLE where it is not https, or http on loopback. */
export function tunnelAt(gatewayOrigin: string): { readonly origin: string; readonly url: string } {
  const url = gatewayOriginOf(gatewayOrigin);
  if (url === undefined) throw new Fault('GATEWAY_UNREACHABLE', { reason: 'its address must begin with https://' });
  return { origin: url.origin, url: `${url.protocol === 'https:' ? 'wss' : 'ws'}://${url.host}${tunnelPath}` };
}
