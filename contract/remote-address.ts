// Addresses in a policy that the gateway server itself sends requests to, and what of its own network it may reach for them.
// The rule: nothing leaves this machine unencrypted, and no address holds a secret.
import { z } from 'zod';
import { isLoopback } from './gateway-origin.ts';

/** https; plain http only on the gateway's own machine. A secret has no place in it: it would stand in backups, plans and logs. */
export const RemoteUrl = z
  .string()
  .max(2048)
  .refine((text) => {
    const url = URL.parse(text);
    if (!url || url.username || url.password || url.hash) return false;
    return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  }, 'use an https URL without password and fragment (http only for 127.0.0.1, [::1] and localhost)');

const HostName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i);
const isNarrow = (bits: number) => (network: string) => Number(network.split('/')[1]) >= bits;
/** A host, an address or a network whose private addresses may be reached. No network holds all addresses: that would be no list any more. */
export const PrivateHost = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4().refine(isNarrow(8)), z.cidrv6().refine(isNarrow(7)), HostName],
  'use a host name, an IP address, or a network of at most /8 (IPv6: /7)',
);
