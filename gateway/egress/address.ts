// Which addresses the gateway may connect to, judged as numbers and never as text: a public one always, a private one where an administrator
// wrote it down, any other never. The rule: what is not known to be harmless is refused.
import ipaddr from 'ipaddr.js';

export type Address = ReturnType<typeof ipaddr.parse>;

/** Ranges that an administrator may allow. Link-local, where clouds answer with credentials, is not among them. */
const allowable: ReadonlySet<string> = new Set(['private', 'carrierGradeNat', 'uniqueLocal', 'loopback']);
/** Clouds' metadata services inside of such ranges. */
const metadata: ReadonlySet<string> = new Set(['100.100.100.200', 'fd00:ec2::254', 'fd20:ce::254']);
/** All of IPv6 that was given out as global unicast (RFC 4291 section 2.4; IANA). What lies outside of it, such as ::/96, leads nowhere good. */
const global = ipaddr.IPv6.parseCIDR('2000::/3');

/** What a connection is wanted for. */
export interface Wanted {
  /** The host as the URL names it, without brackets. */
  readonly host: string;
  readonly isEncrypted: boolean;
  /** Hosts, addresses and networks (CIDR) that may be private. */
  readonly allowPrivate: readonly string[];
}

/** Why this address may not be connected to; undefined where it may. `address` is one that `net.isIP` accepts. */
export function objection(address: string, wanted: Wanted): string | undefined {
  const parsed = parse(address);
  if (parsed === undefined) return 'its address is none';
  const range = parsed.range();
  if (!wanted.isEncrypted && range !== 'loopback') return 'it is not encrypted (https), and not on this machine';
  if (range === 'unicast') return parsed instanceof ipaddr.IPv6 && !parsed.match(global) ? 'its address is reserved' : undefined;
  if (!allowable.has(range) || metadata.has(parsed.toString())) return 'its address is one that nobody may allow';
  if (wanted.allowPrivate.some((entry) => covers(entry, wanted.host, parsed))) return undefined;
  return 'its address is private, and not one that the policy allows';
}

function covers(entry: string, host: string, address: Address): boolean {
  const network = networkOf(entry);
  if (network === undefined) return entry.toLowerCase() === host.toLowerCase();
  return network[0].kind() === address.kind() && address.match(network);
}

function networkOf(entry: string): [Address, number] | undefined {
  const [base = '', bits] = entry.split('/');
  const address = parse(base);
  if (address === undefined) return undefined;
  return [address, bits === undefined ? address.toByteArray().length * 8 : Number(bits)];
}

/** Who can be told apart by their address: of IPv6 its first 64 bits, of IPv4 the whole of it, however it is written. What is no address stays as it is. */
export function neighborsOf(address: string): string {
  const parsed = parse(address);
  if (parsed === undefined) return address;
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}

/** With IPv4 inside of IPv6 (::ffff:10.0.0.1) taken as what it is. */
function parse(text: string): Address | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined;
}
