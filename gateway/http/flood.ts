// Bounds what one address may begin in a minute where nobody knows yet who asks: each beginning is kept for a time. Of IPv6 that is one network of 64 bits, all of
// whose addresses belong to whoever has one.
import type { IncomingMessage } from 'node:http';
import { Fault } from '#contract/error.ts';
import { neighborsOf } from '../egress/address.ts';

const addressesAtMost = 10_000;

/** Throws TOO_OFTEN above the bound, and for new addresses where too many came within the minute. */
export function createFloodGate(deps: {
  perMinute: number;
  what: string;
  now: () => number;
  addressOf: (request: IncomingMessage) => string;
}): (request: IncomingMessage) => void {
  let minute = 0;
  const counts = new Map<string, number>();
  return (request) => {
    const at = deps.now();
    const current = Math.floor(at / 60_000);
    if (current !== minute) {
      minute = current;
      counts.clear();
    }
    const address = neighborsOf(deps.addressOf(request));
    const count = (counts.get(address) ?? 0) + 1;
    if (count > deps.perMinute || (count === 1 && counts.size >= addressesAtMost))
      throw new Fault('TOO_OFTEN', { what: deps.what, seconds: Math.ceil(((current + 1) * 60_000 - at) / 1000) });
    counts.set(address, count);
  };
}
