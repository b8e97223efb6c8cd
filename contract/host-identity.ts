// By what a host is known that calls or asks for a sign-in, and whether it is let in. It is the identity that somebody vouches for, never the name
// that a host gives itself: two hosts of one name are two.

/** What stands behind a host's identity. */
export type HostProof =
  /** A document at an https address of its domain. */
  | 'domain'
  /** Nobody: it registered itself. */
  | 'registration'
  /** A device that is enrolled says which of its hosts it is. */
  | 'device'
  /** An administrator: who listed it, made the token that it comes with, or wrote its service account into the policy. */
  | 'listed'
  | 'token'
  | 'agent'
  | 'service';
/** What an administrator decided of a host; `seen`: nothing. */
export type HostState = 'seen' | 'allowed' | 'blocked';
/** Who is let in of the hosts that no administrator knows. */
export type HostMode = 'open' | 'allow-list';

const prefixes = {
  'token:': 'token',
  'agent:': 'agent',
  'shim:': 'device',
  'service.': 'service',
  'https://': 'domain',
} as const;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** By the identity itself: a client id, or `token:`, `agent:` or `shim:` and the name that an administrator or a device gave. */
export function proofOfHost(id: string): HostProof {
  const known = Object.entries(prefixes).find(([prefix]) => id.startsWith(prefix));
  if (known) return known[1];
  return id === '' || uuid.test(id) ? 'registration' : 'listed';
}

/** Whether it says itself who vouches for it. */
export function isVouchedFor(id: string): boolean {
  return Object.keys(prefixes).some((prefix) => id.startsWith(prefix) && id !== prefix);
}

/** Whether it is turned away. Where only known ones are let in, those that an administrator named by hand are known. */
export function isHostRefused(id: string, state: HostState | undefined, mode: HostMode): boolean {
  if (state === 'blocked') return true;
  if (state === 'allowed' || mode === 'open') return false;
  const proof = proofOfHost(id);
  return proof === 'domain' || proof === 'registration' || proof === 'device';
}
