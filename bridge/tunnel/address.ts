// Where a gateway's tunnel is. Plain ws only on loopback: everywhere else the connection must be encrypted and the gateway must prove its name.
import { isIP } from 'node:net';
import { Fault } from '#contract/error.ts';
import { tunnelPath } from '#contract/frame.ts';

/** The origin as both sides spell it, and the address to dial. Throws GATEWAY_UNREACHABLE where it is not https, or http on loopback. */
export function tunnelAt(gatewayOrigin: string): { readonly origin: string; readonly url: string } {
  const url = URL.parse(gatewayOrigin);
  const isSecure = url?.protocol === 'https:';
  if (url === null || !(isSecure || (url.protocol === 'http:' && isLoopback(url.hostname))))
    throw new Fault('GATEWAY_UNREACHABLE', { reason: 'its address must begin with https://' });
  return { origin: url.origin, url: `${isSecure ? 'wss' : 'ws'}://${url.host}${tunnelPath}` };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}
